"""The lines of the queue as people read them: who wants what by when. A page of them is a fixed number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from mailer.model import (
    Agent,
    Classification,
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Draft,
    DraftState,
    Intent,
    Level,
    Message,
    MessageState,
    Order,
    RawMail,
    RawMailState,
    Snooze,
    in_precedence,
)
from mailer.replies.case import last_answers
from mailer.replies.tabs import EVERYTHING, Filters, Tab, places


@dataclass(frozen=True)
class Wanted:
    """One intent of the mails that wait, how sure we are of it, and the words that said so."""

    intent: Intent
    level: Level
    confidence: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """One line of the list."""

    conversation_id: int
    draft_id: int | None
    version: int | None
    state: ConversationState
    reason: str
    customer: str
    customer_name: str
    subject: str
    intent: str | None
    level: str | None
    # How many more wishes the mails hold, and whether it cannot wait: low, normal or high.
    more: int
    urgency: str
    order_number: str | None
    received_at: datetime | None
    due_at: datetime | None
    # Whose it is, when it is anybody's.
    assignee_id: int | None = None
    assignee: str = ""
    # What it waits for when it is put aside, and why it came back when it was.
    snoozed_for: Snooze | None = None
    snoozed_until: datetime | None = None
    woken_because: str = ""


def waiting(
    session: Session, tab: Tab, filters: Filters = EVERYTHING, *, limit: int = 50, offset: int = 0
) -> list[Waiting]:
    """A tab of the queue, the least time left first. Quarantine has no conversations: see `quarantined`."""
    return lines(session, places(session, tab, filters, limit=limit, offset=offset))


def quarantined(session: Session, *, limit: int = 50) -> list[RawMail]:
    """The mails that could not be read, the newest first."""
    stuck = select(RawMail).where(RawMail.state == RawMailState.QUARANTINED)
    return list(session.exec(stuck.order_by(col(RawMail.id).desc()).limit(limit)))


def lines(session: Session, wanted_places: Mapping[int, datetime | None]) -> list[Waiting]:
    """The lines of these conversations, in this order, each with its deadline."""
    ids = list(wanted_places)
    talks = _rows(session, ids)
    drafts = _pending(session, ids)
    judged = judgements(session, ids)
    received = _received(session, ids)
    return [
        _line(*talks[one], drafts.get(one), judged.get(one, []), received.get(one), wanted_places[one])
        for one in ids
        if one in talks
    ]


def judgements(session: Session, conversation_ids: Sequence[int]) -> dict[int, list[Classification]]:
    """On the mails of each that wait, the newest first; once all are answered, on the last one."""
    rows = session.exec(
        select(Message.conversation_id, Message.id, Classification)
        .join(Classification, col(Classification.message_id) == Message.id)
        .where(col(Message.conversation_id).in_(conversation_ids), Message.direction == Direction.IN)
        .order_by(col(Message.id).desc())
    ).all()
    answered = last_answers(session, conversation_ids)
    found: dict[int, list[Classification]] = {}
    for talk, message, judged in rows:
        # The first is the newest: it stays, whether it was answered or not.
        if talk not in found or (message or 0) > answered.get(talk, 0):
            found.setdefault(talk, []).append(judged)
    return found


def wanted(judged: Iterable[Classification]) -> list[Wanted]:
    """Every wish once, as the newest mail that has it says it: the sure ones first, in precedence."""
    found: dict[Intent, Wanted] = {}
    for one in judged:
        first = {"intent": one.intent, "level": one.level.value, "confidence": one.confidence}
        for wish in one.intents or [{**first, "evidence": one.evidence}]:
            level, evidence = Level(wish["level"]), tuple(wish.get("evidence", ()))
            said = Wanted(Intent(wish["intent"]), level, wish["confidence"], evidence)
            found.setdefault(said.intent, said)
    ranked = [found[intent] for intent in in_precedence(found)]
    return sorted(ranked, key=lambda one: one.level is Level.LOW or one.intent is Intent.OTHER)


Talk = tuple[Conversation, Customer, str | None, str | None]


def _rows(session: Session, ids: Sequence[int]) -> dict[int, Talk]:
    rows = session.exec(
        select(Conversation, Customer, Order.number, Agent.name)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .outerjoin(Order, col(Order.id) == Conversation.order_id)
        .outerjoin(Agent, col(Agent.id) == Conversation.assignee_id)
        .where(col(Conversation.id).in_(ids))
    )
    return {talk.id or 0: (talk, customer, number, name) for talk, customer, number, name in rows}


def _pending(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Id and version of the draft of each that waits."""
    rows = session.exec(
        select(Draft.conversation_id, Draft.id, Draft.version).where(
            col(Draft.conversation_id).in_(ids), Draft.state == DraftState.PENDING
        )
    )
    return {talk: (draft or 0, version) for talk, draft, version in rows}


def _received(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    """When the newest mail of a person came."""
    newest = select(func.max(Message.id)).where(col(Message.conversation_id).in_(ids), *_by_persons())
    rows = select(Message.conversation_id, Message.received_at).where(
        col(Message.id).in_(newest.group_by(col(Message.conversation_id)))
    )
    return {talk: at for talk, at in session.exec(rows)}


def _by_persons() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    machines = [MessageState.AUTOMATED, MessageState.FILED]
    return col(Message.direction) == Direction.IN, col(Message.state).not_in(machines)


def _line(
    talk: Conversation,
    customer: Customer,
    number: str | None,
    assignee: str | None,
    draft: tuple[int, int] | None,
    judged: Sequence[Classification],
    received_at: datetime | None,
    due_at: datetime | None,
) -> Waiting:
    wishes = wanted(judged)
    draft_id, version = draft or (None, None)
    return Waiting(
        conversation_id=talk.id or 0,
        draft_id=draft_id,
        version=version,
        state=talk.state,
        reason=talk.reason,
        customer=customer.address,
        customer_name=customer.name,
        subject=talk.subject,
        intent=wishes[0].intent.value if wishes else None,
        level=wishes[0].level.value if wishes else None,
        more=max(0, len(wishes) - 1),
        urgency="high" if any(one.urgency == "high" for one in judged) else "normal",
        order_number=number,
        received_at=received_at,
        due_at=due_at,
        assignee_id=talk.assignee_id,
        assignee=assignee or "",
        snoozed_for=talk.snoozed_for,
        snoozed_until=talk.snoozed_until,
        woken_because=talk.woken_because,
    )
