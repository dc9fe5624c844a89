"""Whom and what does a link speak of?"""

from dataclasses import dataclass

from sqlmodel import Session

from mailer.links import Link
from mailer.model import Conversation, Customer, Incident, Order


@dataclass(frozen=True)
class About:
    """The address in lower case; `order` is None for a conversation or a customer without one."""

    address: str
    order: Order | None
    language: str | None
    incident: Incident | None = None


def about(session: Session, link: Link) -> About | None:
    """What a link is about; None when it is gone, or belongs to a marketplace, whose buyers get no links."""
    conversation, incident = _talk(session, link), _incident(session, link)
    order_id = {
        "order": link.subject_id,
        "conversation": conversation.order_id if conversation else None,
        "incident": incident.order_id if incident else None,
    }.get(link.subject_kind)
    order = session.get(Order, order_id) if order_id else None
    is_gone = {"order": order is None, "conversation": conversation is None, "incident": order is None}
    if is_gone.get(link.subject_kind, False) or (order is not None and order.marketplace):
        return None
    customer = session.get(Customer, link.customer_id)
    if order is not None and customer is not None and customer.address != order.email.lower():
        if link.subject_kind != "conversation":
            # The shop gave the order to another address: what stands in mails to the old one opens nothing of it.
            return None
        order = None
    address = order.email if order else (customer.address if customer else "")
    languages = [one.language for one in (conversation, order, customer) if one and one.language]
    return About(address.lower(), order, next(iter(languages), None), incident) if address else None


def _talk(session: Session, link: Link) -> Conversation | None:
    return session.get(Conversation, link.subject_id) if link.subject_kind == "conversation" else None


def _incident(session: Session, link: Link) -> Incident | None:
    return session.get(Incident, link.subject_id) if link.subject_kind == "incident" else None
