"""What a question names exactly: an order, an address, a tracking number, a Message-ID, a conversation."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.model import Conversation, Customer, Message, Order, Shipment, number_key

_MOST = 5
_LONGEST = 120


@dataclass(frozen=True)
class Exact:
    """One thing that the question names, and where it is shown."""

    kind: str  # "order", "customer", "conversation"
    title: str
    detail: str
    link: str


def exact_hits(session: Session, asked: str) -> list[Exact]:
    """What the whole question names, best first."""
    name = unicodedata.normalize("NFKC", asked).strip().strip('"')
    if not name or len(name) > _LONGEST:
        return []
    found = [*_orders(session, name), *_customers(session, name), *_parcels(session, name)]
    found += [*_letters(session, name), *_conversations(session, name)]
    # An order is named by its number and by its parcel's alike.
    return list({one.link: one for one in reversed(found)}.values())[::-1]


def order_conversations(session: Session, number: str) -> Sequence[int]:
    """The conversations about the orders of that number."""
    about = select(Conversation.id).join(Order, col(Order.id) == Conversation.order_id)
    return [one for one in session.exec(about.where(Order.number_key == number_key(number)).limit(200)) if one]


def _orders(session: Session, name: str) -> Iterator[Exact]:
    wanted = select(Order).where(Order.number_key == number_key(name)).order_by(col(Order.id).desc())
    for order in session.exec(wanted.limit(_MOST)):
        yield _order(order)


def _order(order: Order) -> Exact:
    detail = " · ".join(part for part in (order.customer_name, order.email) if part)
    return Exact("order", order.number, detail, f"/orders/{order.id}")


def _customers(session: Session, name: str) -> Iterator[Exact]:
    if "@" not in name:
        return
    address = name.lower()
    for customer in session.exec(select(Customer).where(Customer.address == address)):
        yield Exact("customer", customer.name or customer.address, customer.address, f"/customers/{customer.id}")
    theirs = select(Order).where(Order.email == address).order_by(col(Order.id).desc())
    for order in session.exec(theirs.limit(_MOST)):
        yield _order(order)


def _parcels(session: Session, name: str) -> Iterator[Exact]:
    number = re.sub(r"[\s-]", "", name)
    if len(number) < 5 or not any(letter.isdigit() for letter in number):
        return
    same = col(Shipment.tracking_number).in_(dict.fromkeys((name, number, number.upper())))
    of_orders = select(Order, Shipment).join(Shipment, col(Shipment.order_id) == Order.id).where(same)
    for order, parcel in session.exec(of_orders.limit(_MOST)):
        detail = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part)
        yield Exact("order", order.number, detail, f"/orders/{order.id}")


def _letters(session: Session, name: str) -> Iterator[Exact]:
    bare = name.strip("<>")
    if "@" not in bare or " " in bare:
        return
    same = col(Message.internet_message_id).in_((bare, f"<{bare}>"))
    for message in session.exec(select(Message).where(same).limit(_MOST)):
        yield Exact("conversation", message.subject, f"<{bare}>", f"/conversations/{message.conversation_id}")


def _conversations(session: Session, name: str) -> Iterator[Exact]:
    number = name.lstrip("#")
    if not re.fullmatch(r"[0-9]{1,9}", number):
        return
    conversation = session.get(Conversation, int(number))
    if conversation is not None:
        yield Exact("conversation", conversation.subject, str(conversation.id), f"/conversations/{conversation.id}")
