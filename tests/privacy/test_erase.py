"""Forgetting: nothing of the person is left anywhere in the database, the statistics stay, and nobody is written to."""

import zlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.errors import Conflict, NotFound
from mailer.insight.index import changed, prepare, write
from mailer.insight.reports import REPORTS
from mailer.insight.search import search
from mailer.insight.sheet import Filters
from mailer.model import (
    Attempt,
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Enrollment,
    EnrollmentState,
    Erasure,
    Hold,
    HoldScope,
    Message,
    Note,
    Order,
    Row,
    SendAnyway,
)
from mailer.orders.ingest import ingest
from mailer.orders.source import parse_payload
from mailer.outbound.suppress import suppressed
from mailer.privacy.erase import erase_conversations, erase_customer
from mailer.signing import tombstone
from mailer.web import auth
from tests.insight.test_reports import ZONE, answered
from tests.web.matters import matter

# What only Ana's rows hold; the name of a product or a carrier is nobody's.
CANARIES = ("ana@", "Ana Cruz", "Cruz", "JD014", "where is my order", "it comes soon", "on its way", "Leave it with")


def everything(session: Session) -> str:
    """Every text, JSON and byte of every table, in one string."""
    found: list[str] = []
    for table in Row.metadata.sorted_tables:
        for row in session.connection().execute(table.select()).all():
            found += [_said(value) for value in row if value is not None]
    # What the index of words holds lies in a table of the engine's own kind.
    index = "packed FROM search_terms_packed" if _is_sqlite(session) else "CAST(terms AS text) FROM search_terms"
    found += [_said(value) for (value,) in session.connection().execute(text(f"SELECT {index}"))]
    return "\n".join(found)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _said(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value).decode(errors="replace")
        except zlib.error:
            return value.decode(errors="replace")
    return str(value)


@pytest.fixture
def ana(session: Session, now: datetime) -> int:
    """Somebody of whom much is kept: mails, files, notes, drafts, orders, parcels, flows, wishes."""
    found = matter(session, now)
    talk = session.get_one(Conversation, found.conversation)
    session.add(
        Note(
            conversation_id=talk.id,
            agent_id=found.colleague,
            text="Leave it with Ana Cruz",
            written_at=now,
            changed_at=now,
        )
    )
    delivery = session.exec(select(Delivery)).first()
    assert delivery is not None
    words = "550 5.1.1 <ana@shop.test> no such user"
    tried = Attempt(delivery_id=delivery.id or 0, number=9, owner="w", started_at=now, server_words=words)
    anyway = SendAnyway(
        delivery_id=delivery.id or 0, agent_id=found.colleague, reason="Ana Cruz phoned", decided_at=now
    )
    held = Hold(
        scope=HoldScope.ADDRESS, subject="ana@shop.test", reason="Ana Cruz moves house", put_by="bo", put_at=now
    )
    session.add_all([tried, anyway, held])
    session.flush()
    write(session, prepare(changed(session, 1_000)))
    assert search(session, "in:notes leave").hits
    said = everything(session)
    assert all(canary.lower() in said.lower() for canary in CANARIES)
    return talk.customer_id


def test_nothing_of_the_person_is_left(session: Session, now: datetime, ana: int) -> None:
    done = erase_customer(session, ana, agent_id=None, now=now)
    session.expire_all()
    said = everything(session).lower()
    assert [canary for canary in (*CANARIES, "leave") if canary.lower() in said] == []
    assert search(session, "leave").hits == []
    assert done.messages >= 3
    customer = session.get_one(Customer, ana)
    assert (customer.address, customer.name, customer.erased_at) == (tombstone("ana@shop.test"), "", now)
    assert session.exec(select(Erasure)).one().customer_id == ana
    assert all(blob.unpack() == b"" for blob in session.exec(select(Blob).where(col(Blob.erased_at).is_not(None))))


