"""Whom a link speaks of: its owner, and the order while it is theirs."""

from datetime import datetime

from sqlmodel import Session, select

from mailer.feedback.about import about
from mailer.model import Conversation, ConversationState, Customer, Order
from tests.feedback.build import ANA, bought


def test_a_link_opens_its_order(session: Session, now: datetime) -> None:
    order = bought(session, now)
    found = about(session, order.link("return"))
    assert found is not None and found.order is not None
    assert (found.address, found.order.id) == (ANA, order.order)


def test_who_has_mails_of_an_order_that_was_given_to_another_address_opens_nothing_of_it(
    session: Session, now: datetime
) -> None:
    order = bought(session, now)
    session.get_one(Order, order.order).email = "right@customer.test"
    session.flush()
    for purpose in ("return", "review", "rate"):
        assert about(session, order.link(purpose)) is None


def test_a_conversation_about_the_order_of_another_shows_nothing_of_it(session: Session, now: datetime) -> None:
    order = bought(session, now)
    session.add(Customer(address="other@customer.test", created_at=now))
    session.flush()
    other = session.exec(select(Customer.id).where(Customer.address == "other@customer.test")).one() or 0
    told = {"customer_id": other, "order_id": order.order, "subject": "", "created_at": now, "updated_at": now}
    session.add(Conversation(id=90, state=ConversationState.CLOSED, **told))
    session.flush()
    link = order.link("rate", "satisfaction", subject_kind="conversation", subject_id=90)
    found = about(session, link.__class__(**{**link.__dict__, "customer_id": other}))
    assert found is not None
    assert (found.address, found.order) == ("other@customer.test", None)
