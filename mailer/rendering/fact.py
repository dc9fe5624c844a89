"""What a fact is: a value with its source and time; and what facts of a draft are no longer so, in words."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

Value = str | int | bool | None


@dataclass(frozen=True)
class Fact:
    """One value, where it comes from, and when that said so."""

    path: str
    value: Value
    source: str
    at: datetime


@dataclass(frozen=True)
class Turn:
    """From this moment on the fact reads otherwise, though nobody told us anything: an offer ends, a date passes."""

    path: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """All facts of one draft, and when time alone will change some of them."""

    facts: tuple[Fact, ...] = ()
    turns: tuple[Turn, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when a value changes, and only then."""
        values = [(fact.path, fact.value) for fact in self.facts]
        return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()

    @property
    def until(self) -> datetime | None:
        """The first moment at which time alone changes one of them; None when none will."""
        return min((turn.at for turn in self.turns), default=None)

    def relevant(self, patterns: Iterable[str]) -> "Facts":
        """Those that a text rests on; `*` in a pattern stands for any place in a list, as in `parcels.*.state`."""
        wanted = {general(pattern) for pattern in patterns}
        return Facts(
            tuple(fact for fact in self.facts if general(fact.path) in wanted),
            tuple(turn for turn in self.turns if general(turn.path) in wanted),
        )

    def values(self) -> dict[str, Value]:
        """As a template reads them: path to value."""
        return {fact.path: fact.value for fact in self.facts}

    def stored(self) -> dict[str, Any]:
        """As a Draft keeps them: path to value, source and time."""
        return {
            fact.path: {"value": fact.value, "source": fact.source, "at": fact.at.isoformat()} for fact in self.facts
        }


@dataclass(frozen=True)
class Subject:
    """What a reply is about: facts read for the same subject at another time can be compared."""

    order_id: int | None = None
    product_ids: tuple[int, ...] = ()
    # The country that the customer asks about; without one, that of the order.
    country: str | None = None
    storefront: str = "main"
    language: str = "en"
    # Whose newest mail our promises count from.
    conversation_id: int | None = None
    # The parcel, the delay and the return that a mail of a flow tells of.
    shipment_id: int | None = None
    incident_id: int | None = None
    return_id: int | None = None

    def stored(self) -> dict[str, Any]:
        """As a Draft keeps it in `rests_on`."""
        return {**vars(self), "product_ids": list(self.product_ids)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The subject that a Draft keeps."""
        kept = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(**{**kept, "product_ids": tuple(kept.get("product_ids", ()))})


def rests_on(subject: Subject, patterns: Iterable[str], facts: Facts) -> dict[str, Any]:
    """What a Draft keeps to be able to read its facts again: the subject, the paths, and how long they hold."""
    paths = sorted({general(pattern) for pattern in patterns})
    until = facts.relevant(paths).until
    return {**subject.stored(), "paths": paths, "until": at_second(until) if until else None}


def at_second(moment: datetime) -> str:
    """A moment in one form for all, so that two of them compare as text."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Change:
    """A fact that was one thing when a text was written, and is another now."""

    path: str
    then: Value
    now: Value

    def __str__(self) -> str:
        return f"{self.path} was {said(self.then)}, is {said(self.now)}"


def changes(before: Mapping[str, Any], after: Facts) -> list[Change]:
    """What changed between the facts of a draft and the facts now."""
    now = after.values()
    then = {path: entry["value"] for path, entry in before.items()}
    paths = dict.fromkeys([*then, *now])
    return [Change(path, then.get(path), now.get(path)) for path in paths if then.get(path) != now.get(path)]


def differences(before: Mapping[str, Any], after: Facts) -> list[str]:
    """The same in words."""
    return [str(change) for change in changes(before, after)]


@lru_cache(maxsize=10_000)
def general(path: str) -> str:
    """The path with `*` for each place in a list."""
    return ".".join("*" if part.isdigit() else part for part in path.split("."))


def said(value: Value) -> str:
    """A value for reading."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value in (None, "") else str(value)
