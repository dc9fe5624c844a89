"""May this mail go now? Asked in the transaction that claims it; the order of the questions is the policy."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.model import Delivery, Direction, Draft, Message, MessageState, Order, SendAnyway
from mailer.outbound.hold import flow_held_because, held_because
from mailer.outbound.passage import WAITS, Passage, passage_of
from mailer.outbound.suppress import suppressed
from mailer.rendering.fact import Change, changes
from mailer.rendering.facts import Subject, read_facts

ANOTHERS = "the order belongs to another address"


@dataclass(frozen=True)
class Go:
    """Nothing speaks against it."""


@dataclass(frozen=True)
class Withhold:
    """It would be wrong by now; the conversation needs an answer again."""

    reason: str


@dataclass(frozen=True)
class Expire:
    """Its time is over."""

    reason: str


@dataclass(frozen=True)
class Block:
    """Nobody may write to this address, or not this; a person may send it anyway where that is lawful."""

    reason: str


@dataclass(frozen=True)
class PutAside:
    """A person holds what goes to this address."""

    reason: str


@dataclass(frozen=True)
class Wait:
    """Not before `until`; then all is asked again. For the mails of flows only: a reply never waits for them."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Redo:
    """What it says is no longer so; its flow decides that step anew."""

    reason: str


Verdict = Go | Withhold | Expire | Block | PutAside | Wait | Redo


@dataclass(frozen=True)
class Standing:
    """What the guard knows of a delivery."""

    expires_at: datetime | None
    newer_mail: bool = False
    changed_facts: tuple[str, ...] = ()
    held: str = ""
    suppressed: str = ""
    # Of a mail that a flow sends: what its passage says of it.
    passage: Passage | None = None


def judge(standing: Standing, now: datetime) -> Verdict:
    """The verdict on a delivery that is due."""
    if standing.held:
        return PutAside(standing.held)
    if standing.expires_at is not None and now > standing.expires_at:
        return Expire("the relay did not take it in its time")
    if standing.passage is not None and (verdict := _of_passage(standing.passage, standing.changed_facts)):
        return verdict
    if standing.newer_mail:
        return Withhold("the customer wrote again before it left")
    if standing.changed_facts:
        return Withhold(f"the facts changed before it left: {'; '.join(standing.changed_facts)}")
    return Block(standing.suppressed) if standing.suppressed else Go()


def _of_passage(passage: Passage, changed: tuple[str, ...]) -> Verdict | None:
    if passage.ended:
        return Withhold(f"its flow ended before it left: {passage.ended}")
    if passage.late:
        return Expire(passage.late)
    if passage.waits:
        return Wait(*passage.waits)
    if changed:
        return Redo(f"the facts changed before it left: {'; '.join(changed)}")
    return Block(passage.no_consent) if passage.no_consent else None


def standing_of(session: Session, delivery: Delivery, *, now: datetime, story: datetime | None = None) -> Standing:
    """Read what speaks for and against a delivery. `story` is the time in which flows live, where it is another."""
    if delivery.enrollment_id is not None:
        return _of_flow(session, delivery, now=story or now)
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    # Who sent it anyway overruled holds and suppressions, never newer mail and changed facts.
    overruled = session.get(SendAnyway, delivery.id) is not None
    return Standing(
        expires_at=delivery.expires_at,
        newer_mail=draft is not None and _newer_mail(session, draft),
        changed_facts=changed_facts(session, draft, now=now) if draft else (),
        held="" if overruled else held_because(session, delivery.recipient),
        suppressed="" if overruled else suppressed(session, delivery.recipient, delivery.kind) or "",
    )


def _of_flow(session: Session, delivery: Delivery, *, now: datetime) -> Standing:
    overruled = session.get(SendAnyway, delivery.id) is not None
    passage, changed = passage_of(session, delivery, now=now)
    return Standing(
        # While it waits for its flow, the relay's time does not run.
        expires_at=None if delivery.reason.startswith(WAITS) else delivery.expires_at,
        changed_facts=changed,
        held="" if overruled else _held(session, delivery),
        suppressed="" if overruled else suppressed(session, delivery.recipient, delivery.kind) or "",
        passage=passage,
    )


def _held(session: Session, delivery: Delivery) -> str:
    return held_because(session, delivery.recipient) or flow_held_because(session, delivery.enrollment_id or 0)


def changed_facts(session: Session, draft: Draft, *, now: datetime) -> tuple[str, ...]:
    """What a draft rests on that is no longer so: a fact that it tells, or whose order it is (PRODUCT, rules 4, 5)."""
    if is_anothers(session, draft):
        return (ANOTHERS,)
    return tuple(str(change) for change in fact_changes(session, draft, now=now))


def is_anothers(session: Session, draft: Draft) -> bool:
    """Whether the order that a draft tells of belongs to another address by now: nobody can agree to that."""
    order = session.get(Order, draft.order_id) if draft.order_id else None
    return order is not None and order.email != draft.recipient.casefold()


def fact_changes(session: Session, draft: Draft, *, now: datetime) -> list[Change]:
    """The facts of a draft that read otherwise now, each with both values."""
    # A draft from before `rests_on` was kept told of its order only.
    kept = {"order_id": draft.order_id, "paths": list(draft.facts), **draft.rests_on}
    facts = read_facts(session, Subject.of(kept), now=now).relevant(kept["paths"])
    return [] if facts.fingerprint == draft.fingerprint else changes(draft.facts, facts)


def _newer_mail(session: Session, draft: Draft) -> bool:
    newer = select(Message.id).where(
        Message.conversation_id == draft.conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
        col(Message.id) > draft.answers_id,
    )
    return session.exec(newer.limit(1)).first() is not None
