"""What came of it. Losses and doubles are counted from outside: what customers handed in against our rows, and what
was approved against what lies in their mailboxes."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlmodel import Session, col, select

from mailer.demo.customers import is_flow_mail, read_mail
from mailer.demo.letters import Letter
from mailer.demo.outcome import OUTCOMES, by_intent, by_language, intents_of, outcomes
from mailer.model import (
    Approval,
    Blob,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Draft,
    Enrollment,
    EnrollmentState,
    Message,
    MessageState,
    PayloadState,
    RawMail,
    RawMailState,
    SourcePayload,
    in_precedence,
)

_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
_NOT_TO_ARRIVE = (
    DeliveryState.CANCELED,
    DeliveryState.WITHHELD,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.UNKNOWN,
)


@dataclass(frozen=True)
class Outside:
    """What can be known without our own marks."""

    handed_in: Mapping[str, tuple[Letter, datetime]]
    mailboxes: Sequence[tuple[str, bytes]]
    seen: Mapping[int, datetime]


def report(session: Session, outside: Outside, own_domain: str) -> dict[str, Any]:
    """The figures of one run; mails are counted, not rows, each under what it led to."""
    mails = outcomes(session)
    classes = Counter(outcome.name for outcome in mails)
    ours = [one for one in outside.mailboxes if _is_ours(one[1], own_domain) and not is_flow_mail(one[1])]
    replies = [(address, read_mail(raw)) for address, raw in ours]
    arrived = Counter(str(mail["Message-ID"]) for _, mail in replies)
    approved = _approved(session)
    states = Counter(session.exec(select(Delivery.state).where(col(Delivery.enrollment_id).is_(None))).all())
    lost_mails = set(outside.handed_in) - _known(session)
    lost_replies = {one for one, state in approved.items() if state not in _NOT_TO_ARRIVE} - set(arrived)
    return {
        "received": len(mails),
        "by_intent": by_intent(session),
        "by_language": by_language(session),
        "by_outcome": dict(Counter(str(outcome) for outcome in mails).most_common()),
        **{name: classes[name] for name in OUTCOMES},
        "approved": len(approved),
        # What came back had been sent.
        "sent": states[DeliveryState.SENT] + states[DeliveryState.BOUNCED],
        "delivered": sum(arrived.values()),
        "threaded": sum(_is_threaded(address, mail, outside) for address, mail in replies),
        "lost": len(lost_mails) + len(lost_replies),
        "twice": _doubles(session, outside) + sum(count - 1 for count in arrived.values()),
        "draft_seconds": _draft_seconds(session, outside),
        **_understood(session, outside),
    }


def unfinished(session: Session, *, handed_in: int, now: datetime) -> int:
    """How much still has to move before everything is at rest; `handed_in` is how many mails should have come.

    What a flow has for a later hour is at rest.
    """
    moving = (DeliveryState.UNDOABLE, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.HANDING_OVER)
    not_later = col(Delivery.enrollment_id).is_(None) | (col(Delivery.next_attempt_at) <= now)
    rows = [
        session.exec(select(RawMail.id).where(RawMail.state == RawMailState.STORED)).all(),
        session.exec(select(Message.id).where(Message.state == MessageState.RECEIVED)).all(),
        session.exec(select(Conversation.id).where(Conversation.state == ConversationState.NEEDS_ANSWER)).all(),
        session.exec(select(Draft.id).where(Draft.state == "pending")).all(),
        session.exec(select(Delivery.id).where(col(Delivery.state).in_(moving), not_later)).all(),
        session.exec(select(SourcePayload.id).where(SourcePayload.state == PayloadState.STORED)).all(),
        session.exec(
            select(Enrollment.id).where(Enrollment.state == EnrollmentState.ACTIVE, col(Enrollment.due_at) <= now)
        ).all(),
    ]
    missing = handed_in - len(session.exec(select(RawMail.id)).all())
    return missing + sum(len(found) for found in rows)


def _approved(session: Session) -> dict[str, DeliveryState]:
    """The Message-ID of each approval that was not taken back, and how its delivery stands."""
    rows = session.exec(
        select(Message.internet_message_id, Delivery.state)
        .join(Delivery, col(Delivery.message_id) == Message.id)
        .join(Approval, col(Approval.sha256) == Message.sha256)
        .where(col(Approval.undone_at).is_(None))
    )
    return {message_id: DeliveryState(state) for message_id, state in rows}


def _known(session: Session) -> set[str]:
    """The Message-IDs that we have a row for, quarantine included."""
    known = set(session.exec(select(Message.internet_message_id).where(Message.direction == Direction.IN)))
    quarantined = select(Blob).join(RawMail, col(RawMail.sha256) == Blob.sha256)
    for blob in session.exec(quarantined.where(RawMail.state == RawMailState.QUARANTINED)):
        if found := _MESSAGE_ID.search(blob.unpack()):
            known.add(found[1].decode())
    return known


def _doubles(session: Session, outside: Outside) -> int:
    rows = Counter(session.exec(select(Message.internet_message_id).where(Message.direction == Direction.IN)))
    return sum(rows[one] - 1 for one in outside.handed_in if rows[one] > 1)


def _is_ours(raw: bytes, own_domain: str) -> bool:
    found = _MESSAGE_ID.search(raw)
    return found is not None and found[1].endswith(f"@{own_domain}>".encode())


def _is_threaded(address: str, mail: Any, outside: Outside) -> bool:
    """In the right thread, as Gmail, Outlook and Apple Mail see it: subject, In-Reply-To and References agree."""
    answered = outside.handed_in.get(str(mail["In-Reply-To"]))
    if answered is None or answered[0].sender != address:
        return False
    subject = str(read_mail(answered[0].raw)["Subject"])
    return str(mail["In-Reply-To"]) in str(mail["References"]) and str(mail["Subject"]).endswith(subject)


def _draft_seconds(session: Session, outside: Outside) -> dict[str, float]:
    """From a mail's arrival in the mailbox until its draft was first on the agent's screen."""
    waits = []
    for draft_id, answered in session.exec(
        select(Draft.id, Message).join(Message, col(Message.id) == Draft.answers_id)
    ):
        handed_in = outside.handed_in.get(answered.internet_message_id)
        seen = outside.seen.get(draft_id or 0)
        if handed_in and seen:
            waits.append((seen - handed_in[1]).total_seconds())
    waits.sort()
    if not waits:
        return {"median": 0.0, "p95": 0.0}
    return {"median": round(median(waits), 3), "p95": round(waits[math.ceil(len(waits) * 0.95) - 1], 3)}


def _understood(session: Session, outside: Outside) -> dict[str, Any]:
    """How often triage said what the writer meant, for information: these letters are ours, so they prove nothing."""
    judged = intents_of(session)
    meant = {
        one: in_precedence(letter.intents)[0].value for one, (letter, _) in outside.handed_in.items() if letter.intents
    }
    pairs = [(meant[one], judged[one]) for one in meant if one in judged]
    wrong = Counter(f"{wanted} taken for {found}" for wanted, found in pairs if wanted != found)
    share = round(1 - wrong.total() / len(pairs), 3) if pairs else 0.0
    return {"intent_right": share, "intent_wrong": dict(wrong.most_common())}
