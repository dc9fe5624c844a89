"""What a person does to a delivery: try it now, cancel it, or send it although something speaks against it.

Holding and releasing stand in `hold`, the word on an unknown delivery in `unknown`.
"""

from datetime import datetime, timedelta

from sqlmodel import Session

from mailer.errors import Conflict, InputError
from mailer.model import Delivery, DeliveryState, SendAnyway
from mailer.outbound.guard import judge, standing_of
from mailer.outbound.hold import locked, release_delivery
from mailer.outbound.settle import again, cancel
from mailer.outbound.tray import Way, ways

_WAITING = (DeliveryState.UNDOABLE, DeliveryState.QUEUED, DeliveryState.HELD)
_ENDED = (DeliveryState.FAILED, DeliveryState.EXPIRED)
# Consent is the recipient's; no agent can give it for them.
_NEEDS_CONSENT = ("feedback", "marketing")


def retry(session: Session, delivery_id: int, *, agent: str, give_up_after: timedelta, now: datetime) -> None:
    """Try a waiting delivery now, or one that failed or expired once more. Raises Conflict, NotFound."""
    delivery = locked(session, delivery_id)
    if delivery.state == DeliveryState.QUEUED:
        delivery.next_attempt_at = now
    elif delivery.state in _ENDED:
        again(session, delivery, expires_at=now + give_up_after, now=now)
        delivery.reason = f"{agent} asked to try it again"
    else:
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}; {_instead(delivery)}")


def cancel_delivery(session: Session, delivery_id: int, *, agent: str, now: datetime) -> None:
    """Never send what waits; its conversation needs a person. Raises Conflict, NotFound."""
    delivery = locked(session, delivery_id)
    if delivery.state not in _WAITING:
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}; only what waits can be canceled")
    cancel(session, delivery, f"{agent} canceled our answer", now=now)


def send_anyway(
    session: Session, delivery_id: int, *, agent_id: int, reason: str, give_up_after: timedelta, now: datetime
) -> None:
    """Send what a suppression or a hold stopped; who and why is kept.

    Raises Conflict where it would be unlawful (consent is missing) or wrong (a newer mail, changed facts), InputError
    without a reason, NotFound.
    """
    if not reason.strip():
        raise InputError("reason", ["say why it is to go nevertheless; it is kept beside your name"])
    delivery = locked(session, delivery_id)
    if delivery.kind in _NEEDS_CONSENT:
        raise Conflict(f"delivery {delivery_id} is {delivery.kind}: without the recipient's consent nobody may send it")
    if delivery.state not in (DeliveryState.WITHHELD, DeliveryState.HELD):
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}; {_instead(delivery)}")
    overruled = _refuse_what_would_be_wrong(session, delivery, now)
    session.merge(
        SendAnyway(
            delivery_id=delivery_id, agent_id=agent_id, reason=reason.strip(), overruled=overruled, decided_at=now
        )
    )
    if delivery.state == DeliveryState.HELD:
        release_delivery(session, delivery_id, by=f"agent {agent_id}", now=now)
    else:
        again(session, delivery, expires_at=now + give_up_after, now=now)
    delivery.reason = f"sent anyway: {reason.strip()}"


def give_up(session: Session, delivery_id: int, *, agent: str, now: datetime) -> None:
    """Let be what did not arrive: it leaves the tray. Raises Conflict, NotFound."""
    delivery = locked(session, delivery_id)
    if Way.GIVE_UP not in ways(delivery):
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}; only what ended badly can be given up")
    delivery.given_up_at, delivery.given_up_by = now, agent


def _refuse_what_would_be_wrong(session: Session, delivery: Delivery, now: datetime) -> str:
    """What is overruled, in words. A newer mail and changed facts cannot be."""
    standing = standing_of(session, delivery, now=now)
    ended = standing.passage is not None and standing.passage.ended
    if standing.newer_mail or standing.changed_facts or ended:
        verdict = judge(standing, delivery.queued_at)
        why = getattr(verdict, "reason", "it is overtaken")
        raise Conflict(f"delivery {delivery.id} cannot be sent anyway: {why}; answer the conversation afresh")
    return standing.held or standing.suppressed or delivery.reason


def _instead(delivery: Delivery) -> str:
    ways = {
        DeliveryState.UNKNOWN: "`mailer outbox decide` says whether it arrived",
        DeliveryState.HELD: "`mailer outbox release` lets it go",
        DeliveryState.WITHHELD: "`mailer outbox send-anyway` sends it where that is lawful",
        DeliveryState.QUEUED: "it goes by itself, `mailer outbox retry` tries it now",
        DeliveryState.UNDOABLE: "it goes by itself in a moment",
    }
    return ways.get(delivery.state, "nothing can be done about it")
