"""Mails that did not reach anybody and wait for a person: which they are, why, and what can be done about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from mailer.model import (
    Attempt,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Enrollment,
    FlowStep,
    Message,
)
from mailer.outbound.outcome import CASES, Cause

ENDED_BADLY = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.BOUNCED, DeliveryState.WITHHELD)
# A flow that does not send has its reason in the step; only what should have arrived and did not is in the tray.
_LOST = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.BOUNCED)
_NEEDS_CONSENT = ("feedback", "marketing")


class Way(StrEnum):
    """What a person can do about a delivery."""

    RETRY = "retry"  # try it now
    DECIDE = "decide"  # say whether it arrived
    EDIT = "edit"  # a new draft with its text
    ANYWAY = "anyway"  # overrule what stopped it, with a reason
    HOLD = "hold"  # let it lie
    RELEASE = "release"  # let it go
    CANCEL = "cancel"  # never send it
    GIVE_UP = "give_up"  # let it be


_WAYS: dict[DeliveryState, tuple[Way, ...]] = {
    DeliveryState.UNDOABLE: (Way.HOLD, Way.CANCEL),
    DeliveryState.QUEUED: (Way.RETRY, Way.HOLD, Way.CANCEL),
    DeliveryState.HELD: (Way.RELEASE, Way.ANYWAY, Way.CANCEL),
    DeliveryState.UNKNOWN: (Way.DECIDE,),
    DeliveryState.FAILED: (Way.RETRY, Way.EDIT, Way.GIVE_UP),
    DeliveryState.EXPIRED: (Way.RETRY, Way.EDIT, Way.GIVE_UP),
    DeliveryState.WITHHELD: (Way.ANYWAY, Way.EDIT, Way.GIVE_UP),
    DeliveryState.BOUNCED: (Way.EDIT, Way.GIVE_UP),
    DeliveryState.COMPLAINED: (Way.GIVE_UP,),
}


@dataclass(frozen=True)
class Entry:
    """One mail in the tray, with the last word of a server on it."""

    delivery: Delivery
    message: Message
    conversation: Conversation
    last: Attempt | None
    flow: str = ""
    step: str = ""

    @property
    def cause(self) -> str:
        """Why, in a sentence."""
        return _case_words(self.last)[0] if self.last and self.delivery.state in _BY_SERVER else self.delivery.reason

    @property
    def remedy(self) -> str:
        """What a person can do about the cause of a refusal; what to do about an unknown one its ways say."""
        return _case_words(self.last)[1] if self.last and self.delivery.state is DeliveryState.FAILED else ""

    @property
    def server_words(self) -> str:
        """What the server said; empty when no server was asked."""
        return self.last.server_words if self.last and self.delivery.state in _BY_SERVER else ""


# In these the last try says why; in the others our own reason does.
_BY_SERVER = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


def ways(delivery: Delivery) -> tuple[Way, ...]:
    """What can be done about it, the likeliest first."""
    offered = _WAYS.get(delivery.state, ())
    without: set[Way] = set()
    if delivery.draft_id is None:
        without.add(Way.EDIT)
    # Consent is the recipient's.
    if delivery.kind in _NEEDS_CONSENT:
        without.add(Way.ANYWAY)
    if delivery.given_up_at is not None:
        without.add(Way.GIVE_UP)
    return tuple(way for way in offered if way not in without)


def in_tray() -> Any:
    """The condition, where Delivery, Message and Conversation are joined.

    An unknown one always; a reply that ended badly while a person is to write and no later reply was tried; of flows
    what was lost.
    """
    newer, its_message = aliased(Delivery), aliased(Message)
    later = (
        select(newer.id)
        .join(its_message, col(its_message.id) == newer.message_id)
        .where(its_message.conversation_id == Conversation.id, newer.kind == "reply", col(newer.id) > col(Delivery.id))
    )
    of_reply = and_(
        col(Delivery.kind) == "reply",
        col(Delivery.state).in_(ENDED_BADLY),
        col(Conversation.state) == ConversationState.NEEDS_PERSON,
        ~later.exists(),
    )
    of_flow = and_(col(Delivery.kind).not_in(("reply", "test")), col(Delivery.state).in_(_LOST))
    unknown = col(Delivery.state) == DeliveryState.UNKNOWN
    looked_at = col(Delivery.state).in_((DeliveryState.UNKNOWN, *ENDED_BADLY))
    return and_(looked_at, col(Delivery.given_up_at).is_(None), or_(unknown, of_reply, of_flow))


def tray(session: Session, *, state: DeliveryState | None = None, limit: int = 50, offset: int = 0) -> list[Entry]:
    """What waits for a person, the newest first; or everything in one state, given up or not."""
    wanted = _joined(select(Delivery, Message, Conversation))
    wanted = wanted.where(in_tray() if state is None else col(Delivery.state) == state)
    rows = session.exec(wanted.order_by(col(Delivery.id).desc()).limit(limit).offset(offset)).all()
    return _entries(session, rows)


def tray_count(session: Session) -> int:
    """How many wait for a person."""
    found: int = session.exec(_joined(select(func.count(col(Delivery.id)))).where(in_tray())).one()
    return found


def tray_counts(session: Session, states: Sequence[DeliveryState]) -> dict[DeliveryState, int]:
    """How many deliveries are in each of these states."""
    grouped = select(Delivery.state, func.count()).where(col(Delivery.state).in_(states)).group_by(col(Delivery.state))
    found = {DeliveryState(state): count for state, count in session.exec(grouped)}
    return {**dict.fromkeys(states, 0), **found}


def _joined(query: Any) -> Any:
    return (
        query.select_from(Delivery)
        .join(Message, col(Message.id) == Delivery.message_id)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
    )


def _entries(session: Session, rows: Sequence[Any]) -> list[Entry]:
    ids = [delivery.id for delivery, _, _ in rows]
    tries = session.exec(select(Attempt).where(col(Attempt.delivery_id).in_(ids)).order_by(col(Attempt.number)))
    last = {attempt.delivery_id: attempt for attempt in tries}
    steps = (
        select(FlowStep.delivery_id, Enrollment.flow, FlowStep.step)
        .join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
        .where(col(FlowStep.delivery_id).in_(ids))
    )
    flows = {number: (flow, step) for number, flow, step in session.exec(steps)}
    return [
        Entry(delivery, message, talk, last.get(delivery.id or 0), *flows.get(delivery.id, ("", "")))
        for delivery, message, talk in rows
    ]


def _case_words(attempt: Attempt) -> tuple[str, str]:
    if attempt.outcome is None:
        return "The worker died while it handed the mail over.", ""
    case = CASES[Cause(attempt.cause)] if attempt.cause in set(Cause) else None
    return (case.words, case.remedy) if case else (attempt.server_words, "")
