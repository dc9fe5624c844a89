"""alembic's entry: migrate over the connection, and in the transaction, that `upgrade` opened."""

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from mailer.migrations.upgrade import of_models
from mailer.model import Row
from mailer.model.base import Utc, Word


def render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """A migration names plain column types, so that it still runs when our own types have changed."""
    if kind == "type" and isinstance(thing, Word | AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(thing, Utc):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_item=render,
    include_object=of_models,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
