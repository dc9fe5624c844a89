"""The index of words: what is to be indexed, what is, and the terms in each engine's own kind of table.

The triggers are the one path by which a mail gets into the index: whatever writes or changes one, in whatever room.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# What is looked for in a mail.
_OF_MESSAGE = "UPDATE OF subject, text, from_address, from_name, to_address, received_at, erased_at ON message"

_SQLITE = (
    # The terms hold no blanks; everything else of ASCII that they hold belongs to them.
    "CREATE VIRTUAL TABLE search_terms USING fts5"
    """(terms, content='', columnsize=0, tokenize="ascii tokenchars '@._%+-:*|'")""",
    # The terms as they were indexed, compressed: FTS5 wants to hear them again to forget them.
    "CREATE TABLE search_terms_packed (entry_id INTEGER PRIMARY KEY, packed BLOB NOT NULL)",
    "CREATE TRIGGER search_new_message AFTER INSERT ON message"
    " BEGIN INSERT INTO search_todo (message_id) VALUES (new.id); END",
    f"CREATE TRIGGER search_changed_message AFTER {_OF_MESSAGE}"  # noqa: S608  # a constant of this file
    " BEGIN INSERT INTO search_todo (message_id) VALUES (new.id); END",
    "CREATE TRIGGER search_new_classification AFTER INSERT ON classification"
    " BEGIN INSERT INTO search_todo (message_id) VALUES (new.message_id); END",
    "CREATE TRIGGER search_changed_classification AFTER UPDATE OF intent, language ON classification"
    " BEGIN INSERT INTO search_todo (message_id) VALUES (new.message_id); END",
)
_POSTGRES = (
    "CREATE TABLE search_terms (entry_id integer PRIMARY KEY REFERENCES search_entry (id) ON DELETE CASCADE,"
    " terms tsvector NOT NULL) WITH (toast_tuple_target = 8160)",
    # Read in place where it fits: unpacking costs more than comparing.
    "ALTER TABLE search_terms ALTER COLUMN terms SET STORAGE EXTERNAL",
    "CREATE INDEX ix_search_terms_terms ON search_terms USING gin (terms)",
    "CREATE FUNCTION search_todo_of_message() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN INSERT INTO search_todo (message_id) VALUES (NEW.id); RETURN NULL; END $$",
    "CREATE FUNCTION search_todo_of_classification() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN INSERT INTO search_todo (message_id) VALUES (NEW.message_id); RETURN NULL; END $$",
    f"CREATE TRIGGER search_message AFTER INSERT OR {_OF_MESSAGE}"
    " FOR EACH ROW EXECUTE FUNCTION search_todo_of_message()",
    "CREATE TRIGGER search_classification AFTER INSERT OR UPDATE OF intent, language ON classification"
    " FOR EACH ROW EXECUTE FUNCTION search_todo_of_classification()",
)


def upgrade() -> None:
    op.create_table(
        "search_todo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_search_todo_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_search_todo"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_search_todo_message_id", "search_todo", ["message_id"])
    op.create_table(
        "search_entry",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_search_entry_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_search_entry"),
    )
    op.create_index("ix_search_entry_received_at_id", "search_entry", ["received_at", "id"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(statement)
    # What is there already, the oldest first: the loop takes the highest numbers first.
    op.execute("INSERT INTO search_todo (message_id) SELECT id FROM message ORDER BY id")
