"""May this mail go now? Asked in the transaction that claims it; the order of the questions is the policy."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.model import Delivery, Direction, Draft, Message, MessageState, Order
from mailer.rendering.facts import differences, order_facts


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


Verdict = Go | Withhold | Expire


@dataclass(frozen=True)
class Standing:
    """What the guard knows of a delivery."""

    expires_at: datetime | None
    newer_mail: bool = False
    changed_facts: tuple[str, ...] = ()


def judge(standing: Standing, now: datetime) -> Verdict:
    """The verdict on a delivery that is due."""
    if standing.expires_at is not None and now > standing.expires_at:
        return Expire("the relay did not take it in its time")
    if standing.newer_mail:
        return Withhold("the customer wrote again before it left")
    if standing.changed_facts:
        return Withhold(f"the facts changed before it left: {'; '.join(standing.changed_facts)}")
    return Go()


def standing_of(session: Session, delivery: Delivery) -> Standing:
    """Read what speaks for and against a delivery."""
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    if draft is None:
        return Standing(delivery.expires_at)
    return Standing(
        expires_at=delivery.expires_at,
        newer_mail=_newer_mail(session, draft),
        changed_facts=changed_facts(session, draft),
    )


def changed_facts(session: Session, draft: Draft) -> tuple[str, ...]:
    """What a draft rests on that is no longer so: a fact that it tells, or whose order it is (PRODUCT, rules 4, 5)."""
    order = session.get(Order, draft.order_id) if draft.order_id else None
    if order is not None and order.email != draft.recipient.casefold():
        return ("the order belongs to another address",)
    facts = order_facts(session, draft.order_id)
    return () if facts.fingerprint == draft.fingerprint else tuple(differences(draft.facts, facts))


def _newer_mail(session: Session, draft: Draft) -> bool:
    newer = select(Message.id).where(
        Message.conversation_id == draft.conversation_id,
        Message.direction == Direction.IN,
        Message.state != MessageState.AUTOMATED,
        col(Message.id) > draft.answers_id,
    )
    return session.exec(newer.limit(1)).first() is not None
