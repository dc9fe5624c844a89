"""What orders, mails and events learn.

Defaults are plain text: for an expression alembic would make the table anew, which SQLite refuses where rows refer to
it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("flow_key", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_conversation_flow_key"), ["flow_key"], unique=True)
        batch_op.create_index(batch_op.f("ix_conversation_order_id"), ["order_id"], unique=False)

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("enrollment_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_delivery_enrollment_id"), ["enrollment_id"], unique=False)

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("order_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("address", sa.String(), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_event_address"), ["address"], unique=False)
        batch_op.create_index("ix_event_order", ["order_id", "id"], unique=False)

    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("price", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("image_url", sa.String(), nullable=False, server_default=""))

    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("service", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("origin", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("first_expected_on", sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f("ix_shipment_tracking_number"), ["tracking_number"], unique=False)
    op.execute("UPDATE shipment SET heard_at = state_at")
    op.execute("UPDATE shipment SET delivered_at = state_at WHERE state = 'delivered'")

    with op.batch_alter_table("shop_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("province", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("promised_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("marketplace", sa.Boolean(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("watch_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_shop_order_watch_at"), ["watch_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_shop_order_external_id"), ["external_id"], unique=False)
