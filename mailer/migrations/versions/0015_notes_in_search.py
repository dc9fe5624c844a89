"""Notes are found too: what search knows is of a mail or of a note."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TABLES = ("search_todo", "search_entry")
_SQLITE = (
    "CREATE TRIGGER search_new_note AFTER INSERT ON note BEGIN INSERT INTO search_todo (note_id) VALUES (new.id); END",
    "CREATE TRIGGER search_changed_note AFTER UPDATE OF text, deleted_at ON note"
    " BEGIN INSERT INTO search_todo (note_id) VALUES (new.id); END",
)
_POSTGRES = (
    "CREATE FUNCTION search_todo_of_note() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN INSERT INTO search_todo (note_id) VALUES (NEW.id); RETURN NULL; END $$",
    "CREATE TRIGGER search_note AFTER INSERT OR UPDATE OF text, deleted_at ON note"
    " FOR EACH ROW EXECUTE FUNCTION search_todo_of_note()",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # SQLite makes a table anew to change it, and looks through all triggers meanwhile.
    triggers = _of_search() if is_sqlite else {}
    for name in triggers:
        op.execute(f"DROP TRIGGER {name}")
    for table in _TABLES:
        kept = {"sqlite_autoincrement": True} if table == "search_todo" else {}
        with op.batch_alter_table(table, table_kwargs=kept) as batch_op:
            batch_op.alter_column("message_id", existing_type=sa.Integer(), nullable=True)
            batch_op.add_column(sa.Column("note_id", sa.Integer(), nullable=True))
            batch_op.create_foreign_key(f"fk_{table}_note_id", "note", ["note_id"], ["id"])
    op.create_index("ix_search_todo_note_id", "search_todo", ["note_id"])
    for statement in (*triggers.values(), *(_SQLITE if is_sqlite else _POSTGRES)):
        op.execute(statement)
    op.execute("INSERT INTO search_todo (note_id) SELECT id FROM note WHERE text <> '' AND deleted_at IS NULL")


def _of_search() -> dict[str, str]:
    """The triggers of 0009 by name, with the words that make them."""
    asked = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'search_%'")
    return {name: words for name, words in op.get_bind().execute(asked)}
