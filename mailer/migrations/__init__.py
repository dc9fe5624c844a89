"""Is the schema what the code expects? Read `upgrade` first.

Migrations run at start, in one transaction under a lock, so that of many workers one does it and the others wait.
alembic is imported only when there is something to do.
"""

from mailer.migrations.upgrade import HEAD, readable, revision, upgrade

__all__ = ["HEAD", "readable", "revision", "upgrade"]
