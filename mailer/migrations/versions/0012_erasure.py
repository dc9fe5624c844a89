"""Exports, erasures and what is kept how long."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    pass
