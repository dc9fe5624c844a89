"""Search over all mails and notes: conversations, the newest first, with the words that were found; exact names on top.

Of a word that stands in very many mails, the newest of them are looked at, so that every question is answered at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import func, literal
from sqlalchemy import select as rows
from sqlmodel import Session, col, select

from mailer.insight import engine
from mailer.insight.entry import NOTES, key_of, key_of_note
from mailer.insight.exact import Exact, exact_hits, order_conversations
from mailer.insight.index import waiting
from mailer.insight.query import Query, parse
from mailer.insight.snippet import Marks, Piece, marks_of, snippet
from mailer.model import (
    Agent,
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Message,
    Note,
    Order,
    SearchEntry,
)

COUNTED = 1_000
PAGE = 25
_MOST_WAITING = 100_000
_STATES = {
    "open": (ConversationState.NEEDS_ANSWER, ConversationState.DRAFTED, ConversationState.NEEDS_PERSON),
    "waiting": (ConversationState.WAITING,),
    "closed": (ConversationState.CLOSED,),
}


# The lowest and the highest key of each kind, and where its rows are.
_SHELVES: Sequence[tuple[int, int, Any, Any]] = (
    (engine.LOWEST, NOTES - 1, Message, SearchEntry.message_id),
    (NOTES, engine.HIGHEST, Note, SearchEntry.note_id),
)


@dataclass(frozen=True)
class Found:
    """One mail or note that the question finds, under its key in the index."""

    key: int
    conversation_id: int
    received_at: datetime

    @property
    def is_note(self) -> bool:
        """Whether a colleague noted it."""
        return self.key >= NOTES

    @property
    def number(self) -> int:
        """Of the mail, or of the note."""
        return self.key - NOTES if self.is_note else abs(self.key)


@dataclass(frozen=True)
class Hit:
    """A conversation with a mail or note that was found: the newest one of it."""

    conversation_id: int
    # One of the two; of a note its author too.
    message_id: int | None
    note_id: int | None
    author: str
    subject: list[Piece]
    state: ConversationState
    customer_id: int
    customer: str
    order_id: int | None
    order_number: str
    at: datetime
    ours: bool
    words: list[Piece]
    # How many more mails and notes of this conversation were found.
    more: int
    more_notes: int


@dataclass(frozen=True)
class Answer:
    """What a question finds. `count` of mails and notes is exact unless `counted_out`."""

    query: Query
    exact: list[Exact] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    count: int = 0
    counted_out: bool = False
    # How many of `count` are notes.
    notes: int = 0
    # Only the newest mails with these words were asked for the rest of the question.
    newest_only: bool = False
    has_more: bool = False
    # What waits to be indexed and is not found yet.
    waiting: int = 0

    @property
    def asks_nothing(self) -> bool:
        """Whether no word, name or filter was typed."""
        return self.query.is_empty and not self.exact and not self.query.unread


def search(
    session: Session, asked: str, *, zone: tzinfo = UTC, typing: bool = False, page: int = 1, size: int = PAGE
) -> Answer:
    """Answer what somebody typed; days are those of `zone`."""
    query = parse(asked, zone, typing=typing)
    exact = exact_hits(session, asked)
    left = waiting(session, most=_MOST_WAITING)
    if query.is_empty:
        return Answer(query, exact, waiting=left)
    found, newest_only = find(session, query)
    groups = _grouped(found[:COUNTED])
    shown = groups[(page - 1) * size : page * size]
    return Answer(
        query=query,
        exact=exact,
        hits=list(_hits(session, shown, marks_of(query.wanted))),
        count=min(len(found), COUNTED),
        counted_out=len(found) > COUNTED,
        notes=sum(one.is_note for one in found[:COUNTED]),
        newest_only=newest_only,
        has_more=len(groups) > page * size,
        waiting=left,
    )


def find(session: Session, query: Query, *, limit: int = COUNTED + 1) -> tuple[list[Found], bool]:
    """What a question finds, the newest first, up to `limit`; and whether only the newest were asked."""
    parts = [_rows_of(session, query, *one, limit=limit) for one in _keys(session, query, limit)]
    both = [one for found, _ in parts for one in found]
    return _newest_first(both)[:limit], any(newest_only for _, newest_only in parts)


def _keys(session: Session, query: Query, limit: int) -> list[tuple[Any, Any, list[int], bool]]:
    """What the index says of mails and of notes, each with its table; and whether all were asked, or all are told."""
    if query.orders:
        return [(table, link, _of_orders(session, query, table), True) for _, _, table, link in _SHELVES]
    most = max(engine.ASKED_CLOSELY, limit) if query.states is not None else limit
    spans = [_bounds(session, query, low, high) for low, high, _, _ in _SHELVES]
    told = engine.find_each(session, query.clauses, spans, limit=most)
    return [
        (table, link, keys, all_asked and (query.states is None or len(keys) < most))
        for (_, _, table, link), (keys, all_asked) in zip(_SHELVES, told, strict=True)
    ]


def _rows_of(
    session: Session, query: Query, table: Any, link: Any, keys: Sequence[int], is_all: bool, *, limit: int
) -> tuple[list[Found], bool]:
    found: list[Found] = []
    for at in range(0, len(keys), limit):
        found += _rows(session, query, keys[at : at + limit], table, link)
        if len(found) >= limit:
            break
    return found[:limit], not is_all and len(found) < limit


def _bounds(session: Session, query: Query, low: int, high: int) -> tuple[int, int]:
    """The keys between which everything of these lies that was received in the time of the question."""
    entries = col(SearchEntry.id).between(low, high)
    if query.since:
        first = select(func.min(SearchEntry.id)).where(entries, col(SearchEntry.received_at) >= query.since)
        lowest = session.exec(first).one()
        low = high + 1 if lowest is None else lowest
    if query.until:
        last = select(func.max(SearchEntry.id)).where(entries, col(SearchEntry.received_at) < query.until)
        highest = session.exec(last).one()
        high = low - 1 if highest is None else highest
    return low, high


def _of_orders(session: Session, query: Query, table: Any) -> list[int]:
    """The keys of the mails or notes about the orders that the question names, as far as its words are in them."""
    named = [set(order_conversations(session, number)) for number in query.orders]
    talks = set.intersection(*named)
    if table is Note:
        notes = session.exec(select(Note.id).where(col(Note.conversation_id).in_(talks))).all()
        keys = [key_of_note(number or 0) for number in notes]
    else:
        mails = select(Message.id, Message.history).where(col(Message.conversation_id).in_(talks))
        keys = [key_of(number or 0, history=history) for number, history in session.exec(mails)]
    return engine.find_among(session, query.clauses, keys) if query.clauses else sorted(keys, reverse=True)


def _rows(session: Session, query: Query, keys: Sequence[int], table: Any, link: Any) -> list[Found]:
    """Of these those that are also in the right time and state, the newest first."""
    wanted = (
        select(SearchEntry.id, table.conversation_id, SearchEntry.received_at)
        .join(table, table.id == link)
        .where(col(SearchEntry.id).in_(keys))
    )
    if query.since:
        wanted = wanted.where(col(SearchEntry.received_at) >= query.since)
    if query.until:
        wanted = wanted.where(col(SearchEntry.received_at) < query.until)
    if query.states is not None:
        states = [state for name in query.states for state in _STATES[name]]
        wanted = wanted.join(Conversation, col(Conversation.id) == table.conversation_id)
        wanted = wanted.where(col(Conversation.state).in_(states))
    found = [Found(key, talk, at) for key, talk, at in session.exec(wanted)]
    return _newest_first(found)


def _newest_first(found: Sequence[Found]) -> list[Found]:
    return sorted(found, key=lambda one: (one.received_at, one.is_note, one.number), reverse=True)


def _grouped(found: Sequence[Found]) -> list[list[Found]]:
    """Mails by conversation, both the newest first."""
    groups: dict[int, list[Found]] = {}
    for one in found:
        groups.setdefault(one.conversation_id, []).append(one)
    return list(groups.values())


def _hits(session: Session, groups: Sequence[Sequence[Found]], marks: Marks) -> Iterator[Hit]:
    newest = [group[0] for group in groups]
    mails = _TOLD.where(col(Message.id).in_([one.number for one in newest if not one.is_note]))
    notes = _NOTED.where(col(Note.id).in_([one.number for one in newest if one.is_note]))
    told = {(False, row.number): row for row in session.execute(mails)}
    if any(one.is_note for one in newest):
        told |= {(True, row.number): row for row in session.execute(notes)}
    for group in groups:
        if row := told.get((group[0].is_note, group[0].number)):
            yield _hit(row, group[0], group[1:], marks)


def _hit(row: Any, found: Found, others: Sequence[Found], marks: Marks) -> Hit:
    words = snippet(row.own_words or row.text, marks)
    if not any(piece.found for piece in words) and row.own_words:
        # What was found stands in what the mail quotes.
        quoted = snippet(row.text, marks)
        words = quoted if any(piece.found for piece in quoted) else words
    notes = sum(one.is_note for one in others)
    return Hit(
        conversation_id=row.conversation_id,
        message_id=None if found.is_note else row.number,
        note_id=row.number if found.is_note else None,
        author=row.author,
        subject=snippet(row.subject or row.about, marks, width=120),
        state=row.state,
        customer_id=row.customer_id,
        customer=row.name or row.address,
        order_id=row.order_id,
        order_number=row.order_number or "",
        at=row.received_at,
        ours=row.direction is Direction.OUT,
        words=words,
        more=len(others) - notes,
        more_notes=notes,
    )


# What is told of the conversation of each.
_OF_CONVERSATION: Sequence[Any] = (
    col(Conversation.subject).label("about"),
    col(Conversation.state),
    col(Conversation.customer_id),
    col(Conversation.order_id),
    col(Customer.name),
    col(Customer.address),
    col(Order.number).label("order_number"),
)


def _with_conversation(wanted: Any, conversation_id: Any) -> Any:
    return (
        wanted.join(Conversation, col(Conversation.id) == conversation_id)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .outerjoin(Order, col(Order.id) == Conversation.order_id)
    )


# Columns by name: a mail has many that nobody looks at here.
_TOLD: Any = _with_conversation(
    rows(
        col(Message.id).label("number"),
        col(Message.conversation_id),
        col(Message.subject),
        col(Message.own_words),
        col(Message.text),
        col(Message.received_at),
        col(Message.direction),
        literal("").label("author"),
        *_OF_CONVERSATION,
    ),
    Message.conversation_id,
)
_NOTED: Any = _with_conversation(
    rows(
        col(Note.id).label("number"),
        col(Note.conversation_id),
        literal("").label("subject"),
        literal("").label("own_words"),
        col(Note.text),
        col(Note.written_at).label("received_at"),
        literal(None).label("direction"),
        col(Agent.name).label("author"),
        *_OF_CONVERSATION,
    ).join(Agent, col(Agent.id) == Note.agent_id),
    Note.conversation_id,
)
