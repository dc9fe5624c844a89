"""Intake and outbox made trustworthy.."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    with op.batch_alter_table("alarm") as batch_op:
        batch_op.create_index(
            "uq_alarm_open",
            ["kind", "subject"],
            unique=True,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.create_table(
        "circuit",
        sa.Column("relay", sa.String(), nullable=False),
        sa.Column("connections", sa.Float(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("size_limit", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("relay", name="pk_circuit"),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("put_by", sa.String(), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hold"),
    )
    with op.batch_alter_table("hold") as batch_op:
        batch_op.create_index(
            "uq_hold_open",
            ["scope", "subject"],
            unique=True,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "pace",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_pace"),
    )
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
    )
    with op.batch_alter_table("suppression") as batch_op:
        batch_op.create_index("ix_suppression_address", ["address"])
        batch_op.create_index(
            "uq_suppression_open",
            ["address", "stream", "cause"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )

    op.create_table(
        "regrouping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("message_ids", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["conversation.id"], name="fk_regrouping_source_id"),
        sa.ForeignKeyConstraint(["target_id"], ["conversation.id"], name="fk_regrouping_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_regrouping"),
    )
    with op.batch_alter_table("regrouping") as batch_op:
        batch_op.create_index("ix_regrouping_source_id", ["source_id"])
        batch_op.create_index("ix_regrouping_target_id", ["target_id"])

    op.create_table(
        "automatic_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("stopped_by", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overruled_by", sa.Integer(), nullable=True),
        sa.Column("overruled_why", sa.Text(), nullable=False),
        sa.Column("overruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_automatic_answer_conversation_id"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_automatic_answer_delivery_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_automatic_answer_message_id"),
        sa.ForeignKeyConstraint(["overruled_by"], ["agent.id"], name="fk_automatic_answer_overruled_by"),
        sa.PrimaryKeyConstraint("id", name="pk_automatic_answer"),
        sa.UniqueConstraint("message_id", name="uq_automatic_answer_message_id"),
    )
    with op.batch_alter_table("automatic_answer") as batch_op:
        batch_op.create_index("ix_automatic_answer_address", ["address", "decided_at"])
        batch_op.create_index("ix_automatic_answer_conversation_id", ["conversation_id"])

    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("reported_message_id", sa.String(), nullable=False),
        sa.Column("returned_to", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_bounce_delivery_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_bounce_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bounce"),
        sa.UniqueConstraint("message_id", "recipient", name="uq_bounce_message_id_recipient"),
    )
    with op.batch_alter_table("bounce") as batch_op:
        batch_op.create_index("ix_bounce_address", ["address"])
        batch_op.create_index("ix_bounce_delivery_id", ["delivery_id"])
        batch_op.create_index("ix_bounce_state", ["state"])

    op.create_table(
        "complaint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("feedback_type", sa.String(), nullable=False),
        sa.Column("reported_message_id", sa.String(), nullable=False),
        sa.Column("returned_to", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_complaint_delivery_id"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_complaint_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_complaint"),
        sa.UniqueConstraint("message_id", name="uq_complaint_message_id"),
    )
    with op.batch_alter_table("complaint") as batch_op:
        batch_op.create_index("ix_complaint_address", ["address"])
        batch_op.create_index("ix_complaint_delivery_id", ["delivery_id"])
        batch_op.create_index("ix_complaint_state", ["state"])

    op.create_table(
        "send_anyway",
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("overruled", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name="fk_send_anyway_agent_id"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_send_anyway_delivery_id"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_send_anyway"),
    )
    with op.batch_alter_table("attempt") as batch_op:
        batch_op.add_column(sa.Column("cause", sa.String(), nullable=True))

    with op.batch_alter_table("conversation") as batch_op:
        batch_op.add_column(sa.Column("possibly_of", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("relay_key", sa.String(), nullable=True))
        batch_op.create_index("ix_conversation_relay_key", ["relay_key"])

    with op.batch_alter_table("delivery") as batch_op:
        batch_op.add_column(sa.Column("envelope_sender", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("deferrals", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("mailbox") as batch_op:
        batch_op.add_column(sa.Column("window_from_uid", sa.BigInteger(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("history_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("history_read_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reconciled_server", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reconciled_ours", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reconciled_fetched", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("reconcile_wanted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("sent_folder", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("sent_uidvalidity", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("sent_next_uid", sa.BigInteger(), nullable=False, server_default="1"))

    with op.batch_alter_table("message") as batch_op:
        batch_op.add_column(sa.Column("dmarc", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("warnings", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("defects", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("files", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("may_auto_answer", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("history", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("raw_mail") as batch_op:
        batch_op.add_column(sa.Column("history", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("partial", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("partial_sha256", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("whole_wanted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("tidied_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.alter_column("sha256", existing_type=sa.VARCHAR(), nullable=True)
    op.execute("UPDATE mailbox SET window_from_uid = next_uid")
