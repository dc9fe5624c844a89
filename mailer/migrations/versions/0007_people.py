"""How each person sees the console."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(), nullable=False, server_default="en"))
        batch_op.add_column(sa.Column("zone", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("single_keys", sa.Boolean(), nullable=False, server_default=sa.true()))
