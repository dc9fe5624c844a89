"""The text of a draft for reading: each fact in it with its source and age, each gap as what it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.model import Draft
from mailer.rendering.marked import Mark, moved, of_stored
from mailer.replies.unresolved import Gap, gaps
from mailer.web.console.words import fact_name
from mailer.web.languages import N_

_BY_THE_MAIL = N_("the customer's mail")
_BY_US = N_("config.toml")


@dataclass(frozen=True)
class Source:
    """One fact that a piece of the text prints."""

    name: str
    value: str
    source: str
    at: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A piece of the text: plain, a chip with its number in the list, or a gap."""

    text: str
    number: int = 0
    sources: tuple[Source, ...] = ()
    is_gap: bool = False


def runs(draft: Draft) -> list[Run]:
    """The whole text of a draft, in pieces."""
    marks = moved(of_stored(draft.marks), draft.drafted or draft.text, draft.text)
    return list(_runs(draft.text, marks, gaps(draft.text, marks), draft.facts))


def plain_runs(text: str, marks: Sequence[Mark]) -> list[Run]:
    """A text that is no draft yet, in pieces: only its gaps are told apart."""
    return list(_runs(text, marks, gaps(text, marks), {}))


def chips(pieces: Sequence[Run]) -> list[Run]:
    """Those that are facts, for the list below the text."""
    return [one for one in pieces if one.sources]


def _runs(text: str, marks: Sequence[Mark], missing: Sequence[Gap], facts: Mapping[str, Any]) -> Iterator[Run]:
    places: list[Mark | Gap] = sorted([*marks, *missing], key=lambda one: one.start)
    at, number = 0, 0
    for place in places:
        sources = tuple(_sources(place.paths, facts)) if isinstance(place, Mark) else ()
        if place.start < at or (isinstance(place, Mark) and not sources):
            continue
        if place.start > at:
            yield Run(text[at : place.start])
        number += bool(sources)
        words = text[place.start : place.end]
        yield Run(words, number if sources else 0, sources, is_gap=isinstance(place, Gap))
        at = place.end
    if at < len(text):
        yield Run(text[at:])


def _sources(paths: Sequence[str], facts: Mapping[str, Any]) -> Iterator[Source]:
    for path in paths:
        if path in facts:
            kept = facts[path]
            yield Source(fact_name(path), str(kept["value"]), kept["source"], datetime.fromisoformat(kept["at"]))
        elif path.startswith("asked."):
            yield Source(fact_name(path.removeprefix("asked.")), "", _BY_THE_MAIL)
        elif path in ("shop.name", "agent.name"):
            yield Source(fact_name(path), "", _BY_US)
