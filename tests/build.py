"""Rows that many tests begin with: an order, a customer's mail that was judged, its draft, an approval."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.hours import Limit, always
from mailer.model import (
    Agent,
    Attempt,
    Blob,
    Classification,
    ClockKind,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    Direction,
    Draft,
    DraftState,
    Level,
    Mailbox,
    Message,
    MessageState,
    Order,
    RawMail,
    Role,
)
from mailer.orders.ingest import ingest
from mailer.orders.source import parse_payload
from mailer.rendering.catalog import Catalog
from mailer.replies.approve import Terms, approve
from mailer.replies.case import House, waiting_cases
from mailer.replies.clocks import Clocks, Rule
from mailer.replies.draft import propose, record
from mailer.signing import Keys, digest

TEMPLATES = Path(__file__).parent.parent / "templates"
KEYS = Keys((b"k" * 32,))
_ALWAYS = always(ZoneInfo("UTC"))
_LIMITS = {ClockKind.FIRST_ANSWER: 24, ClockKind.SETTLED: 48}
# Day and night; a week for what is neither a first answer nor a simple question.
CLOCKS = Clocks(
    {kind: Rule(Limit(timedelta(hours=_LIMITS.get(kind, 168))), _ALWAYS, timedelta(hours=4)) for kind in ClockKind},
    {"always": _ALWAYS},
)
HOUSE = House("Linen & Co", "en", CLOCKS, "Linen & Co", KEYS)
TERMS = Terms("care@shop.test", "Linen & Co", timedelta(seconds=12), timedelta(hours=48), KEYS)
ANA = "ana@customer.test"


@dataclass(frozen=True)
class Asked:
    """The ids of one customer's matter whose draft waits for a person."""

    order: int
    mail: int
    conversation: int
    draft: int
    agent: int


def payload(now: datetime, **changes: Any) -> dict[str, Any]:
    """An order as a shop tells it: Ana's shirt, in transit with DHL."""
    shipped = now - timedelta(days=4)
    return {
        "id": "5001",
        "name": "#1001",
        "email": ANA,
        "customer_locale": "en",
        "currency": "EUR",
        "total_price": "59.00",
        "created_at": (now - timedelta(days=6)).isoformat(),
        "updated_at": shipped.isoformat(),
        "financial_status": "paid",
        "customer": {"id": "71", "first_name": "Anabel"},
        "shipping_address": {"name": "Anabel Costa", "country_code": "PT"},
        "line_items": [{"id": "900", "title": "Linen shirt", "variant_title": "M", "quantity": 2}],
        "fulfillments": [parcel(shipped)],
        **changes,
    }


def parcel(shipped: datetime, *statuses: str) -> dict[str, Any]:
    """A parcel whose scans follow each other by nine hours."""
    events = [
        {"id": f"7{step}", "status": status, "happened_at": (shipped + timedelta(hours=9 * step)).isoformat()}
        for step, status in enumerate(statuses or ("carrier_picked_up", "in_transit"))
    ]
    return {
        "id": "88001",
        "status": "success",
        "created_at": shipped.isoformat(),
        "tracking_company": "DHL",
        "tracking_number": "JD0146009999",
        "tracking_url": "https://track.example/JD0146009999",
        "estimated_delivery_at": (shipped + timedelta(days=5)).isoformat(),
        "events": [{**event, "city": "Leipzig"} for event in events],
    }


def shop_order(session: Session, now: datetime, **changes: Any) -> int:
    """Tell of an order, or of a change of it; its id."""
    told = payload(now, **changes)
    ingest(session, parse_payload(told), now=now)
    return session.exec(select(Order.id).where(Order.number == told["name"])).one() or 0


def agent(session: Session, now: datetime, name: str = "maria", role: Role = Role.AGENT) -> int:
    """Somebody who may decide; one person for each name."""
    insert_once(session, Agent(name=name, role=role, created_at=now))
    return session.exec(select(Agent.id).where(Agent.name == name)).one() or 0


def customer_mail(
    session: Session,
    now: datetime,
    *,
    sender: str = ANA,
    senders: list[str] | None = None,
    conversation: int | None = None,
    order: int | None = None,
    intent: str = "order_status",
    level: Level = Level.HIGH,
    state: MessageState = MessageState.TRIAGED,
    judged: dict[str, Any] | None = None,
    **facts: Any,
) -> Message:
    """A mail that arrived and was judged; in a conversation that exists it asks for an answer again.

    `judged` holds further fields of the judgement, `facts` those of the mail.
    """
    talk = _conversation(session, now, sender, conversation, order, answered=state != MessageState.AUTOMATED)
    count = len(session.exec(select(Message.id)).all())
    raw = f"{sender} wrote letter {count}".encode()
    insert_once(session, Blob.of(digest(raw), raw))
    message = Message(
        conversation_id=talk.id or 0,
        direction=Direction.IN,
        state=state,
        sha256=digest(raw),
        from_address=sender,
        senders=[sender] if senders is None else senders,
        **{
            "internet_message_id": f"<letter.{count}@customer.test>",
            "subject": talk.subject,
            "text": "Where is my order?\n",
            "own_words": "Where is my order?\n",
            "received_at": now,
            "created_at": now,
            **facts,
        },
    )
    session.add(message)
    session.flush()
    if state == MessageState.TRIAGED:
        _judge(session, message, intent, level, order, now, judged or {})
    return message


