"""Intents, facts, clocks and words."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("storefront", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("size_chart_url", sa.String(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("restock_on", sa.Date(), nullable=True),
        sa.Column("price", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("storefront", "sku", name=op.f("uq_product_storefront_sku")),
    )
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_changed_at"), ["changed_at"], unique=False)

    op.create_table(
        "shop_fact",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_shop_fact")),
    )
    op.create_table(
        "clock_pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clock_id", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["reply_clock.id"], name=op.f("fk_clock_pause_clock_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_pause")),
    )
    with op.batch_alter_table("clock_pause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clock_pause_clock_id"), ["clock_id"], unique=False)

    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("judged", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("classifier", sa.String(), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_correction_agent_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_correction_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
    )
    with op.batch_alter_table("correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_message_id"), ["message_id"], unique=False)

    with op.batch_alter_table("classification", schema=None) as batch_op:
        batch_op.add_column(sa.Column("intents", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("top", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("language", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("tracking_number", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.String(), nullable=False, server_default="normal"))
        batch_op.add_column(sa.Column("sentiment", sa.String(), nullable=False, server_default="neutral"))
        batch_op.add_column(sa.Column("entities", sa.JSON(), nullable=False, server_default="{}"))

    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rests_on", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("intents", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("made_from", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("holding", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("asks", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("before", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("wanted_locale", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("missing", sa.JSON(), nullable=False, server_default="[]"))

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_conversation_id_state", ["conversation_id", "state"], unique=False)

    with op.batch_alter_table("reply_clock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("limit_seconds", sa.Integer(), nullable=False, server_default="86400"))
        batch_op.add_column(sa.Column("calendar", sa.String(), nullable=False, server_default="always"))
        batch_op.add_column(sa.Column("paused_because", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True))
