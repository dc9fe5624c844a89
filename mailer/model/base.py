"""What all tables share: UTC times, states stored as their words, names for constraints."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData, String, TypeDecorator
from sqlmodel import Field, SQLModel


class Utc(TypeDecorator[datetime]):
    """A moment in UTC; naive datetimes are refused, SQLite's are given back their zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Word(TypeDecorator[StrEnum]):
    """A member of an enum, stored as its word: readable in the table, and no database type to migrate."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.enum(value)


class Row(SQLModel):
    """The base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def moment(*, index: bool = False) -> Any:
    """A column for a moment that is always known."""
    return Field(sa_type=Utc, index=index)


def maybe_moment(*, index: bool = False) -> Any:
    """A column for a moment that may not have come."""
    return Field(default=None, sa_type=Utc, nullable=True, index=index)


def word(enum: type[StrEnum], *, default: StrEnum | None = None, index: bool = False) -> Any:
    """A column for a state or kind."""
    given: dict[str, Any] = {} if default is None else {"default": default}
    return Field(**given, sa_type=Word(enum), index=index)
