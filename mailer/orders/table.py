"""A CSV file as lines with their numbers, put together to orders: what spreadsheets do to CSV is undone here."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TextIO

from pydantic import ValidationError

from mailer.errors import InputError
from mailer.model import number_key
from mailer.orders.source import BadOrder, OrderIn, mistakes_of, parse_moment

_DELIMITERS = ",;\t"
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Line:
    """One record of a table; `number` is the line of the file in which it begins, counted from 1."""

    number: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


def header_of(file: TextIO) -> list[str]:
    """The column names of a CSV file, without case. Raises InputError."""
    return next(_records(file))[1]


def lines_of(file: TextIO, columns: Sequence[str], required: Sequence[str]) -> Iterator[Line]:
    """The lines of a CSV file with the columns that we know. Raises InputError for a header that is wrong."""
    records = _records(file)
    header = next(records)[1]
    problems = _header_problems(header, columns, required)
    if problems:
        raise InputError("line 1", problems)
    places = {header.index(column): column for column in columns if column in header}
    for number, record in records:
        values = {places[at]: value.strip() for at, value in enumerate(record) if at in places and value.strip()}
        if values:
            yield Line(number, values)


def by_order(lines: Iterable[Line], column: str) -> Iterator[list[Line] | BadOrder]:
    """The lines of each order together, also when a spreadsheet has sorted them apart."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        key = number_key(line[column])
        if key:
            groups.setdefault(key, []).append(line)
        else:
            yield BadOrder("", (f"line {line.number}: {column}: missing",))
    yield from groups.values()


def first(lines: Sequence[Line], column: str) -> str:
    """What the first line that says something says."""
    return next((line[column] for line in lines if line[column]), "")


def newest_of(lines: Sequence[Line], columns: Iterable[str]) -> str | None:
    """The latest time in these columns: a file has no word for when the shop last changed an order."""
    moments = [moment for column in columns for line in lines if (moment := _moment(line[column]))]
    return max(moments).isoformat() if moments else None


def _moment(text: str) -> datetime | None:
    # What is no time is told as a mistake where it is read.
    with suppress(ValueError):
        return parse_moment(text)
    return None


def as_order(
    payload: dict[str, Any], lines: Sequence[Line], columns: Mapping[str, str], places: Mapping[str, Sequence[Line]]
) -> OrderIn | BadOrder:
    """The order, or its mistakes in the words of the file.

    `columns` names the column of each place in the payload; `places` holds the line of each entry of its lists.
    """
    try:
        return OrderIn.model_validate(payload)
    except ValidationError as error:
        said = [_in_the_file(place, text, lines[0], columns, places) for place, text in mistakes_of(error)]
        return BadOrder(str(payload.get("name", "")), tuple(said))


def _in_the_file(
    place: str, text: str, line: Line, columns: Mapping[str, str], places: Mapping[str, Sequence[Line]]
) -> str:
    index = _INDEX.search(place)
    entries = places.get(place.partition("[")[0], ())
    if index and int(index[1]) < len(entries):
        line = entries[int(index[1])]
    plain = _INDEX.sub("", place)
    return f"line {line.number}: {columns.get(plain, plain)}: {text}"


def _records(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Each record with its line number, the header first, in lower case and without byte order mark."""
    try:
        start = file.readline().removeprefix("\ufeff")
        if not start.strip():
            raise InputError("line 1", ["no column names; the first line must hold them"])
        delimiter = max(_DELIMITERS, key=start.count)
        yield 1, [name.strip().casefold() for name in next(csv.reader([start], delimiter=delimiter))]
        reader = csv.reader(file, delimiter=delimiter)
        number = 2
        for record in reader:
            yield number, record
            number = reader.line_num + 2
    except UnicodeDecodeError as error:
        raise InputError("file", [f"not UTF-8 ({error.reason}); save it as CSV UTF-8"]) from None
    except csv.Error as error:
        raise InputError("file", [f"not readable as CSV: {error}"]) from None


def _header_problems(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> list[str]:
    problems = [f"the column {column} is missing" for column in required if column not in header]
    problems += [f"the column {column} stands there twice" for column in columns if header.count(column) > 1]
    for name in header:
        likely = [] if name in columns else get_close_matches(name, columns, n=1, cutoff=0.8)
        if likely and likely[0] not in header:
            problems.append(f'there is no column "{name}". Did you mean {likely[0]}?')
    return problems