def mailbox(session: Session, name: str = "support", storefront: str = "main") -> int:
    """A folder that we watch; one for each name."""
    insert_once(session, Mailbox(name=name, storefront=storefront))
    return session.exec(select(Mailbox.id).where(Mailbox.name == name)).one() or 0


def mail_bytes(text: str = "Where is my order?", **headers: str) -> bytes:
    """A plain mail as it comes over the wire; headers are named with `_` for `-`, an empty one is left out."""
    given = {"From": f"Anabel Costa <{ANA}>", "Subject": "My order", "Message_ID": "<letter@customer.test>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    return ("\r\n".join([*lines, "", text])).encode()


def raw_mail(session: Session, now: datetime, raw: bytes, *, uid: int = 1, box: str = "support") -> int:
    """Bytes at rest that nobody has read; their id."""
    insert_once(session, Blob.of(digest(raw), raw))
    row = RawMail(
        mailbox_id=mailbox(session, box),
        uidvalidity=7,
        uid=uid,
        sha256=digest(raw),
        size=len(raw),
        internal_date=now,
        stored_at=now,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def draft_all(session: Session, now: datetime, templates: Path = TEMPLATES) -> int:
    """Let every conversation that needs an answer have its draft, as the loop does; how many there were."""
    cases = waiting_cases(session, 50, HOUSE, now=now)
    record(session, [propose(case, Catalog(templates), HOUSE) for case in cases], HOUSE, now=now)
    session.flush()
    return len(cases)


def pending(session: Session, conversation: int) -> Draft:
    """The draft that waits in a conversation; there is exactly one."""
    _read_again(session)
    return session.exec(
        select(Draft).where(Draft.conversation_id == conversation, Draft.state == DraftState.PENDING)
    ).one()


def asked(session: Session, now: datetime, *, number: str = "#1001", sender: str = ANA, **changes: Any) -> Asked:
    """A customer asked after their own order, and the draft waits."""
    order = shop_order(session, now, name=number, email=sender, **changes)
    mail = customer_mail(session, now, sender=sender, order=order)
    draft_all(session, now)
    draft = pending(session, mail.conversation_id)
    return Asked(order, mail.id or 0, mail.conversation_id, draft.id or 0, agent(session, now))


def approved(session: Session, now: datetime, **changes: Any) -> tuple[Asked, int]:
    """As `asked`, and the draft was approved; the id of its delivery too."""
    case = asked(session, now, **changes)
    return case, approve_again(session, case, now)


def approve_again(session: Session, case: Asked, now: datetime, terms: Terms = TERMS) -> int:
    """Approve what waits in a conversation, in the version that it has."""
    draft = pending(session, case.conversation)
    return approve(session, draft.id or 0, version=draft.version, agent_id=case.agent, terms=terms, now=now, done=True)


def delivery(session: Session, delivery_id: int) -> Delivery:
    """A delivery as it stands in the database."""
    _read_again(session)
    return session.get_one(Delivery, delivery_id)


def attempts(session: Session, delivery_id: int) -> list[Attempt]:
    """Every try of a delivery, the first one first."""
    _read_again(session)
    tries = select(Attempt).where(Attempt.delivery_id == delivery_id)
    return list(session.exec(tries.order_by(col(Attempt.number))))


def conversation_of(session: Session, conversation: int) -> Conversation:
    """A conversation as it stands in the database."""
    _read_again(session)
    return session.get_one(Conversation, conversation)


def drafts(session: Session, conversation: int) -> list[Draft]:
    """All drafts of a conversation, the oldest first."""
    _read_again(session)
    wanted = select(Draft).where(Draft.conversation_id == conversation)
    return list(session.exec(wanted.order_by(col(Draft.id))))


def _read_again(session: Session) -> None:
    session.flush()
    session.expire_all()


def _conversation(
    session: Session, now: datetime, sender: str, known: int | None, order: int | None, *, answered: bool
) -> Conversation:
    if known is not None:
        found = session.get_one(Conversation, known)
        found.state = ConversationState.NEEDS_ANSWER if answered else found.state
        found.updated_at = now
        return found
    insert_once(session, Customer(address=sender, name="Anabel Costa", created_at=now))
    customer = session.exec(select(Customer).where(Customer.address == sender)).one()
    talk = Conversation(
        customer_id=customer.id or 0,
        order_id=order,
        state=ConversationState.NEEDS_ANSWER if answered else ConversationState.CLOSED,
        subject="Where is my order?",
        created_at=now,
        updated_at=now,
    )
    session.add(talk)
    session.flush()
    return talk


def _judge(
    session: Session,
    message: Message,
    intent: str,
    level: Level,
    order: int | None,
    now: datetime,
    more: dict[str, Any],
) -> None:
    session.add(
        Classification(
            message_id=message.id or 0,
            **{
                "intent": intent,
                "confidence": 0.9,
                "level": level,
                "intents": [wish(intent, level)],
                "order_id": order,
                "classifier": "test",
                "created_at": now,
                **more,
            },
        )
    )
    session.flush()


def wish(intent: str, level: Level = Level.HIGH, *evidence: str) -> dict[str, Any]:
    """One intent as a Classification keeps it."""
    return {"intent": intent, "confidence": 0.9, "level": level.value, "evidence": list(evidence)}
