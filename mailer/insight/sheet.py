"""What a report is: a table with its definition, and what it may be drawn as. Pure; pages and CSV read the same."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

Cell = str | int | float | date | None

# Below this, a share or a mean says more about chance than about us.
FEW = 5


@dataclass(frozen=True)
class Filters:
    """Which part of the shop's life: days in the shop's zone, both inclusive; "" is all of them."""

    first: date
    last: date
    zone: ZoneInfo
    language: str = ""
    country: str = ""
    intent: str = ""
    storefront: str = ""

    @property
    def begins(self) -> datetime:
        """The first moment of the first day."""
        return datetime.combine(self.first, datetime.min.time(), self.zone)

    @property
    def ends(self) -> datetime:
        """The first moment after the last day."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), self.zone)

    @property
    def days(self) -> list[date]:
        """Each day of it."""
        return [self.first + timedelta(days=count) for count in range((self.last - self.first).days + 1)]

    def day_of(self, at: datetime) -> date:
        """The day of a moment, as the shop counts days."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True)
class Column:
    """`kind` says how it is shown: "text", "count", "share" (0 to 1), "hours", "days", "number"."""

    name: str
    kind: str = "text"


@dataclass(frozen=True)
class Sheet:
    """One report. `drawn` names the columns of a chart over the first column; "" draws none, "bars" or "lines" do."""

    key: str
    title: str
    definition: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    chart: str = ""
    drawn: Sequence[str] = field(default_factory=tuple)


def as_csv(sheet: Sheet) -> str:
    """The table for a spreadsheet (RFC 4180); a cell that a spreadsheet would take for a formula is put in quotes."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.name for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue()


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def quantile(values: Sequence[float], wanted: float) -> float | None:
    """The smallest value that this share of them does not exceed; None for none."""
    if not values:
        return None
    ascending = sorted(values)
    return ascending[max(0, -int(-len(ascending) * wanted // 1) - 1)]


def hours(span: timedelta) -> float:
    """A span in hours."""
    return span.total_seconds() / 3600


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 4)
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
