"""A conversation about which much is known: raw mails, files, scans, promises, flows, returns, other matters."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from mailer.model import (
    Agent,
    Blob,
    Classification,
    Compensation,
    Consent,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Draft,
    DraftState,
    Enrollment,
    FlowStep,
    Mailbox,
    Message,
    MessageState,
    ParcelState,
    RawMail,
    RawMailState,
    Refund,
    ReturnRequest,
    Role,
    Row,
    Scan,
    Shipment,
    StepOutcome,
    Stream,
    Suppression,
    SuppressionCause,
)
from mailer.signing import digest
from tests.web.build import case

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC"
LETTER = (
    "Hello,\n\nwhere is my order #1001? It was to come last week. My colleague reads along.\n\nKind regards\nAna Cruz"
)
HTML = (
    '<h2>Hello,</h2><p>where is my order <b>#1001</b>? See <a href="http://track.example/JD014">the tracking page</a>.'
    '</p><p><img src="cid:logo@shop" alt="Our shirt"> <img src="https://pixel.example/o.gif" width="1" height="1">'
    '<img src="https://pictures.example/shirt.jpg" alt="The shirt"></p><blockquote>We wrote before</blockquote>'
)
FILE = b"%PDF-1.4 a receipt"


@dataclass(frozen=True)
class Matter:
    """The ids that tests need."""

    conversation: int
    message: int
    other: int
    colleague: int


def matter(session: Session, now: datetime) -> Matter:
    """Ana writes from a new address of hers with somebody new in copy; the page shows what there is."""
    found = case(session, now, letter=LETTER)
    talk = session.get_one(Conversation, found.conversation)
    _keep(session, Blob.of(digest(raw_mail()), raw_mail()))
    answer = _message(talk, Direction.OUT, "Hello Ana,\n\nit comes soon.", now - timedelta(days=7))
    _keep(session, answer)
    mail = _newest(session, session.get_one(Message, found.message), found.draft, now)
    _arrived(session, mail, now)
    judged = session.exec(select(Classification)).one()
    judged.message_id, judged.top = mail.id or 0, [{"intent": name, "confidence": share} for name, share in TOP]
    _sent(session, answer, now - timedelta(days=7))
    other = _other(session, talk, now)
    _scans(session, found.order, now)
    _flows(session, found.order, now)
    _money(session, found.order, now)
    _keep(
        session,
        Consent(
            key="c1",
            address="ana@shop.test",
            stream="marketing",
            granted=True,
            basis="double_opt_in",
            source="web",
            given_at=now - timedelta(days=90),
            recorded_at=now,
        ),
        Suppression(
            address="ana@shop.test",
            stream=Stream.FEEDBACK,
            cause=SuppressionCause.OPT_OUT,
            words="the recipient wants no more of this kind",
            since=now - timedelta(days=5),
        ),
    )
    colleague = Agent(name="Bo Lee", role=Role.AGENT, created_at=now)
    _keep(session, colleague)
    return Matter(found.conversation, mail.id or 0, other, colleague.id or 0)


TOP = (("order_status", 0.7), ("delivery_delay", 0.2), ("invoice", 0.05))


def _newest(session: Session, first: Message, draft: int, now: datetime) -> Message:
    """What waits is her second mail; her first one was answered."""
    values = first.model_dump(exclude={"id", "received_at", "created_at", "internet_message_id"})
    mail = Message(**values, internet_message_id="<newest@customer.test>")
    mail.received_at = mail.created_at = now - timedelta(minutes=20)
    _keep(session, mail)
    first.own_words = first.text = "I ordered a shirt."
    first.received_at, first.draft_id, first.has_html = now - timedelta(days=8), None, False
    session.get_one(Draft, draft).answers_id = mail.id or 0
    return mail


def _arrived(session: Session, mail: Message, now: datetime) -> None:
    raw = raw_mail()
    box = Mailbox(name="support", connected_at=now, last_poll_at=now)
    _keep(session, box)
    arrived = RawMail(mailbox_id=box.id or 0, uidvalidity=1, uid=1, sha256=digest(raw), size=len(raw))
    arrived.internal_date, arrived.stored_at, arrived.state = now, now, RawMailState.RECEIVED
    _keep(session, arrived)
    mail.raw_mail_id, mail.sha256, mail.has_html, mail.dmarc = arrived.id, digest(raw), True, "pass"
    mail.to_addresses, mail.cc_addresses = ["care@shop.test"], ["colleague@customer.test"]
    mail.files = [{"name": "receipt.pdf", "content_type": "application/pdf", "size": len(FILE), "sha256": digest(FILE)}]


def raw_mail() -> bytes:
    """A mail with text, HTML, a picture of its own and a file."""
    parts = (
        'Content-Type: multipart/alternative; boundary="a"\r\n\r\n'
        f"--a\r\nContent-Type: text/plain\r\n\r\n{LETTER}\r\n--a\r\nContent-Type: text/html\r\n\r\n{HTML}\r\n--a--",
        "Content-Type: image/png\r\nContent-ID: <logo@shop>\r\nContent-Disposition: inline\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{PNG}",
        'Content-Type: application/pdf; name="receipt.pdf"\r\nContent-Disposition: attachment; filename="receipt.pdf"'
        f"\r\n\r\n{FILE.decode()}",
    )
    head = "From: Ana Cruz <ana@shop.test>\r\nTo: care@shop.test\r\nCc: colleague@customer.test\r\nSubject: Where?\r\n"
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f'{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{body}--b--\r\n'.encode()


def _message(talk: Conversation, direction: Direction, text: str, at: datetime) -> Message:
    ours = direction is Direction.OUT
    return Message(
        conversation_id=talk.id or 0,
        direction=direction,
        state=MessageState.COMPOSED if ours else MessageState.TRIAGED,
        sha256=digest(raw_mail()),
        internet_message_id=f"<{direction}{at:%s}@test>",
        subject=talk.subject,
        from_address="care@shop.test" if ours else "ana@shop.test",
        from_name="" if ours else "Ana Cruz",
        senders=[] if ours else ["ana@shop.test"],
        to_addresses=["care@shop.test"],
        has_html=False,
        text=text,
        own_words=text,
        received_at=at,
        created_at=at,
    )


def _other(session: Session, talk: Conversation, now: datetime) -> int:
    """Another matter of hers; our answer there named a day, and the relay took it."""
    other = Conversation(
        customer_id=talk.customer_id,
        state=ConversationState.WAITING,
        subject="Which size fits?",
        created_at=now - timedelta(days=30),
        updated_at=now - timedelta(days=7),
    )
    _keep(session, other)
    at = now - timedelta(days=7)
    asked = _message(other, Direction.IN, "Which size fits?", now - timedelta(days=30))
    answer = _message(other, Direction.OUT, "M does, and it comes soon.", at)
    _keep(session, asked, answer)
    day = (now - timedelta(days=1)).date().isoformat()
    facts = {"parcels.0.expected_on": {"value": day, "source": "DHL", "at": at.isoformat()}}
    sent = Draft(
        conversation_id=other.id or 0,
        answers_id=asked.id or 0,
        state=DraftState.APPROVED,
        text="It comes.",
        facts=facts,
        created_at=at,
        updated_at=at,
    )
    _keep(session, sent)
    _sent(session, answer, at, draft_id=sent.id)
    return other.id or 0


def _sent(session: Session, answer: Message, at: datetime, draft_id: int | None = None) -> None:
    _keep(
        session,
        Delivery(
            key=f"d{answer.id}",
            message_id=answer.id or 0,
            draft_id=draft_id,
            recipient="ana@shop.test",
            state=DeliveryState.SENT,
            queued_at=at,
            next_attempt_at=at,
            settled_at=at,
        ),
    )


def _scans(session: Session, order: int, now: datetime) -> None:
    parcel = session.exec(select(Shipment).where(Shipment.order_id == order)).one()
    told = (
        (ParcelState.PICKED_UP, 6, "Berlin"),
        (ParcelState.IN_TRANSIT, 4, "Leipzig"),
        (ParcelState.DELAYED, 1, "Paris"),
    )
    for number, (state, days, place) in enumerate(told):
        _keep(
            session,
            Scan(
                shipment_id=parcel.id or 0,
                external_id=str(number),
                status=state.value,
                state=state,
                happened_at=now - timedelta(days=days),
                place=place,
            ),
        )


def _flows(session: Session, order: int, now: datetime) -> None:
    passage = Enrollment(
        key="review:1",
        flow="review_invitation",
        subject_kind="order",
        subject_id=order,
        order_id=order,
        address="ana@shop.test",
        anchor_at=now,
        step="invite",
        due_at=now + timedelta(days=9),
        entered_at=now,
        updated_at=now,
    )
    _keep(session, passage)
    _keep(
        session,
        FlowStep(
            enrollment_id=passage.id or 0,
            step="thanks",
            outcome=StepOutcome.SKIPPED,
            reason="the parcel is late",
            decided_at=now - timedelta(days=2),
        ),
    )


def _money(session: Session, order: int, now: datetime) -> None:
    at = now - timedelta(days=3)
    items = [{"line": "9", "title": "Linen shirt", "sku": "", "quantity": 1, "reason": "too_small"}]
    _keep(
        session,
        ReturnRequest(order_id=order, address="ana@shop.test", items=items, requested_at=at, changed_at=at),
        Refund(order_id=order, external_id="r1", amount="5.00", currency="EUR", refunded_at=at),
        Compensation(
            key="k1", address="ana@shop.test", order_id=order, amount="3", currency="EUR", month="2026-11", given_at=at
        ),
    )


def _keep(session: Session, *rows: Row) -> None:
    for row in rows:
        session.add(row)
        session.flush()
