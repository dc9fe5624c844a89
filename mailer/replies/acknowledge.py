"""Say at once that a first mail has arrived. Never an answer: the clock runs on, and a person still writes.

Each mail that is considered gets one AutomaticAnswer row: with a delivery it went, else with all that stopped it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Self

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    AutomaticAnswer,
    Blob,
    ClockKind,
    Conversation,
    Customer,
    Delivery,
    DeliveryState,
    Direction,
    Message,
    Route,
)
from mailer.outbound.compose import Attached, Letter, Within, compose
from mailer.outbound.outbox import Outgoing, enqueue
from mailer.rendering import attachment
from mailer.rendering.attachment import refuse_unfit, within
from mailer.rendering.catalog import Catalog
from mailer.rendering.picture import by_hash, hashes_in, said_plainly
from mailer.rendering.render import Rendered, render_reply, to_html
from mailer.replies.clocks import Clocks, Rule
from mailer.replies.loops import Asking, Sent, Switches, marks, stops
from mailer.replies.sender import is_known
from mailer.signing import Keys

log = structlog.get_logger()

KIND = "acknowledgement"
_BATCH = 50
# Later than that, it would rather confuse: an answer may be on its way.
_FRESH = timedelta(hours=1)
_WORTH_SENDING = timedelta(hours=4)
_DAY, _WEEK, _HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)
_NEVER_LEFT = (DeliveryState.CANCELED, DeliveryState.WITHHELD)


@dataclass(frozen=True)
class Office:
    """Who acknowledges, in which words, and under which stops."""

    sender_address: str
    sender_name: str
    shop: str
    language: str
    first_answer: Rule
    switches: Switches
    own: frozenset[str]
    catalog: Catalog
    keys: Keys

    @classmethod
    def of(cls, settings: Settings, keys: Keys, catalog: Catalog | None = None) -> Self:
        """As config.toml says."""
        return cls(
            settings.sender.address,
            settings.sender.name,
            settings.shop.name,
            settings.shop.language,
            Clocks.of(settings).rules[ClockKind.FIRST_ANSWER],
            Switches(**settings.replies.stops.model_dump()),
            frozenset(sender.address.lower() for sender in settings.senders.values()),
            catalog or Catalog(settings.rendering.templates),
            keys,
        )


async def acknowledge_waiting(db: Database, clock: Clock, office: Office) -> bool:
    """Consider a batch of fresh mails; False when there was none."""
    now = clock.now()
    waiting = await db.read(unconsidered, now=now)
    await db.run_each(lambda session, batch: acknowledge(session, batch, office=office, now=now), waiting, _set_aside)
    return bool(waiting)


def unconsidered(session: Session, *, now: datetime) -> list[int]:
    """Fresh mails of conversations that we never answered; mail from before the first connect is never among them."""
    answered = (
        select(Delivery.id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(
            Message.conversation_id == Conversation.id,
            Delivery.kind != KIND,
            col(Delivery.state).not_in(_NEVER_LEFT),
        )
        .correlate(Conversation)
        # Asked for each mail by itself: joined as a whole, PostgreSQL needs minutes while its statistics are of before.
        .offset(0)
    )
    considered = select(AutomaticAnswer.id).where(AutomaticAnswer.message_id == Message.id).correlate(Message)
    fresh = (
        select(Message.id)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(
            Message.direction == Direction.IN,
            col(Message.route).in_([Route.TRIAGE, Route.NONE]),
            col(Message.history).is_(False),
            Message.from_address != "",
            col(Message.received_at) > now - _FRESH,
            ~considered.exists(),
            ~answered.exists(),
        )
    )
    return [one for one in session.exec(fresh.order_by(col(Message.id)).limit(_BATCH)) if one is not None]


def acknowledge(session: Session, message_ids: Sequence[int], *, office: Office, now: datetime) -> None:
    """Acknowledge each mail, or note what stops it; a mail is considered once."""
    for message_id in message_ids:
        _consider(session, session.get_one(Message, message_id), office, now)


def acknowledge_anyway(
    session: Session, answer_id: int, *, office: Office, agent_id: int, reason: str, now: datetime
) -> int:
    """A person sends an acknowledgement that was stopped; its delivery. Raises Conflict, InputError, NotFound."""
    if not reason.strip():
        raise InputError("reason", ["say why it is to go nevertheless; it is kept beside your name"])
    answer = session.exec(select(AutomaticAnswer).where(AutomaticAnswer.id == answer_id).with_for_update()).first()
    if answer is None:
        raise NotFound(f"no mail was considered under the number {answer_id}")
    if answer.delivery_id is not None:
        raise Conflict(f"the acknowledgement {answer_id} was sent already, as delivery {answer.delivery_id}")
    message = session.get_one(Message, answer.message_id)
    if message.history:
        raise Conflict("this mail is from before the first connect; nothing is ever sent for it")
    answer.delivery_id = _send(session, message, office, now)
    answer.overruled_by, answer.overruled_why, answer.overruled_at = agent_id, reason.strip(), now
    return answer.delivery_id


def _consider(session: Session, message: Message, office: Office, now: datetime) -> None:
    # Whoever has the customer's row counts alone, so that two mails at once do not both pass a cap.
    conversation = session.exec(
        select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    ).one()
    session.exec(select(Customer).where(Customer.id == conversation.customer_id).with_for_update()).one()
    if session.exec(select(AutomaticAnswer.id).where(AutomaticAnswer.message_id == message.id)).first() is not None:
        return
    against = stops(_asking(session, message, now), office.own, office.switches)
    answer = AutomaticAnswer(
        message_id=message.id or 0,
        conversation_id=message.conversation_id,
        address=message.from_address.lower(),
        stopped_by=[stop.value for stop, _ in against],
        reason="; ".join(words for _, words in against),
        decided_at=now,
    )
    if not against:
        answer.delivery_id = _send(session, message, office, now)
    session.add(answer)
    session.flush()
    log.info("acknowledgement", message=message.id, delivery=answer.delivery_id, stopped_by=answer.stopped_by)


def _asking(session: Session, message: Message, now: datetime) -> Asking:
    return Asking(
        senders=tuple(message.senders),
        may_auto_answer=message.may_auto_answer,
        dmarc=message.dmarc,
        known=is_known(session, message.from_address),
        marks=marks(session.get_one(Blob, message.sha256).unpack()),
        sent=_sent(session, message, now),
    )


def _sent(session: Session, message: Message, now: datetime) -> Sent:
    here = AutomaticAnswer.conversation_id == message.conversation_id
    mine = AutomaticAnswer.address == message.from_address.lower()
    at = col(AutomaticAnswer.decided_at)
    return Sent(
        to_address_in_a_day=_count(session, mine, at > now - _DAY),
        to_address_in_a_week=_count(session, mine, at > now - _WEEK),
        in_conversation=_count(session, here),
        in_all_in_an_hour=_count(session, at > now - _HOUR),
    )


def _count(session: Session, *conditions: Any) -> int:
    sent = select(func.count(col(AutomaticAnswer.id))).where(col(AutomaticAnswer.delivery_id).is_not(None))
    return session.exec(sent.where(*conditions)).one()


def _send(session: Session, message: Message, office: Office, now: datetime) -> int:
    conversation = session.get_one(Conversation, message.conversation_id)
    rendered = _words(message, conversation, office)
    pictures = by_hash(office.catalog.published.images)
    pictures = {one: pictures[one] for one in sorted(hashes_in(rendered.text) & pictures.keys())}
    files = office.catalog.published.files
    refuse_unfit(f"templates/{rendered.template}", rendered.text, files, office.catalog.published.most_attached)
    key = f"acknowledgement-{message.id}"
    message_id = office.keys.message_id(key, office.sender_address.rpartition("@")[2])
    letter = Letter(
        message_id=message_id,
        sender_address=office.sender_address,
        sender_name=office.sender_name,
        recipient=message.from_address,
        # Neither name nor subject of the mail: whoever forged it must not choose what we write to their victim.
        recipient_name="",
        subject=office.catalog.read(rendered.template).subject,
        text=attachment.said_plainly(said_plainly(rendered.text, pictures), files),
        html=to_html(rendered.text, pictures, files),
        pictures=[Within(one.cid, one.mime, one.data) for one in pictures.values() if one.inline],
        files=[Attached(*one) for one in within(rendered.text, files)],
        in_reply_to=message.internet_message_id,
        reference_ids=message.reference_ids,
        written_at=now,
        automatic=True,
    )
    mail = Outgoing(
        key=key,
        message_id=message_id,
        raw=compose(letter),
        recipient=message.from_address,
        subject=letter.subject,
        text=letter.text,
        in_reply_to=message.internet_message_id,
        draft_id=None,
        undo_until=now,
        expires_at=now + _WORTH_SENDING,
        kind=KIND,
        # RFC 3834, 3.3; the door falls back to our own address where the relay allows no null sender.
        envelope_sender="",
    )
    return enqueue(session, conversation, mail, now=now).id or 0


def _words(message: Message, conversation: Conversation, office: Office) -> Rendered:
    locales = [locale for locale in (conversation.language, office.language, "en") if locale]
    rule, arrived = office.first_answer, message.received_at
    hours = ceil((rule.limit.end(rule.calendar, arrived) - arrived) / timedelta(hours=1))
    values: dict[str, object] = {"shop.name": office.shop, "promise.hours": hours}
    return render_reply(office.catalog, KIND, locales, values, message.storefront)


def _set_aside(session: Session, message_id: int, error: str) -> None:
    """A mail that cannot be acknowledged is not tried again; the reason is kept."""
    message = session.get_one(Message, message_id)
    session.add(
        AutomaticAnswer(
            message_id=message_id,
            conversation_id=message.conversation_id,
            address=message.from_address.lower(),
            stopped_by=["error"],
            reason=error,
            decided_at=message.created_at,
        )
    )
