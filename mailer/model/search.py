"""What search knows of mails and notes. Their terms lie in `search_terms`, a table of each engine's own kind (0009)."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from mailer.model.base import Row, moment


class SearchTodo(Row, table=True):
    """A mail or a note that is new or was changed; the database itself writes this row, whoever changed it."""

    __tablename__ = "search_todo"
    # A number is never given twice: a later one tells of a later change.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # read by sqlalchemy

    id: int | None = Field(default=None, primary_key=True)
    # One of the two.
    message_id: int | None = Field(default=None, foreign_key="message.id", index=True)
    note_id: int | None = Field(default=None, foreign_key="note.id", index=True)


class SearchEntry(Row, table=True):
    """What can be found, under a number that is higher for newer ones: a mail's id, of history its negative.

    Notes stand above all mails, in numbers of their own.
    """

    __tablename__ = "search_entry"
    __table_args__ = (Index("ix_search_entry_received_at_id", "received_at", "id"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    # One of the two.
    message_id: int | None = Field(default=None, foreign_key="message.id")
    note_id: int | None = Field(default=None, foreign_key="note.id")
    received_at: datetime = moment()
