"""Search over all mails: conversations, the newest first, with the words that were found; exact names on top.

Of a word that stands in very many mails, the newest of them are looked at, so that every question is answered at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as rows
from sqlmodel import Session, col, select

from mailer.insight import engine
from mailer.insight.entry import key_of
from mailer.insight.exact import Exact, exact_hits, order_conversations
from mailer.insight.index import waiting
from mailer.insight.query import Query, parse
from mailer.insight.snippet import Marks, Piece, marks_of, snippet
from mailer.model import Conversation, ConversationState, Customer, Direction, Message, Order, SearchEntry

COUNTED = 1_000
PAGE = 25
_MOST_WAITING = 100_000
_STATES = {
    "open": (ConversationState.NEEDS_ANSWER, ConversationState.DRAFTED, ConversationState.NEEDS_PERSON),
    "waiting": (ConversationState.WAITING,),
    "closed": (ConversationState.CLOSED,),
}


@dataclass(frozen=True)
class Found:
    """One mail that the question finds."""

    message_id: int
    conversation_id: int
    received_at: datetime


@dataclass(frozen=True)
class Hit:
    """A conversation with a mail that was found: the newest one of it."""

    conversation_id: int
    message_id: int
    subject: list[Piece]
    state: ConversationState
    customer_id: int
    customer: str
    order_id: int | None
    order_number: str
    at: datetime
    ours: bool
    words: list[Piece]
    # How many more mails of this conversation were found.
    more: int


@dataclass(frozen=True)
class Answer:
    """What a question finds. `count` of mails is exact unless `counted_out`."""

    query: Query
    exact: list[Exact] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    count: int = 0
    counted_out: bool = False
    # Only the newest mails with these words were asked for the rest of the question.
    newest_only: bool = False
    has_more: bool = False
    # Mails that wait to be indexed and are not found yet.
    waiting: int = 0


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
        newest_only=newest_only,
        has_more=len(groups) > page * size,
        waiting=left,
    )


def find(session: Session, query: Query, *, limit: int = COUNTED + 1) -> tuple[list[Found], bool]:
    """The mails that a question finds, the newest first, up to `limit`; and whether only the newest were asked."""
    low, high = _bounds(session, query)
    asks_rows = query.states is not None
    most = max(engine.ASKED_CLOSELY, limit) if asks_rows else limit
    if query.orders:
        keys, all_asked = _of_orders(session, query), True
    else:
        keys, all_asked = engine.find(session, query.clauses, low=low, high=high, limit=most)
    found: list[Found] = []
    for at in range(0, len(keys), limit):
        found += _rows(session, query, keys[at : at + limit])
        if len(found) >= limit:
            break
    found = sorted(found, key=lambda one: (one.received_at, one.message_id), reverse=True)[:limit]
    not_all = not all_asked or (asks_rows and len(keys) == most)
    return found, not_all and len(found) < limit


def _bounds(session: Session, query: Query) -> tuple[int, int]:
    """The keys between which everything lies that was received in the time of the question."""
    low, high = engine.LOWEST, engine.HIGHEST
    if query.since:
        first = select(func.min(SearchEntry.id)).where(col(SearchEntry.received_at) >= query.since)
        lowest = session.exec(first).one()
        low = engine.HIGHEST if lowest is None else lowest
    if query.until:
        last = select(func.max(SearchEntry.id)).where(col(SearchEntry.received_at) < query.until)
        highest = session.exec(last).one()
        high = engine.LOWEST if highest is None else highest
    return low, high


def _of_orders(session: Session, query: Query) -> list[int]:
    """The keys of the mails of the orders that the question names, as far as its words are in them."""
    named = [set(order_conversations(session, number)) for number in query.orders]
    talks = set.intersection(*named)
    mails = select(Message.id, Message.history).where(col(Message.conversation_id).in_(talks))
    keys = [key_of(number or 0, history=history) for number, history in session.exec(mails)]
    return engine.find_among(session, query.clauses, keys) if query.clauses else sorted(keys, reverse=True)


def _rows(session: Session, query: Query, keys: Sequence[int]) -> list[Found]:
    """Of these mails those that are also in the right time and state."""
    wanted = (
        select(Message.id, Message.conversation_id, SearchEntry.received_at)
        .join(SearchEntry, col(SearchEntry.message_id) == Message.id)
        .where(col(SearchEntry.id).in_(keys))
    )
    if query.since:
        wanted = wanted.where(col(SearchEntry.received_at) >= query.since)
    if query.until:
        wanted = wanted.where(col(SearchEntry.received_at) < query.until)
    if query.states is not None:
        states = [state for name in query.states for state in _STATES[name]]
        wanted = wanted.join(Conversation, col(Conversation.id) == Message.conversation_id)
        wanted = wanted.where(col(Conversation.state).in_(states))
    return [Found(number or 0, talk, at) for number, talk, at in session.exec(wanted)]


def _grouped(found: Sequence[Found]) -> list[list[Found]]:
    """Mails by conversation, both the newest first."""
    groups: dict[int, list[Found]] = {}
    for one in found:
        groups.setdefault(one.conversation_id, []).append(one)
    return list(groups.values())


def _hits(session: Session, groups: Sequence[Sequence[Found]], marks: Marks) -> Iterator[Hit]:
    newest = [group[0] for group in groups]
    rows = session.execute(_TOLD.where(col(Message.id).in_([one.message_id for one in newest])))
    told = {row.message_id: row for row in rows}
    for group in groups:
        if row := told.get(group[0].message_id):
            yield _hit(row, marks, len(group) - 1)


def _hit(row: Any, marks: Marks, more: int) -> Hit:
    words = snippet(row.own_words or row.text, marks)
    if not any(piece.found for piece in words) and row.own_words:
        # What was found stands in what the mail quotes.
        quoted = snippet(row.text, marks)
        words = quoted if any(piece.found for piece in quoted) else words
    return Hit(
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        subject=snippet(row.subject or row.about, marks, width=120),
        state=row.state,
        customer_id=row.customer_id,
        customer=row.name or row.address,
        order_id=row.order_id,
        order_number=row.number or "",
        at=row.received_at,
        ours=row.direction is Direction.OUT,
        words=words,
        more=more,
    )


# Columns by name: a mail has many that nobody looks at here.
_TOLD: Any = (
    rows(
        col(Message.id).label("message_id"),
        col(Message.conversation_id),
        col(Message.subject),
        col(Message.own_words),
        col(Message.text),
        col(Message.received_at),
        col(Message.direction),
        col(Conversation.subject).label("about"),
        col(Conversation.state),
        col(Conversation.customer_id),
        col(Conversation.order_id),
        col(Customer.name),
        col(Customer.address),
        col(Order.number),
    )
    .join(Conversation, col(Conversation.id) == Message.conversation_id)
    .join(Customer, col(Customer.id) == Conversation.customer_id)
    .outerjoin(Order, col(Order.id) == Conversation.order_id)
)
