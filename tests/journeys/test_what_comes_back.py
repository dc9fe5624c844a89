"""From the bytes of a report to delivery, conversation and suppression; and what an auto-reply leaves as it was."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.inbound.parse import parse
from mailer.inbound.receive import Letter, receive
from mailer.model import ConversationState, DeliveryState, Message, Sighting
from mailer.outbound.complaint import settle_complaints
from mailer.signing import Keys
from tests import build
from tests.inbound.reports import dsn, mail, parts
from tests.outbound import returns

DAY = timedelta(days=1)
FAILED = f"Final-Recipient: rfc822; {build.ANA}\nAction: failed\nStatus: 5.1.1"


def arrives(session: Session, raw: bytes, now: datetime, uid: int = 900) -> Message:
    """A mail comes in, as the loop takes it."""
    stored = build.raw_mail(session, now, raw, uid=uid)
    receive(session, [Letter(stored, parse(raw))], now=now)
    return session.exec(select(Message).where(Message.raw_mail_id == stored)).one()


def test_a_bounce_finds_its_way_to_the_conversation(session: Session, now: datetime, keys: Keys) -> None:
    case, delivery_id = returns.sent(session, now)
    ours = returns.answer_id(session, delivery_id)
    head = f"Message-ID: {ours}\nFrom: care@shop.test\nTo: {build.ANA}\nReceived: from x"
    report = arrives(session, dsn(FAILED, returned=f"{head}\n\nx"), now)
    assert returns.take(session, keys, now) == 1
    assert returns.state(session, delivery_id) == DeliveryState.BOUNCED
    assert report.conversation_id == case.conversation
    assert build.conversation_of(session, case.conversation).state == ConversationState.NEEDS_PERSON
    assert session.exec(select(Sighting).where(Sighting.internet_message_id == ours)).first() is not None
    arrives(session, build.mail_bytes("Hello again", Message_ID="<again@customer.test>"), now + DAY, 901)
    assert returns.streams(session) == set()


def test_a_forged_bounce_changes_nothing(session: Session, now: datetime, keys: Keys) -> None:
    case, delivery_id = returns.sent(session, now)
    arrives(session, dsn(FAILED), now)
    returns.take(session, keys, now)
    assert returns.state(session, delivery_id) == DeliveryState.SENT
    assert returns.streams(session) == set()
    assert build.conversation_of(session, case.conversation).state == ConversationState.WAITING


def test_a_complaint_stops_what_is_not_asked_for(session: Session, now: datetime, keys: Keys) -> None:
    _, delivery_id = returns.sent(session, now)
    fields = "Feedback-Type: abuse\nUser-Agent: x\nVersion: 1"
    returned = f"Message-ID: {returns.answer_id(session, delivery_id)}\nFrom: care@shop.test\n\nx"
    leaves = (("message/feedback-report", fields), ("message/rfc822", returned))
    arrives(session, parts(*leaves, kind="report; report-type=feedback-report", From="fbl@provider.test"), now)
    assert settle_complaints(session, keys, now=now) == 1
    assert returns.state(session, delivery_id) == DeliveryState.COMPLAINED
    assert returns.streams(session) == {"feedback", "marketing"}


def test_an_auto_reply_is_shown_and_changes_no_state(session: Session, now: datetime) -> None:
    case, delivery_id = returns.sent(session, now)
    before = build.conversation_of(session, case.conversation).updated_at
    raw = mail(
        "I am away.",
        f"Ana <{build.ANA}>",
        "Automatic reply: order",
        In_Reply_To=returns.answer_id(session, delivery_id),
        Auto_Submitted="auto-replied",
    )
    report = arrives(session, raw, now + DAY)
    conversation = build.conversation_of(session, case.conversation)
    assert (conversation.state, conversation.updated_at) == (ConversationState.WAITING, before)
    assert report.conversation_id == case.conversation


def test_a_bounce_does_not_forgive_the_address_that_it_claims_to_come_from(
    session: Session, now: datetime, keys: Keys
) -> None:
    returns.came_back(session, keys, now)
    assert returns.streams(session)
    arrives(session, mail("I am away.", f"Ana <{build.ANA}>", "Automatic reply: order"), now + DAY)
    assert returns.streams(session) == {"feedback", "marketing"}
    assert session.exec(select(Message).order_by(col(Message.id).desc())).first() is not None
