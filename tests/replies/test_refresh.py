"""A draft whose facts or template changed is drafted anew; a person's own words stay and are approved as of now."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Conversation, ConversationState, Draft, DraftState, Order, Product
from mailer.orders.product_table import ProductIn
from mailer.orders.products import take_products
from mailer.rendering.catalog import Catalog
from mailer.rendering.facts import Subject, read_facts, rests_on
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies import approve
from mailer.replies.draft import draft_waiting
from mailer.replies.refresh import NEEDS_FACTS, ask_again, lacking, outdated, refresh
from mailer.shop_config import Shop
from tests import build

HOUR = timedelta(hours=1)
CATALOG = Catalog(build.TEMPLATES)
SHOP = Shop(name="Linen & Co", guarantee_days=30)


def delivered(session: Session, now: datetime) -> None:
    """The carrier brings the parcel of Ana's order."""
    parcel = build.parcel(now - 2 * HOUR, "carrier_picked_up", "in_transit", "delivered")
    build.shop_order(session, now, updated_at=now.isoformat(), fulfillments=[parcel])


def drafts(session: Session) -> list[Draft]:
    return list(session.exec(select(Draft).order_by(col(Draft.id))))


def old(db: Database, now: datetime, catalog: Catalog = CATALOG) -> list[int]:
    return db.read_here(outdated, 10, catalog, now=now)


def rest_on(session: Session, draft_id: int, subject: Subject, paths: Sequence[str], now: datetime) -> None:
    """Let a draft rest on these facts, as they are."""
    draft = session.get_one(Draft, draft_id)
    facts = read_facts(session, subject, now=now).relevant(paths)
    draft.facts, draft.fingerprint = facts.stored(), facts.fingerprint
    draft.rests_on, draft.updated_at = rests_on(subject, paths, facts), now


def looked_at(db: Database, draft: int, now: datetime, catalog: Catalog = CATALOG) -> Draft:
    """The draft after it was found to be old and looked at; it is not found again."""
    assert old(db, now, catalog) == [draft]
    db.run_here(refresh, [draft], catalog, now=now)
    assert old(db, now, catalog) == []
    return db.read_here(drafts)[0]


def test_a_changed_order_makes_its_draft_stale_and_asks_for_a_new_one(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)
    assert old(db, now) == []
    db.run_here(delivered, now + HOUR)
    draft = looked_at(db, asked.draft, now + HOUR)
    assert draft.state == DraftState.STALE
    assert "order.state was in_transit, is delivered" in draft.reason
    conversation = db.read_here(lambda session: session.get_one(Conversation, asked.conversation))
    assert conversation.state == ConversationState.NEEDS_ANSWER


def test_news_that_changes_no_fact_leaves_the_draft_and_is_looked_at_once(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)
    db.run_here(build.shop_order, now + HOUR, updated_at=now.isoformat(), financial_status="voided")
    assert looked_at(db, asked.draft, now + HOUR).state == DraftState.PENDING


@pytest.mark.parametrize(
    ("days", "state", "reason"),
    [(30, DraftState.PENDING, ""), (60, DraftState.STALE, "the facts changed: shop.guarantee_days was 30, is 60")],
)
def test_a_changed_word_of_the_shop_is_seen(
    db: Database, now: datetime, days: int, state: DraftState, reason: str
) -> None:
    db.run_here(sync_shop_facts, SHOP, now=now)
    asked = db.run_here(build.asked, now)
    db.run_here(rest_on, asked.draft, Subject(), ["shop.guarantee_days"], now)
    assert old(db, now) == []
    db.run_here(sync_shop_facts, SHOP.model_copy(update={"guarantee_days": days, "since": 2014}), now=now + HOUR)
    draft = looked_at(db, asked.draft, now + HOUR)
    assert (draft.state, draft.reason) == (state, reason)


@pytest.mark.parametrize(("stock", "state"), [(3, DraftState.PENDING), (0, DraftState.STALE)])
def test_a_changed_product_is_seen(db: Database, now: datetime, stock: int, state: DraftState) -> None:
    def tell(session: Session, stock: int, price: str, at: datetime) -> None:
        take_products(session, [ProductIn("LS", {"title": "Shirt", "stock": stock, "price": price}, {})], now=at)

    db.run_here(tell, 3, "59", now)
    asked = db.run_here(build.asked, now)
    product = db.read_here(lambda session: session.exec(select(Product.id)).one())
    db.run_here(rest_on, asked.draft, Subject(product_ids=(product,)), ["product.stock"], now)
    assert old(db, now) == []
    db.run_here(tell, stock, "49", now + HOUR)
    assert looked_at(db, asked.draft, now + HOUR).state == state


def test_a_fact_that_ran_out_is_seen(db: Database, now: datetime) -> None:
    offer = {"name": "Linen weeks", "discount": "20 %", "url": "https://shop.example/x", "ends": "2026-11-22T12:00:00"}
    later = {**offer, "name": "Later", "starts": "2026-11-22T11:00:00", "ends": "2026-11-29"}
    shop = Shop.model_validate({"name": "Linen & Co", "offers": [offer, later]})
    db.run_here(sync_shop_facts, shop, now=now)
    asked = db.run_here(build.asked, now)
    db.run_here(rest_on, asked.draft, Subject(), ["shop.name", "offers.*.ends_on"], now)
    assert old(db, now + timedelta(minutes=59)) == []
    assert "offers.1.ends_on was unknown, is 2026-11-29" in looked_at(db, asked.draft, now + HOUR).reason


