"""What became of the mails that were made from each template: how many were sent, and how often people wrote again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from mailer.model import Delivery, DeliveryState, Direction, Draft, FlowStep, Message, MessageState

PERIOD = timedelta(days=30)
# Who writes within this time was not helped.
AGAIN_WITHIN = timedelta(hours=72)
# Of fewer mails no rate is told.
FEWEST = 20
_Sent = tuple[str | None, datetime, datetime | None]
_LEFT = (DeliveryState.SENT, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


@dataclass(frozen=True)
class Use:
    """Of one template: mails sent in 30 days, those of them that can be judged, and those after which people wrote."""

    sent: int = 0
    judged: int = 0
    again: int = 0

    @property
    def again_rate(self) -> float | None:
        """The share of conversations in which somebody wrote within 72 hours; None when too few can be judged."""
        return self.again / self.judged if self.judged >= FEWEST else None


def use_of_templates(session: Session, *, now: datetime) -> dict[str, Use]:
    """Every template that a mail of the last 30 days was made from, by key."""
    found: dict[str, Use] = {}
    for template, settled_at, next_mail_at in (*_replies(session, now), *_flows(session, now)):
        known = found.get(key := key_of(template or ""), Use())
        judged = settled_at <= now - AGAIN_WITHIN
        again = judged and next_mail_at is not None and next_mail_at <= settled_at + AGAIN_WITHIN
        found[key] = Use(known.sent + 1, known.judged + judged, known.again + again)
    return found


def key_of(template: str) -> str:
    """`storefronts/kids/replies/stock.en.md` is `replies/stock`; older rows hold the bare name of a reply."""
    path = template.split("/", 2)[2] if template.startswith("storefronts/") else template
    key = path.rsplit(".", 2)[0] if path.count(".") >= 2 else path
    return key if "/" in key else f"replies/{key}"


def _replies(session: Session, now: datetime) -> Iterable[_Sent]:
    wanted = _sent(now).add_columns(col(Draft.template)).join(Draft, col(Draft.id) == Delivery.draft_id)
    return _read(session, wanted)


def _flows(session: Session, now: datetime) -> Iterable[_Sent]:
    wanted = _sent(now).add_columns(col(FlowStep.template)).join(FlowStep, col(FlowStep.delivery_id) == Delivery.id)
    return _read(session, wanted)


def _sent(now: datetime) -> Select[Any, Any]:
    """When each mail left, and when the customer next wrote in its conversation."""
    ours = aliased(Message)
    next_mail = (
        select(func.min(col(Message.received_at)))
        .where(
            col(Message.conversation_id) == ours.conversation_id,
            col(Message.direction) == Direction.IN,
            col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
            col(Message.received_at) > col(Delivery.settled_at),
        )
        .correlate(ours, Delivery)
        .scalar_subquery()
    )
    return (
        select(col(Delivery.settled_at), next_mail)
        .join(ours, col(ours.id) == Delivery.message_id)
        .where(col(Delivery.state).in_(_LEFT), col(Delivery.settled_at) > now - PERIOD)
    )


def _read(session: Session, wanted: Select[Any, Any]) -> Iterable[_Sent]:
    return [(template, settled_at, next_at) for settled_at, next_at, template in session.execute(wanted)]
