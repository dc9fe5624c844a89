"""What somebody typed, as clauses of terms. Nothing that can be typed is an error; what was not understood is told."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from mailer.insight.entry import ALL, FROM, INTENT, LANGUAGE, NOTE, OURS, SUBJECT, THEIRS, TO, label
from mailer.insight.words import ADDRESS, LONGEST, is_run, plain, terms

_MOST_CLAUSES = 24
_MOST_LETTERS = 500
# A shorter beginning of a word is taken as the word.
_SHORTEST_BEGINNING = 2
_CHUNK = re.compile(
    r'(?P<no>-)?(?:(?P<field>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)(?P<end>"?)|(?P<word>[^\s"]+))(?P<star>\*)?'
)
_QUOTES = str.maketrans("“”„«»「」『』＂", '""""""""""')
_PARTS = {"subject": SUBJECT, "from": FROM, "to": TO}
STATES = ("open", "waiting", "closed")
_SIDES = {"ours": OURS, "theirs": THEIRS, "note": NOTE, "notes": NOTE}
_DATE = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2}))?)?|(?P<d2>\d{1,2})\.(?P<m2>\d{1,2})\.(?P<y2>\d{4})"
)


@dataclass(frozen=True)
class Clause:
    """Terms that follow each other; the last one may only be a beginning. `is_not`: mails without it."""

    terms: tuple[str, ...]
    begins: bool = False
    is_not: bool = False


@dataclass
class Query:
    """A question to the index. Every clause must hold."""

    text: str
    clauses: list[Clause] = field(default_factory=list)
    # The states of the conversation, as in STATES; None: any.
    states: set[str] | None = None
    orders: list[str] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None
    # What could not be read, in the words of whoever typed it: (kind, words).
    unread: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.clauses or self.states is not None or self.orders or self.since or self.until)

    @property
    def wanted(self) -> list[Clause]:
        """The clauses whose words are shown where they were found."""
        return [clause for clause in self.clauses if not clause.is_not]


def chunks(text: str) -> list[tuple[str, str]]:
    """The parts of a question as they were typed, each with the name of its filter ("" for words)."""
    known = {*_PARTS, *_FILTERS}
    found = ((str(one["field"] or "").lower(), one[0]) for one in _CHUNK.finditer(_said(text)))
    return [(name if name in known else "", whole) for name, whole in found]


def parse(text: str, zone: tzinfo, *, typing: bool = False) -> Query:
    """Read a question; days are those of `zone`. While somebody is typing, the last word is a beginning."""
    said = _said(text)
    query = Query(text)
    for found in list(_CHUNK.finditer(said))[:_MOST_CLAUSES]:
        last = typing and found.end() == len(said) and not found["end"]
        _take(query, found, zone, begins=bool(found["star"]) or last)
    return query


def _said(text: str) -> str:
    """One form of what people type on different keyboards."""
    return unicodedata.normalize("NFKC", text[:_MOST_LETTERS]).translate(_QUOTES)


def _take(query: Query, found: re.Match[str], zone: tzinfo, *, begins: bool) -> None:
    name, value = (found["field"] or "").lower(), found["phrase"] if found["word"] is None else found["word"]
    is_not = bool(found["no"])
    # `order_status*` and `order*` alike: the star may be part of the word already.
    begins, value = begins or value.endswith("*"), value.rstrip("*")
    if take := _FILTERS.get(name):
        take(query, value, zone, is_not)
        return
    mark = _PARTS.get(name, "")
    said = value if mark or not name else f"{name} {value}"
    if clause := clause_of(said, mark, begins=begins, is_not=is_not):
        query.clauses.append(clause)


def clause_of(said: str, mark: str = "", *, begins: bool = False, is_not: bool = False) -> Clause | None:
    """The terms of one word or phrase, an address in one piece; None when it holds no letter."""
    bare = plain(said).strip(" .,;<>()")
    if "@" in bare and ADDRESS.fullmatch(bare):
        return Clause((f"{mark}{bare}",), begins, is_not)
    found = terms(said)
    if not found:
        return None
    if is_run(found[-1]):
        # A run of one character may begin any pair; of a longer one the last character is in the pair before.
        alone = len(found) == 1 or not (is_run(found[-2]) and len(found[-2]) == 2)
        found, begins = (found, True) if alone else (found[:-1], False)
    else:
        begins = begins and _SHORTEST_BEGINNING <= len(found[-1]) < LONGEST
    return Clause(tuple(f"{mark}{term}" for term in found), begins, is_not)


def _state(query: Query, value: str, _: tzinfo, is_not: bool) -> None:
    name = value.lower()
    if side := _SIDES.get(name):
        query.clauses.append(Clause((side,), is_not=is_not))
    elif name in STATES:
        wanted = set(STATES) - {name} if is_not else {name}
        query.states = wanted if query.states is None else query.states & wanted
    else:
        query.unread.append(("state", value))


def _label(mark: str) -> Callable[[Query, str, tzinfo, bool], None]:
    def take(query: Query, value: str, _: tzinfo, is_not: bool) -> None:
        if term := label(mark, value):
            query.clauses.append(Clause((term,), is_not=is_not))

    return take


def _order(query: Query, value: str, _: tzinfo, is_not: bool) -> None:
    if is_not:
        query.unread.append(("order", value))
    elif value:
        query.orders.append(value)


def _since(query: Query, value: str, zone: tzinfo, is_not: bool) -> None:
    _bound(query, value, zone, since=not is_not)


def _until(query: Query, value: str, zone: tzinfo, is_not: bool) -> None:
    _bound(query, value, zone, since=is_not)


def _bound(query: Query, value: str, zone: tzinfo, *, since: bool) -> None:
    day = _day(value)
    if day is None:
        query.unread.append(("date", value))
        return
    at = datetime(day.year, day.month, day.day, tzinfo=zone)
    if since:
        query.since = max(query.since or at, at)
    else:
        query.until = min(query.until or at, at)


def _day(value: str) -> date | None:
    found = _DATE.fullmatch(value)
    if found is None:
        return None
    try:
        day = date(
            int(found["y"] or found["y2"]), int(found["m"] or found["m2"] or 1), int(found["d"] or found["d2"] or 1)
        )
    except ValueError:
        return None
    # Moments are counted in zones of both sides.
    return day if date.min + timedelta(days=2) < day < date.max - timedelta(days=2) else None


_FILTERS: dict[str, Callable[[Query, str, tzinfo, bool], None]] = {
    "is": _state,
    "in": _state,
    "lang": _label(LANGUAGE),
    "intent": _label(INTENT),
    "order": _order,
    "after": _since,
    "before": _until,
}


def or_all(clauses: list[Clause]) -> list[Clause]:
    """Clauses of which one at least says what is there: an index cannot answer "not this" alone."""
    return clauses if any(not clause.is_not for clause in clauses) else [Clause((ALL,)), *clauses]