def test_the_statistics_stay(session: Session, now: datetime, ana: int) -> None:
    days = Filters((now - timedelta(days=60)).date(), now.date(), ZONE)
    keys = [key for key in REPORTS if key not in ("backlog", "clocks", "products", "warnings")]
    before = {key: REPORTS[key](session, days, now).rows for key in keys}
    erase_customer(session, ana, agent_id=None, now=now)
    session.expire_all()
    assert {key: REPORTS[key](session, days, now).rows for key in keys} == before


def test_what_waits_does_not_go_and_passages_end(session: Session, now: datetime, ana: int) -> None:
    erase_customer(session, ana, agent_id=None, now=now)
    session.expire_all()
    live = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)
    assert session.exec(select(Enrollment).where(col(Enrollment.state).in_(live))).all() == []
    waiting = (DeliveryState.QUEUED, DeliveryState.UNDOABLE, DeliveryState.HELD)
    assert session.exec(select(Delivery).where(col(Delivery.state).in_(waiting))).all() == []
    assert session.exec(select(Draft).where(Draft.state == DraftState.PENDING)).all() == []
    mine = session.exec(select(Conversation).where(Conversation.customer_id == ana)).all()
    assert {talk.state for talk in mine} == {ConversationState.CLOSED}


def test_a_mail_that_leaves_at_this_moment_is_waited_for(session: Session, now: datetime, ana: int) -> None:
    delivery = session.exec(select(Delivery)).first()
    assert delivery is not None
    delivery.state = DeliveryState.HANDING_OVER
    session.flush()
    with pytest.raises(Conflict, match="try again"):
        erase_customer(session, ana, agent_id=None, now=now)


def test_no_offer_and_no_survey_goes_there_again(session: Session, now: datetime, ana: int) -> None:
    erase_customer(session, ana, agent_id=None, now=now)
    session.flush()
    for kind in ("marketing", "feedback"):
        assert suppressed(session, "Ana@shop.test", kind)
        assert not suppressed(session, "bo@shop.test", kind)
    assert suppressed(session, "ana@shop.test", "transactional") is None


def test_the_shop_tells_the_order_again_without_its_person(session: Session, now: datetime, ana: int) -> None:
    order = session.exec(select(Order).where(Order.number == "#1001")).one()
    erase_customer(session, ana, agent_id=None, now=now)
    session.expire_all()
    told = {"name": "#1001", "email": "ana@shop.test", "customer_name": "Ana Cruz", "created_at": now.isoformat()}
    told |= {"updated_at": (now + timedelta(hours=1)).isoformat(), "financial_status": "refunded"}
    ingest(session, parse_payload(told), source="api", storefront="main", now=now + timedelta(hours=1))
    session.flush()
    again = session.get_one(Order, order.id, populate_existing=True)
    assert (again.email, again.customer_name, again.payment_state) == (tombstone("ana@shop.test"), "", "refunded")


def test_old_conversations_go_and_the_customer_stays(session: Session, now: datetime, ana: int) -> None:
    talks = [talk.id or 0 for talk in session.exec(select(Conversation)).all()]
    erase_conversations(session, talks, now=now)
    session.expire_all()
    assert session.get_one(Customer, ana).address == "ana@shop.test"
    assert {message.text for message in session.exec(select(Message)).all()} == {""}
    assert {note.text for note in session.exec(select(Note)).all()} == {""}
    assert search(session, "leave").hits == []
    assert session.exec(select(Order).where(Order.number == "#1001")).one().email == "ana@shop.test"


def test_a_customer_that_nobody_knows(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound):
        erase_customer(session, 9, agent_id=None, now=now)


async def test_a_sent_answer_is_forgotten_and_its_approval_stays(db: Database, now: datetime) -> None:
    from tests.web.build import case

    agent = await db.run(auth.add_agent, "bo", auth.Role.AGENT, now)
    found = await db.run(case, now)
    await db.run(answered, found, now, agent)
    await db.run(erase_customer, 1, agent_id=agent, now=now)
    assert "on its way" not in await db.read(everything)
    sent = await db.read(lambda session: session.exec(select(Delivery)).one())
    assert (sent.state, sent.recipient) == (DeliveryState.SENT, "")
