"""Forget a customer, or old conversations: words, names, addresses and bytes go, rows and numbers stay.

What stays: when something came and went, intents, languages, countries, sums, states: the statistics. In the place of
the address stands its tombstone, a hash by which a later mail or order of the same person is recognised, so that nobody
who asked to be forgotten is written to with offers or surveys again.
"""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.errors import Conflict
from mailer.insight.index import forget_message, forget_notes
from mailer.model import (
    Approval,
    Attempt,
    AutomaticAnswer,
    Blob,
    Bounce,
    Choice,
    Classification,
    Compensation,
    Complaint,
    Consent,
    Conversation,
    ConversationState,
    Coupon,
    Customer,
    Delivery,
    DeliveryState,
    Dismissal,
    Draft,
    DraftState,
    DraftVersion,
    Enrollment,
    EnrollmentNote,
    EnrollmentState,
    Erasure,
    Event,
    FlowStep,
    Hold,
    HoldScope,
    Incident,
    Message,
    Note,
    Order,
    QualitySample,
    Rating,
    RawMail,
    Refund,
    ReplyClock,
    ReturnRequest,
    Review,
    Scan,
    SeenChange,
    SendAnyway,
    Shipment,
    SourcePayload,
    Stream,
    Suppression,
)
from mailer.outbound.consent import opt_out
from mailer.privacy.belongings import Belongings, of_conversations, of_customer, portions
from mailer.signing import tombstone

_LEAVING = (DeliveryState.SENDING, DeliveryState.HANDING_OVER)
_WAITING = (DeliveryState.UNDOABLE, DeliveryState.QUEUED, DeliveryState.HELD)
_GONE = "forgotten"

# What is blanked in rows that hang on a conversation, a mail, a draft, an order, a parcel or a passage.
_OF_CONVERSATIONS: Mapping[Any, Mapping[str, Any]] = {
    DraftVersion: {"text": ""},
    Note: {"text": ""},
    Draft: {
        "text": "",
        "drafted": "",
        "marks": [],
        "recipient": "",
        "recipient_name": "",
        "facts": {},
        "rests_on": {},
        "before": "",
        "missing": [],
        "reason": "",
    },
}
_OF_MESSAGES: Mapping[Any, Mapping[str, Any]] = {
    Classification: {
        "evidence": [],
        "order_numbers": [],
        "unknown_number": None,
        "intents": [],
        "top": [],
        "tracking_number": None,
        "entities": {},
    },
    AutomaticAnswer: {"address": ""},
    Bounce: {"recipient": "", "address": "", "diagnostic": "", "returned_to": ""},
    Complaint: {"address": "", "returned_to": ""},
}
_MESSAGE: Mapping[str, Any] = {
    "subject": "",
    "from_address": "",
    "from_name": "",
    "senders": [],
    "reply_to": "",
    "to_address": "",
    "to_addresses": [],
    "cc_addresses": [],
    "text": "",
    "own_words": "",
    "warnings": [],
    "defects": [],
    "files": [],
}
_OF_DRAFTS: Mapping[Any, Mapping[str, Any]] = {
    Dismissal: {"reason": "", "reason_before": ""},
    SeenChange: {"changes": []},
}
# What servers answered names the recipient; what a person wrote to overrule something may.
_OF_DELIVERIES: Mapping[Any, Mapping[str, Any]] = {
    Attempt: {"server_words": ""},
    SendAnyway: {"reason": "", "overruled": ""},
}
_OF_ORDERS: Mapping[Any, Mapping[str, Any]] = {
    Rating: {"comment": ""},
    Review: {"words": "", "photos": []},
    Choice: {"comment": ""},
    ReturnRequest: {"comment": "", "photos": [], "send_to": "", "label_url": "", "reason": ""},
    Refund: {"note": "", "raw": {}},
    Incident: {"reason": "", "notes": {}, "settled_because": ""},
    Shipment: {"tracking_number": "", "tracking_url": "", "raw": {}},
    SourcePayload: {"headers": {}, "waits_for": "", "reason": ""},
}
# Where only the address is to be replaced by its tombstone.
_BY_ADDRESS = (Rating, Review, ReturnRequest, Compensation, Coupon, Consent, Suppression, Enrollment, Event)


