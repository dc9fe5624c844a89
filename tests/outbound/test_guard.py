"""May it go now? The order of the questions, and what is read to answer them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.model import Delivery, Draft, MessageState, Product
from mailer.orders.product_table import ProductIn
from mailer.orders.products import take_products
from mailer.outbound.guard import Expire, Go, Standing, Verdict, Withhold, judge, standing_of
from mailer.rendering.facts import Subject, read_facts, rests_on
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CHANGES = ("order.state was in_transit, is delivered", "parcels.0.carrier was DHL, is unknown")


@pytest.mark.parametrize(
    ("standing", "verdict"),
    [
        (Standing(None), Go()),
        (Standing(NOW + SECOND), Go()),
        (Standing(NOW), Go()),
        (Standing(NOW - SECOND), Expire("the relay did not take it in its time")),
        (Standing(None, newer_mail=True), Withhold("the customer wrote again before it left")),
        (
            Standing(None, changed_facts=CHANGES),
            Withhold(f"the facts changed before it left: {CHANGES[0]}; {CHANGES[1]}"),
        ),
        (Standing(None, True, CHANGES), Withhold("the customer wrote again before it left")),
        (Standing(NOW - SECOND, True, CHANGES), Expire("the relay did not take it in its time")),
    ],
)
def test_the_first_reason_against_it_decides(standing: Standing, verdict: Verdict) -> None:
    assert judge(standing, NOW) == verdict


def standing(db: Database, delivery_id: int, now: datetime = NOW) -> Standing:
    return db.read_here(lambda session: standing_of(session, session.get_one(Delivery, delivery_id), now=now))


def test_what_nobody_overtook_stands_well(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    found = standing(db, delivery_id)
    assert (found.newer_mail, found.changed_facts) == (False, ())
    assert found.expires_at == now + 12 * SECOND + timedelta(hours=48)


@pytest.mark.parametrize(
    ("state", "newer"),
    [(MessageState.TRIAGED, True), (MessageState.RECEIVED, True), (MessageState.AUTOMATED, False)],
)
def test_a_newer_mail_is_seen_as_soon_as_it_is_received(
    db: Database, now: datetime, state: MessageState, newer: bool
) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, state=state)
    assert standing(db, delivery_id).newer_mail is newer


def test_a_mail_in_another_conversation_is_none_of_its_business(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.customer_mail, now)
    assert standing(db, delivery_id).newer_mail is False


def test_changed_facts_are_said_in_words(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.shop_order, now, updated_at=now.isoformat(), cancelled_at=now.isoformat())
    assert "order.state was in_transit, is canceled" in standing(db, delivery_id).changed_facts


def test_only_what_the_text_tells_is_compared(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.shop_order, now, updated_at=now.isoformat(), total_price="61.00", financial_status="voided")
    assert standing(db, delivery_id).changed_facts == ()


def test_what_time_alone_changes_is_seen(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    assert standing(db, delivery_id, now + timedelta(days=1)).changed_facts == ()
    # The carrier had said the 23rd.
    changes = standing(db, delivery_id, now + timedelta(days=2)).changed_facts
    assert "parcels.0.late was unknown, is yes" in changes


def rest_on(session: Session, delivery_id: int, subject: Subject, paths: Sequence[str], now: datetime) -> None:
    """Let the draft of a delivery rest on these facts, as they are."""
    draft = session.get_one(Draft, session.get_one(Delivery, delivery_id).draft_id)
    facts = read_facts(session, subject, now=now).relevant(paths)
    draft.facts, draft.fingerprint = facts.stored(), facts.fingerprint
    draft.rests_on = rests_on(subject, paths, facts)


def test_a_changed_word_of_the_shop_is_seen(db: Database, now: datetime) -> None:
    shop = Shop(name="Linen & Co", guarantee_days=30)
    db.run_here(sync_shop_facts, shop, now=now)
    _, delivery_id = db.run_here(build.approved, now)
    db.run_here(rest_on, delivery_id, Subject(), ["shop.guarantee_days"], now)
    assert standing(db, delivery_id).changed_facts == ()
    db.run_here(sync_shop_facts, shop.model_copy(update={"guarantee_days": 60}), now=now)
    assert standing(db, delivery_id).changed_facts == ("shop.guarantee_days was 30, is 60",)


def test_a_changed_product_is_seen(db: Database, now: datetime) -> None:
    def stock(session: Session, pieces: int) -> None:
        take_products(session, [ProductIn("LS", {"title": "Linen shirt", "stock": pieces}, {})], now=now)

    db.run_here(stock, 3)
    _, delivery_id = db.run_here(build.approved, now)
    product = db.read_here(lambda session: session.exec(select(Product.id)).one())
    db.run_here(rest_on, delivery_id, Subject(product_ids=(product,)), ["product.stock", "product.title"], now)
    assert standing(db, delivery_id).changed_facts == ()
    db.run_here(stock, 0)
    assert standing(db, delivery_id).changed_facts == ("product.stock was 3, is 0",)


def test_a_draft_from_before_the_subject_was_kept_is_compared_with_its_order(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)

    def forget(session: Session) -> None:
        draft = session.get_one(Draft, build.delivery(session, delivery_id).draft_id)
        draft.rests_on, draft.fingerprint = {}, "of another form"

    db.run_here(forget)
    assert standing(db, delivery_id).changed_facts == ()
    db.run_here(build.shop_order, now, updated_at=now.isoformat(), cancelled_at=now.isoformat())
    assert "order.state was in_transit, is canceled" in standing(db, delivery_id).changed_facts


def test_a_delivery_without_a_draft_knows_its_expiry_only(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)

    def verb(session: Session) -> None:
        build.delivery(session, delivery_id).draft_id = None

    db.run_here(verb)
    assert standing(db, delivery_id) == Standing(now + 12 * SECOND + timedelta(hours=48))