def test_a_moment_that_changes_nothing_is_looked_at_once_and_the_next_one_is_kept(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)
    paths = ["order.number", "promise.hours", "order.late"]
    db.run_here(rest_on, asked.draft, Subject(order_id=asked.order), paths, now)

    def early(session: Session) -> None:
        draft = session.get_one(Draft, asked.draft)
        draft.rests_on = {**draft.rests_on, "until": "2026-11-22T10:30:00+00:00"}

    db.run_here(early)
    assert old(db, now) == []
    draft = looked_at(db, asked.draft, now + HOUR)
    assert (draft.state, draft.rests_on["until"]) == (DraftState.PENDING, "2026-11-24T00:00:00+00:00")


def test_a_template_that_reads_otherwise_is_seen(db: Database, now: datetime, tmp_path: Path) -> None:
    shutil.copytree(build.TEMPLATES, tmp_path / "templates")
    catalog = Catalog(tmp_path / "templates")
    asked = db.run_here(build.asked, now)
    [name, *_] = [one for one in db.read_here(drafts)[0].made_from if "order_status" in one]
    assert old(db, now, catalog) == []
    (catalog.directory / "replies/invoice.en.md").unlink()
    assert old(db, now, catalog) == []
    with (catalog.directory / name).open("a") as file:
        file.write("\nBye.\n")
    draft = looked_at(db, asked.draft, now + HOUR, catalog)
    assert (draft.state, draft.reason) == (DraftState.STALE, f"the template changed: {name}")


def test_a_person_s_words_are_left_to_the_person(db: Database, now: datetime, tmp_path: Path) -> None:
    asked = db.run_here(build.asked, now)
    version = db.run_here(approve.edit, asked.draft, version=1, text="It comes.", agent_id=asked.agent, now=now)
    db.run_here(delivered, now + HOUR)
    assert old(db, now + HOUR) == old(db, now + 1000 * HOUR) == old(db, now + HOUR, Catalog(tmp_path)) == []
    db.run_here(refresh, [asked.draft], CATALOG, now=now + HOUR)
    assert db.read_here(drafts)[0].state == DraftState.PENDING
    terms = {"agent_id": asked.agent, "terms": build.TERMS, "now": now + HOUR}
    with pytest.raises(Conflict, match="in_transit, is delivered"):
        db.run_here(approve.approve, asked.draft, version=version, **terms)
    version = db.run_here(
        approve.edit, asked.draft, version=version, text="It came.", agent_id=asked.agent, now=now + HOUR
    )
    assert db.run_here(approve.approve, asked.draft, version=version, **terms) > 0


def test_an_order_that_went_to_another_address_is_not_told_to_the_old_one(db: Database, now: datetime) -> None:
    asked = db.run_here(build.asked, now)

    def hand_over(session: Session) -> None:
        session.get_one(Order, asked.order).email = "ben@customer.test"

    db.run_here(hand_over)
    with pytest.raises(Conflict, match="belongs to another address"):
        db.run_here(approve.approve, asked.draft, version=1, agent_id=asked.agent, terms=build.TERMS, now=now + HOUR)


async def test_the_loop_drafts_it_anew(db: Database, clock: FrozenClock) -> None:
    asked = db.run_here(build.asked, clock.now())
    clock.current += HOUR
    db.run_here(delivered, clock.now())
    assert await draft_waiting(db, clock, CATALOG, build.HOUSE)
    before, after = db.read_here(drafts)
    assert (before.id, before.state, after.state) == (asked.draft, DraftState.STALE, DraftState.PENDING)
    assert "delivered" in after.text


@pytest.mark.parametrize(
    ("reason", "news", "again"),
    [
        (f"{NEEDS_FACTS} shop.since: add `since` under [shop] in config.toml", "shop", True),
        (f"it is urgent; {NEEDS_FACTS} product.stock: import it", "product", True),
        (f"{NEEDS_FACTS} order.refund_state: ...", "order", True),
        (f"{NEEDS_FACTS} shop.since: add it", "", False),
        ("the draft was rejected", "shop", False),
    ],
)
def test_what_lacked_a_fact_is_drafted_when_something_was_added(
    db: Database, now: datetime, reason: str, news: str, again: bool
) -> None:
    def wait(session: Session) -> int:
        order = build.shop_order(session, now)
        mail = build.customer_mail(session, now, order=order)
        talk = session.get_one(Conversation, mail.conversation_id)
        talk.state, talk.reason = ConversationState.NEEDS_PERSON, reason
        return talk.id or 0

    conversation = db.run_here(wait)
    assert db.read_here(lacking, 10) == []
    tell = {
        "shop": lambda session: sync_shop_facts(session, SHOP, now=now + HOUR),
        "product": lambda session: take_products(session, [ProductIn("A", {"title": "Hat"}, {})], now=now + HOUR),
        "order": lambda session: delivered(session, now + HOUR),
    }
    db.run_here(tell.get(news, lambda session: None))
    assert db.read_here(lacking, 10) == ([conversation] if again else [])
    db.run_here(ask_again, [conversation], now=now + HOUR)
    asked_again = NEEDS_FACTS in reason
    state = db.read_here(build.conversation_of, conversation).state
    assert state == (ConversationState.NEEDS_ANSWER if asked_again else ConversationState.NEEDS_PERSON)
    assert db.read_here(lacking, 10) == []
