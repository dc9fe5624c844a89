"""A [[test]] of a flow's file, or the --order FILE of a simulation: an order, what happens to it, what it is to get."""

import re
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailer.calendars import parse_span
from mailer.errors import InputError
from mailer.flows.definition import Case
from mailer.flows.events import EVENTS, SAME
from mailer.flows.form import Mistakes, Table, meant
from mailer.flows.lines import lines_of
from mailer.flows.values import NAMES

# What a passage can meet; those that a case must name whenever they happen stand first.
ALWAYS_TOLD = ("send", "hold", "skip", "exit")
WORDS = (*ALWAYS_TOLD, "refuse", "enter", "wait", "release", "finish")
# Beside what conditions read: where the customer lives, why nobody may write there, when somebody wrote last.
_OF_THE_ORDER = (*NAMES["order"], *NAMES["customer"], "province", "blocked", "written")
_EXPECTED = re.compile(rf"(?:(\d{{1,4}})d )?({'|'.join(WORDS)})(?: ([a-z][a-z0-9_]*))?")
_NUMBER = re.compile(r"#\d{1,3}")
_START = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Happening:
    """An Event so long after the start. `number` tells two parcels, delays or conversations apart."""

    after: timedelta
    kind: str
    number: int = 1
    data: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Expected:
    """A line of `expect`; without a day it may be any."""

    day: int | None
    word: str
    step: str


def parse_case(table: Table, *, whole_file: bool = False) -> Case:
    """The case of a table; its mistakes are kept with the table's."""
    table.only(("order", "events", "start") if whole_file else ("name", "order", "events", "expect", "start"))
    order = table.within("order")
    order.only(_OF_THE_ORDER)
    _check_values(order)
    for key, parse in (("events", parse_happening), ("expect", parse_expected)):
        for text in table.texts(key):
            try:
                parse(text)
            except ValueError as error:
                table.wrong(key, str(error))
    table.parsed("start", parse_start)
    return Case(
        name="" if whole_file else table.text("name", needed="say what it shows"),
        order=order.values,
        events=tuple(table.texts("events")),
        expect=tuple(table.texts("expect")),
        start=table.text("start"),
        line=table.mistakes.line(table.place),
    )


def read_case(source: str, text: str) -> Case:
    """The case of a file of its own. Raises InputError with every mistake."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(source, [f"it is not TOML: {error}"]) from None
    mistakes = Mistakes(lines_of(text))
    case = parse_case(Table(values, "", mistakes), whole_file=True)
    if not case.events:
        mistakes.add("events", 'events: nothing happens; write as in events = ["0d order.placed", "2d order.shipped"]')
    if problems := mistakes.told():
        raise InputError(source, problems)
    return case


def parse_happening(text: str) -> Happening:
    """An event as in `4d order.delivered`, `1d shipment.shipped #2` or `9d rating.received value=2`.

    Raises ValueError.
    """
    when, _, rest = text.strip().partition(" ")
    kind, *data = rest.split() or [""]
    kind = SAME.get(kind, kind)
    try:
        after = parse_span(when)
    except ValueError:
        raise ValueError(f'"{text}" has no time; write it as in "4d order.delivered"') from None
    if kind not in EVENTS:
        raise ValueError(f'"{text}": there is no event "{kind}"; {meant(kind, EVENTS)}')
    number = int(data.pop(0)[1:]) if data and _NUMBER.fullmatch(data[0]) else 1
    return Happening(after, kind, number, tuple(_datum(kind, word) for word in data))


def parse_expected(text: str) -> Expected:
    """What is to happen, as in `hold ask` or `9d send ask`. Raises ValueError."""
    match = _EXPECTED.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f'"{text}" is no outcome; write it as in "9d send ask" or "exit"; words are {", ".join(WORDS)}'
        )
    return Expected(int(match[1]) if match[1] else None, match[2], match[3] or "")


def parse_start(text: str) -> datetime:
    """The time on the recipient's wall at which a case begins, as in `2027-03-27 22:00`. Raises ValueError."""
    try:
        return datetime.strptime(text, _START)  # noqa: DTZ007 - a time on the wall
    except ValueError:
        raise ValueError(f'"{text}" is no start; write day and time as in "2027-03-27 22:00"') from None


def _datum(kind: str, word: str) -> tuple[str, Any]:
    name, equals, value = word.partition("=")
    if not equals or name not in EVENTS[kind].data:
        known = ", ".join(sorted(EVENTS[kind].data)) or "none"
        raise ValueError(f'"{word}" is no data of {kind}; write it as in value=2; there is {known}')
    if value in ("true", "false"):
        return name, value == "true"
    return name, int(value) if value.isdigit() else value


def _check_values(order: Table) -> None:
    """Texts, yes or no, and spans stand where they belong; a country that is a number would be no country."""
    for name in ("province", "blocked", "country", "language", "source", "number"):
        order.text(name)
    for name, default in {**NAMES["order"], **NAMES["customer"]}.items():
        if default is False and not isinstance(order.values.get(name, False), bool):
            order.wrong(name, "write true or false")
    for text in order.texts("written"):
        try:
            parse_span(text)
        except ValueError as error:
            order.wrong("written", str(error))
