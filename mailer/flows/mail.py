"""The mail of a step: what it is about, the facts that it tells, its words, and its bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.flows.situation import Passage, overruled
from mailer.flows.terms import Terms
from mailer.links import customer_links
from mailer.model import Conversation, ConversationState, Customer, Direction, Incident, Message, MessageState, Order
from mailer.outbound.compose import Attached, LifecycleLetter, Within, compose_lifecycle
from mailer.outbound.outbox import Outgoing
from mailer.outbound.passage import Gates
from mailer.rendering.catalog import Catalog
from mailer.rendering.facts import Facts, Stock, Subject, read_facts, read_stock, rests_on
from mailer.rendering.lifecycle import LifecycleMail, render_lifecycle

_OPEN = (ConversationState.NEEDS_ANSWER, ConversationState.DRAFTED, ConversationState.NEEDS_PERSON)


@dataclass(frozen=True)
class Thread:
    """The conversation that a mail belongs to because the customer asked already, and the mail that it answers."""

    conversation_id: int
    in_reply_to: str
    reference_ids: Sequence[str]


@dataclass(frozen=True)
class Sheet:
    """Everything that the mail of one step is written from."""

    passage: Passage
    subject: Subject
    facts: Facts
    links: Mapping[str, str]
    locales: Sequence[str]
    recipient_name: str
    thread: Thread | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """A mail as it would be sent, and what it rests on."""

    sheet: Sheet
    mail: LifecycleMail
    outgoing: Outgoing
    facts: Facts
    rests_on: dict[str, Any]


def read_sheets(session: Session, passages: Sequence[Passage], terms: Terms, *, now: datetime) -> list[Sheet]:
    """What the mails of these steps would be written from."""
    if not passages:
        return []
    orders = sorted({one.enrollment.order_id for one in passages if one.enrollment.order_id is not None})
    addresses = sorted({one.enrollment.address for one in passages})
    rows = session.exec(select(Customer).where(col(Customer.address).in_(addresses)))
    customers = {one.address: one for one in rows}
    stock = read_stock(session, orders, now=now)
    return [_sheet(session, one, customers.get(one.enrollment.address), stock, terms, now) for one in passages]


def _sheet(
    session: Session, passage: Passage, customer: Customer | None, stock: Stock, terms: Terms, now: datetime
) -> Sheet:
    order = passage.order
    locales = _locales(order, customer, terms)
    subject = _subject(session, passage, locales[0])
    return Sheet(
        passage=passage,
        subject=subject,
        facts=read_facts(session, subject, now=now, stock=stock),
        links=_links(passage, order, customer, terms, now),
        locales=locales,
        recipient_name=(order.customer_name if order else "") or (customer.name if customer else ""),
        thread=_thread(session, passage, customer),
    )


def _subject(session: Session, passage: Passage, language: str) -> Subject:
    """What the mail of a step is about; a delay also about the parcel that is late."""
    enrollment = passage.enrollment
    about = enrollment.subject_kind
    delay = session.get(Incident, enrollment.subject_id) if about == "delay" else None
    parcel = delay.shipment_id if delay else None
    return Subject(
        order_id=enrollment.order_id,
        storefront=enrollment.storefront,
        language=language,
        conversation_id=enrollment.subject_id if about == "conversation" else None,
        shipment_id=enrollment.subject_id if about == "shipment" else parcel,
        incident_id=enrollment.subject_id if about == "delay" else None,
        return_id=enrollment.subject_id if about == "return" else None,
    )


def asked_already(session: Session, passage: Passage) -> Conversation | None:
    """The conversation in which the customer waits for an answer to what this mail would tell: of a delay only."""
    if passage.flow.trigger.per != "delay":
        return None
    return _talk(session, passage, _OPEN)


def write_mail(sheet: Sheet, catalog: Catalog, terms: Terms, *, wall: datetime) -> Written:
    """Words and bytes of a step's mail, on values alone. `wall` is when it is queued by the machine's clock.

    Raises MissingFacts for a fact that is not known, InputError for a broken template or an address that is none.
    """
    passage, flow = sheet.passage, sheet.passage.flow
    about = passage.enrollment
    catalog = catalog.chosen(terms.keys, f"{about.subject_kind}:{about.subject_id}")
    mail = render_lifecycle(
        catalog,
        passage.step.send,
        sheet.facts,
        sheet.links,
        locales=sheet.locales,
        storefront=passage.enrollment.storefront,
        formal=terms.formal,
        extra={"shop.name": terms.shop, **sheet.extra},
    )
    address, name = terms.sender_of(flow.sender, mail.sender)
    key = delivery_key(passage)
    message_id = terms.keys.message_id(key, address.rpartition("@")[2])
    letter = LifecycleLetter(
        message_id=message_id,
        sender_address=address,
        sender_name=name,
        recipient=passage.enrollment.address,
        recipient_name=sheet.recipient_name,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        written_at=wall,
        kind=flow.kind,
        flow=flow.id,
        locale=mail.locale,
        shop_id=terms.shop,
        unsubscribe=sheet.links.get("unsubscribe", ""),
        unsubscribe_mail=sheet.links.get("unsubscribe_mail", ""),
        in_reply_to=sheet.thread.in_reply_to if sheet.thread else "",
        reference_ids=sheet.thread.reference_ids if sheet.thread else (),
        pictures=[Within(one.cid, one.mime, one.data) for one in mail.pictures],
        files=[Attached(one.name, catalog.published.files[one.sha256].data) for one in mail.files if one.is_attached],
    )
    outgoing = Outgoing(
        key=key,
        message_id=message_id,
        raw=compose_lifecycle(letter),
        recipient=letter.recipient,
        subject=mail.subject,
        text=mail.text,
        in_reply_to=letter.in_reply_to,
        draft_id=None,
        undo_until=wall,
        expires_at=wall + terms.give_up_after,
        kind=flow.kind,
        enrollment_id=passage.enrollment.id,
    )
    kept = {**rests_on(sheet.subject, mail.paths, sheet.facts), "gates": _gates(passage, terms).stored()}
    if passage.step.condition:
        kept["run"] = passage.enrollment.run
    if (decision := overruled(flow, passage.decided)) is not None:
        kept["overruled"] = decision
    return Written(sheet, mail, outgoing, sheet.facts.relevant(mail.paths), kept)


def delivery_key(passage: Passage) -> str:
    """What makes one decision one mail; the attempt counts decisions that were taken anew."""
    return f"flow:{passage.enrollment.key}:{passage.step.id}:{attempt_of(passage)}"


def attempt_of(passage: Passage) -> int:
    """How often this step was decided, with this time."""
    return passage.decided.attempt + 1 if passage.decided else 1


def _gates(passage: Passage, terms: Terms) -> Gates:
    flow, situation = passage.flow, passage.situation
    ends = [situation.due_at + passage.step.expires] if passage.step.expires is not None else []
    if flow.give_up_after is not None:
        ends.append(situation.entered_at + flow.give_up_after)
    country = situation.values["customer"]["country"]
    return Gates(
        zones=tuple(situation.zones),
        window=flow.window,
        pause=flow.pause,
        country=country,
        needs_consent=flow.kind == "feedback" and terms.consent.asks(country),
        expires_at=min(ends, default=None),
    )


def _locales(order: Order | None, customer: Customer | None, terms: Terms) -> list[str]:
    chain = (order.language if order else None, customer.language if customer else None, terms.language, "en")
    return list(dict.fromkeys(one for one in chain if one))


def _links(
    passage: Passage, order: Order | None, customer: Customer | None, terms: Terms, now: datetime
) -> dict[str, str]:
    enrollment, flow = passage.enrollment, passage.flow
    if customer is None or customer.id is None:
        return {}
    address, _ = terms.sender_of(flow.sender)
    about = enrollment.subject_kind
    return customer_links(
        terms.keys,
        terms.public_url,
        address,
        customer_id=customer.id,
        order_id=enrollment.order_id,
        incident_id=enrollment.subject_id if about == "delay" else None,
        conversation_id=enrollment.subject_id if about == "conversation" else None,
        enrollment_id=enrollment.id,
        kind=flow.kind,
        now=now,
        marketplace=order is not None and order.marketplace,
    )


def _thread(session: Session, passage: Passage, customer: Customer | None) -> Thread | None:
    """Where a delay is told to a customer who asked before: in the conversation that waits for them."""
    if passage.flow.trigger.per != "delay" or customer is None:
        return None
    talk = _talk(session, passage, (ConversationState.WAITING,))
    if talk is None:
        return None
    newest = select(Message).where(
        Message.conversation_id == talk.id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
    )
    asked = session.exec(newest.order_by(col(Message.id).desc()).limit(1)).first()
    if asked is None:
        return None
    return Thread(talk.id or 0, asked.internet_message_id, tuple(asked.reference_ids))


def _talk(session: Session, passage: Passage, states: Sequence[ConversationState]) -> Conversation | None:
    """The newest conversation of this customer about this order in one of these states."""
    enrollment = passage.enrollment
    wanted = (
        select(Conversation)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .where(
            Customer.address == enrollment.address,
            Conversation.order_id == enrollment.order_id,
            col(Conversation.state).in_(states),
        )
    )
    return session.exec(wanted.order_by(col(Conversation.id).desc()).limit(1)).first()
