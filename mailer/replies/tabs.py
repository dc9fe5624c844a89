"""Which conversations stand in which tab of the queue, and in which order: a few indexed queries, whatever waits.

Where something is to be done in time the least time left comes first, along the index of the running clocks; elsewhere
the newest first. `lines` makes the rows that people read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal_column, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Delivery,
    Draft,
    DraftState,
    Message,
    OrderLine,
    Product,
    RawMail,
    RawMailState,
    ReplyClock,
)
from mailer.outbound.tray import in_tray, tray_count
from mailer.replies.refresh import NEEDS_FACTS


class Tab(StrEnum):
    """A part of the queue."""

    TO_APPROVE = "to_approve"  # a draft waits for a person
    NEEDS_FACTS = "needs_facts"  # an answer lacks facts that somebody can add
    NEEDS_PERSON = "needs_person"  # somebody has to write
    ON_ITS_WAY = "on_its_way"  # approved, and not yet with the relay
    WAITING = "waiting"  # we asked something; the customer is next
    SENT = "sent"  # answered
    FAILED = "failed"  # an answer failed, or nobody knows whether it arrived
    QUARANTINE = "quarantine"  # mails that could not be read
    CLOSED = "closed"  # nothing to answer
    SNOOZED = "snoozed"  # put aside; it comes back by itself


# Nothing is to be done in time in these: the newest comes first.
NEWEST_FIRST = frozenset({Tab.ON_ITS_WAY, Tab.WAITING, Tab.SENT, Tab.CLOSED, Tab.SNOOZED})
NOBODY = 0
# From so many on it is faster to go along the deadlines than to sort.
_MANY = 2_000


@dataclass(frozen=True)
class Filters:
    """What narrows a tab; what is empty narrows nothing. An assignee of NOBODY means those that are nobody's."""

    intent: str = ""
    language: str = ""
    product: str = ""
    storefront: str = ""
    assignee_id: int | None = None


EVERYTHING = Filters()


def counts(session: Session) -> dict[Tab, int]:
    """How many stand in each tab."""
    found: dict[Tab, int] = {
        tab: session.exec(select(func.count(col(Conversation.id))).where(in_tab(tab))).one()
        for tab in Tab
        if tab not in (Tab.FAILED, Tab.QUARANTINE)
    }
    found[Tab.FAILED] = tray_count(session)
    raw = select(func.count(col(RawMail.id))).where(RawMail.state == RawMailState.QUARANTINED)
    return {**found, Tab.QUARANTINE: session.exec(raw).one()}


def places(
    session: Session, tab: Tab, filters: Filters = EVERYTHING, *, limit: int, offset: int = 0
) -> dict[int, datetime | None]:
    """The conversations of a tab in their order, each with the moment at which its time is over."""
    here = and_(in_tab(tab), kept_by(filters))
    if tab in NEWEST_FIRST:
        return dict.fromkeys(_by_change(session, here, limit, offset, newest=True))
    found: dict[int, datetime | None] = dict(_by_deadline(session, here, limit, offset))
    if len(found) < limit:
        # Those without a deadline come last, the longest untouched first.
        passed = 0 if found or not offset else _with_deadline(session, here)
        rest = and_(here, ~_running_here().exists())
        skip = 0 if found else max(0, offset - passed)
        found |= dict.fromkeys(_by_change(session, rest, limit - len(found), skip, newest=False))
    return found


def following(session: Session, tab: Tab, filters: Filters, conversation_id: int, *, limit: int = 1) -> list[int]:
    """What comes after a conversation in this list, from the top again where nothing does; never itself."""
    here = and_(in_tab(tab), kept_by(filters), col(Conversation.id) != conversation_id)
    clock = None if tab in NEWEST_FIRST else _first_clock(session, conversation_id)
    found = [one for one, _ in _by_deadline(session, here, limit, 0, after=clock)] if clock else []
    if len(found) < limit:
        first = places(session, tab, filters, limit=limit + len(found) + 1)
        found += [one for one in first if one != conversation_id and one not in found]
    return found[:limit]


def in_tab(tab: Tab) -> ColumnElement[bool]:
    """Whether a conversation stands in a tab."""
    return _RULES[tab]()


def kept_by(filters: Filters) -> ColumnElement[bool]:
    """Whether a conversation passes the filters."""
    rules: list[ColumnElement[bool]] = []
    if filters.intent:
        wants = select(Message.conversation_id).join(Classification, col(Classification.message_id) == Message.id)
        rules.append(col(Conversation.id).in_(wants.where(Classification.intent == filters.intent)))
    if filters.language:
        rules.append(col(Conversation.language) == filters.language)
    if filters.storefront:
        rules.append(col(Conversation.storefront) == filters.storefront)
    if filters.product:
        rules.append(col(Conversation.order_id).in_(_orders_with(filters.product)))
    if filters.assignee_id is not None:
        whose = col(Conversation.assignee_id)
        rules.append(whose.is_(None) if filters.assignee_id == NOBODY else whose == filters.assignee_id)
    return and_(true(), *rules)


def languages(session: Session) -> list[str]:
    """The languages in which customers wrote, for choosing one."""
    found = session.exec(select(Conversation.language).where(col(Conversation.language).is_not(None)).distinct())
    return sorted(one for one in found if one)


def products(session: Session, *, limit: int = 300) -> list[str]:
    """The titles of what the shop sells, for choosing one."""
    return list(session.exec(select(Product.title).distinct().order_by(col(Product.title)).limit(limit)))


def _orders_with(product: str) -> Any:
    """The orders that hold a product of this sku, or of a title that begins so."""
    title = func.lower(col(OrderLine.title))
    begins = title.startswith(product.lower(), autoescape=True)
    return select(OrderLine.order_id).where(or_(col(OrderLine.sku) == product, begins))