@dataclass(frozen=True)
class Forgotten:
    """What an erasure went over."""

    conversations: int
    messages: int
    orders: int
    enrollments: int


def erase_customer(session: Session, customer_id: int, *, agent_id: int | None, now: datetime) -> Forgotten:
    """Forget one customer for good. Raises NotFound, and Conflict while a mail to them is leaving.

    Mails that wait are taken back, passages through flows end, and no offer or survey goes to that address again. The
    mails in the mailbox itself and the shop's own records are not ours to delete.
    """
    all_of_it = of_customer(session, customer_id)
    _refuse_what_is_leaving(session, all_of_it.deliveries)
    opt_out(session, all_of_it.address, Stream.ALL, wording="they asked to be forgotten", source="erasure", now=now)
    _end_passages(session, all_of_it.enrollments, now)
    forgotten = _erase(session, all_of_it, now)
    _erase_orders(session, all_of_it, now)
    _replace_address(session, all_of_it.address)
    customer = session.get_one(Customer, customer_id)
    customer.address, customer.name, customer.erased_at = tombstone(all_of_it.address), "", now
    session.add(Erasure(tombstone=customer.address, customer_id=customer_id, agent_id=agent_id, erased_at=now))
    session.flush()
    return forgotten


def erase_conversations(session: Session, conversations: Collection[int], *, now: datetime) -> Forgotten:
    """Forget what was said in these; the customer and their orders stay. Raises Conflict while a mail is leaving."""
    all_of_it = of_conversations(session, conversations)
    _refuse_what_is_leaving(session, all_of_it.deliveries)
    return _erase(session, all_of_it, now)


def _erase(session: Session, mine: Belongings, now: datetime) -> Forgotten:
    _take_back(session, mine, now)
    for message in sorted(mine.messages):
        forget_message(session, message)
    for some in portions(mine.conversations):
        forget_notes(session, some)
    _blank(session, _OF_CONVERSATIONS, "conversation_id", mine.conversations)
    _blank(session, _OF_MESSAGES, "message_id", mine.messages)
    _blank(session, _OF_DRAFTS, "draft_id", mine.drafts)
    _blank(session, _OF_DELIVERIES, "delivery_id", mine.deliveries)
    _set(session, Message, Message.id, mine.messages, {**_MESSAGE, "erased_at": now})
    _set(session, Delivery, Delivery.id, mine.deliveries, {"recipient": "", "reason": ""})
    _set(session, RawMail, RawMail.id, mine.raw_mails, {"error": None})
    closed = {"subject": "", "reason": _GONE, "relay_key": None, "woken_because": "", "state": ConversationState.CLOSED}
    _set(session, Conversation, Conversation.id, mine.conversations, {**closed, "closed_at": now})
    _set(session, ReplyClock, ReplyClock.conversation_id, mine.conversations, {"paused_because": ""})
    _erase_remarks(session, mine.drafts)
    _erase_bytes(session, mine, now)
    return Forgotten(len(mine.conversations), len(mine.messages), len(mine.orders), len(mine.enrollments))


def _take_back(session: Session, mine: Belongings, now: datetime) -> None:
    """What waits to go does not go; what waits for a person waits no more."""
    canceled = {"state": DeliveryState.CANCELED, "settled_at": now}
    _set(session, Delivery, Delivery.id, mine.deliveries, canceled, col(Delivery.state).in_(_WAITING))
    stale = {"state": DraftState.STALE, "updated_at": now}
    _set(session, Draft, Draft.id, mine.drafts, stale, col(Draft.state) == DraftState.PENDING)
    stopped = {"stopped_at": now, "paused_at": None}
    unstopped = col(ReplyClock.stopped_at).is_(None)
    _set(session, ReplyClock, ReplyClock.conversation_id, mine.conversations, stopped, unstopped)


