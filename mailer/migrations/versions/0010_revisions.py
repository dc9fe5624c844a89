"""Templates as published from the console."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "template_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_edition")),
    )
    op.create_table(
        "template_image",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("alt", sa.JSON(), nullable=False),
        sa.Column("inline", sa.Boolean(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name=op.f("fk_template_image_sha256")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["agent.id"], name=op.f("fk_template_image_uploaded_by")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_template_image")),
    )
    with op.batch_alter_table("template_image", schema=None) as batch_op:
        batch_op.create_index(
            "uq_template_image_name",
            ["name"],
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )

    op.create_table(
        "template_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("base_sha256", sa.String(), nullable=False),
        sa.Column("base_text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.Column("confirmed", sa.JSON(), nullable=False),
        sa.Column("retired_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["agent.id"], name=op.f("fk_template_revision_author_id")),
        sa.ForeignKeyConstraint(["published_by"], ["agent.id"], name=op.f("fk_template_revision_published_by")),
        sa.ForeignKeyConstraint(["retired_by"], ["agent.id"], name=op.f("fk_template_revision_retired_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_revision")),
        sa.UniqueConstraint("name", "number", name=op.f("uq_template_revision_name_number")),
    )
    with op.batch_alter_table("template_revision", schema=None) as batch_op:
        batch_op.create_index("ix_template_revision_state_name", ["state", "name"], unique=False)
        batch_op.create_index(
            "uq_template_revision_draft",
            ["name", "author_id"],
            unique=True,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        )
        batch_op.create_index(
            "uq_template_revision_published",
            ["name"],
            unique=True,
            sqlite_where=sa.text("state = 'published'"),
            postgresql_where=sa.text("state = 'published'"),
        )

    op.create_table(
        "comparison",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("control_id", sa.Integer(), nullable=True),
        sa.Column("control_sha256", sa.String(), nullable=False),
        sa.Column("challenger_id", sa.Integer(), nullable=False),
        sa.Column("challenger_sha256", sa.String(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("winner", sa.String(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["challenger_id"], ["template_revision.id"], name=op.f("fk_comparison_challenger_id")),
        sa.ForeignKeyConstraint(["control_id"], ["template_revision.id"], name=op.f("fk_comparison_control_id")),
        sa.ForeignKeyConstraint(["ended_by"], ["agent.id"], name=op.f("fk_comparison_ended_by")),
        sa.ForeignKeyConstraint(["started_by"], ["agent.id"], name=op.f("fk_comparison_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comparison")),
    )
    with op.batch_alter_table("comparison", schema=None) as batch_op:
        batch_op.create_index(
            "uq_comparison_running",
            ["name"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