def _by_deadline(
    session: Session, here: ColumnElement[bool], limit: int, offset: int, after: ReplyClock | None = None
) -> list[tuple[int, datetime]]:
    """A conversation stands where its first running clock ends."""
    query = select(ReplyClock.conversation_id, ReplyClock.due_at).where(_runs(ReplyClock))
    if _are_many(session, here):
        # Along the index of the running clocks, asking of each whether it belongs here: a page is soon full. As a join
        # SQLite would take all conversations of the tab and sort them.
        belongs = select(Conversation.id).where(col(Conversation.id) == ReplyClock.conversation_id, here)
        query = query.where(belongs.exists())
    else:
        query = query.join(Conversation, col(Conversation.id) == ReplyClock.conversation_id).where(here)
    query = query.where(_is_first()).order_by(col(ReplyClock.due_at), col(ReplyClock.id))
    if after is not None:
        due_at, place = col(ReplyClock.due_at), col(ReplyClock.id)
        later = or_(due_at > after.due_at, and_(due_at == after.due_at, place > after.id))
        query = query.where(due_at >= after.due_at, later)
    return list(session.exec(query.limit(limit).offset(offset)).all())


def _are_many(session: Session, here: ColumnElement[bool]) -> bool:
    some = select(Conversation.id).where(here).limit(_MANY).subquery()
    return session.exec(select(func.count()).select_from(some)).one() >= _MANY


def _by_change(session: Session, here: ColumnElement[bool], limit: int, offset: int, *, newest: bool) -> list[int]:
    changed, number = col(Conversation.updated_at), col(Conversation.id)
    order = (changed.desc(), number.desc()) if newest else (changed, number)
    query = select(Conversation.id).where(here).order_by(*order).limit(limit).offset(offset)
    return [one for one in session.exec(query) if one is not None]


def _with_deadline(session: Session, here: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(ReplyClock)
    query = query.join(Conversation, col(Conversation.id) == ReplyClock.conversation_id)
    return session.exec(query.where(_runs(ReplyClock), _is_first(), here)).one()


def _first_clock(session: Session, conversation_id: int) -> ReplyClock | None:
    mine = select(ReplyClock).where(ReplyClock.conversation_id == conversation_id, _runs(ReplyClock))
    return session.exec(mine.order_by(col(ReplyClock.due_at), col(ReplyClock.id)).limit(1)).first()


def _runs(clock: Any) -> ColumnElement[bool]:
    return and_(clock.stopped_at.is_(None), clock.paused_at.is_(None))


def _running_here() -> Any:
    return select(ReplyClock.id).where(ReplyClock.conversation_id == Conversation.id, _runs(ReplyClock))


def _is_first() -> ColumnElement[bool]:
    """No other running clock of the same conversation ends before it."""
    other = aliased(ReplyClock)
    before = or_(
        col(other.due_at) < col(ReplyClock.due_at),
        and_(col(other.due_at) == col(ReplyClock.due_at), col(other.id) < col(ReplyClock.id)),
    )
    earlier = select(other.id).where(other.conversation_id == ReplyClock.conversation_id, _runs(other), before)
    return ~earlier.exists()


def _pending() -> Any:
    # Written out: only so SQLite knows that the index of the pending drafts is enough.
    pending = col(Draft.state) == literal_column(f"'{DraftState.PENDING.value}'")
    return select(Draft.id).where(Draft.conversation_id == Conversation.id, pending)


def _says_facts() -> ColumnElement[bool]:
    return col(Conversation.reason).contains(NEEDS_FACTS)


def _asks() -> ColumnElement[bool]:
    """The last answer that was approved asks the customer for something."""
    later = aliased(Draft)
    newer = select(later.id).where(
        later.conversation_id == Draft.conversation_id,
        later.state == DraftState.APPROVED,
        col(later.id) > col(Draft.id),
    )
    asking = select(Draft.conversation_id).where(
        Draft.state == DraftState.APPROVED, col(Draft.asks).is_(True), ~newer.exists()
    )
    return col(Conversation.id).in_(asking)


def _troubled() -> ColumnElement[bool]:
    """It has deliveries that wait for a person."""
    stuck = select(Message.conversation_id).join(Delivery, col(Delivery.message_id) == Message.id)
    return col(Conversation.id).in_(stuck.where(in_tray()))


def _in_state(state: ConversationState, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(col(Conversation.state) == state, *more)


def _is_awake() -> ColumnElement[bool]:
    return col(Conversation.snoozed_for).is_(None)


def _needs_facts() -> ColumnElement[bool]:
    drafted = _in_state(ConversationState.DRAFTED, _says_facts(), _pending().exists())
    return and_(_is_awake(), or_(_in_state(ConversationState.NEEDS_PERSON, _says_facts()), drafted))


_RULES: Mapping[Tab, Callable[[], ColumnElement[bool]]] = {
    Tab.TO_APPROVE: lambda: _in_state(ConversationState.DRAFTED, _pending().exists(), _is_awake()),
    Tab.NEEDS_FACTS: _needs_facts,
    Tab.NEEDS_PERSON: lambda: _in_state(ConversationState.NEEDS_PERSON, ~_says_facts(), _is_awake()),
    Tab.ON_ITS_WAY: lambda: _in_state(ConversationState.DRAFTED, ~_pending().exists(), ~_troubled()),
    Tab.WAITING: lambda: _in_state(ConversationState.WAITING, _asks()),
    Tab.SENT: lambda: _in_state(ConversationState.WAITING, ~_asks()),
    Tab.FAILED: _troubled,
    Tab.CLOSED: lambda: _in_state(ConversationState.CLOSED),
    Tab.QUARANTINE: false,
    Tab.SNOOZED: lambda: ~_is_awake(),
}