def _end_passages(session: Session, enrollments: Collection[int], now: datetime) -> None:
    ended = {"state": EnrollmentState.EXITED, "reason": _GONE, "due_at": None, "ended_at": now, "updated_at": now}
    live = col(Enrollment.state).in_([EnrollmentState.ACTIVE, EnrollmentState.PAUSED])
    _set(session, Enrollment, Enrollment.id, enrollments, ended, live)
    _set(session, EnrollmentNote, EnrollmentNote.enrollment_id, enrollments, {"reason": ""})
    _set(session, FlowStep, FlowStep.enrollment_id, enrollments, {"facts": {}, "rests_on": {}, "reason": ""})


def _erase_orders(session: Session, mine: Belongings, now: datetime) -> None:
    nobody: dict[str, Any] = {
        "email": tombstone(mine.address),
        "customer_name": "",
        "raw": {},
        "watch_at": None,
        "erased_at": now,
    }
    _set(session, Order, Order.id, mine.orders, nobody)
    _blank(session, _OF_ORDERS, "order_id", mine.orders)
    _set(session, Scan, Scan.shipment_id, mine.shipments, {"place": "", "remark": ""})
    _set(session, Event, Event.order_id, mine.orders, {"data": {}})


def _replace_address(session: Session, address: str) -> None:
    """The tombstone takes the place of the address wherever rows are found by it."""
    for table in _BY_ADDRESS:
        session.execute(update(table).where(col(table.address) == address).values(address=tombstone(address)))
    keyed = select(Compensation).where(col(Compensation.address) == tombstone(address))
    for row in session.exec(keyed).all():
        row.key = row.key.replace(address, tombstone(address))
    for enrollment in session.exec(select(Enrollment).where(col(Enrollment.address) == tombstone(address))).all():
        enrollment.key = enrollment.key.replace(address, tombstone(address))
    here = (col(Hold.scope) == HoldScope.ADDRESS, col(Hold.subject) == address)
    session.execute(update(Hold).where(*here).values(subject=tombstone(address), reason=""))


def _erase_remarks(session: Session, drafts: Collection[int]) -> None:
    from_approvals = {"remark": ""}
    for some in portions(drafts):
        approvals = select(Approval.id).where(col(Approval.draft_id).in_(some))
        session.execute(
            update(QualitySample).where(col(QualitySample.approval_id).in_(approvals)).values(**from_approvals)
        )


def _erase_bytes(session: Session, mine: Belongings, now: datetime) -> None:
    """Empty the bytes that nobody else's mail shares. Their hash stays: the mailbox is not read anew for them."""
    kept: set[str] = set()
    for some in portions(mine.blobs):
        others = select(Message.id, Message.sha256).where(col(Message.sha256).in_(some))
        kept |= {sha256 for number, sha256 in session.exec(others).all() if number not in mine.messages}
    empty = {"packed": zlib.compress(b""), "size": 0, "erased_at": now}
    _set(session, Blob, Blob.sha256, mine.blobs - kept, empty)


def _refuse_what_is_leaving(session: Session, deliveries: Collection[int]) -> None:
    for some in portions(deliveries):
        leaving = select(Delivery.id).where(col(Delivery.id).in_(some), col(Delivery.state).in_(_LEAVING))
        if session.exec(leaving.limit(1)).first() is not None:
            raise Conflict("A mail to this customer is leaving at this moment; try again in a minute.")


def _blank(session: Session, tables: Mapping[Any, Mapping[str, Any]], column: str, numbers: Collection[int]) -> None:
    for table, blank in tables.items():
        _set(session, table, getattr(table, column), numbers, blank)


def _set(
    session: Session, table: Any, column: Any, numbers: Collection[Any], values: Mapping[str, Any], *where: Any
) -> None:
    for some in portions(numbers):
        session.execute(update(table).where(column.in_(some), *where).values(**values))
