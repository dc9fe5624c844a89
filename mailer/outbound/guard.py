"""May this mail go now? Asked in the transaction that claims it; the order of the questions is the policy."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.model import Delivery, Direction, Draft, Message, MessageState, Order, SendAnyway
from mailer.outbound.hold import held_because
from mailer.outbound.suppress import suppressed
from mailer.rendering.facts import Subject, differences, read_facts


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


Verdict = Go | Withhold | Expire | Block | PutAside


@dataclass(frozen=True)
class Standing:
    """What the guard knows of a delivery."""

    expires_at: datetime | None
    newer_mail: bool = False
    changed_facts: tuple[str, ...] = ()
    held: str = ""
    suppressed: str = ""


def judge(standing: Standing, now: datetime) -> Verdict:
    """The verdict on a delivery that is due."""
    if standing.held:
        return PutAside(standing.held)
    if standing.expires_at is not None and now > standing.expires_at:
        return Expire("the relay did not take it in its time")
    if standing.newer_mail:
        return Withhold("the customer wrote again before it left")
    if standing.changed_facts:
        return Withhold(f"the facts changed before it left: {'; '.join(standing.changed_facts)}")
    if standing.suppressed:
        return Block(standing.suppressed)
    return Go()


def standing_of(session: Session, delivery: Delivery, *, now: datetime) -> Standing:
    """Read what speaks for and against a delivery."""
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


def changed_facts(session: Session, draft: Draft, *, now: datetime) -> tuple[str, ...]:
    """What a draft rests on that is no longer so: a fact that it tells, or whose order it is (PRODUCT, rules 4, 5)."""
    order = session.get(Order, draft.order_id) if draft.order_id else None
    if order is not None and order.email != draft.recipient.casefold():
        return ("the order belongs to another address",)
    # A draft from before `rests_on` was kept told of its order only.
    kept = {"order_id": draft.order_id, "paths": list(draft.facts), **draft.rests_on}
    facts = read_facts(session, Subject.of(kept), now=now).relevant(kept["paths"])
    return () if facts.fingerprint == draft.fingerprint else tuple(differences(draft.facts, facts))


def _newer_mail(session: Session, draft: Draft) -> bool:
    newer = select(Message.id).where(
        Message.conversation_id == draft.conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
        col(Message.id) > draft.answers_id,
    )
    return session.exec(newer.limit(1)).first() is not None
