"""What is read for a subject beside its order: the product, and the day that we promise."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.model import MessageState, Order, Product
from mailer.rendering.facts import Subject, marketplace_allows, read_facts
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def product(session: Session, sku: str = "LS", **values: object) -> int:
    row = Product(sku=sku, title="Linen shirt", changed_at=NOW - HOUR, **values)
    session.add(row)
    session.flush()
    return row.id or 0


def told(session: Session, subject: Subject, root: str, now: datetime = NOW) -> dict[str, object]:
    values = read_facts(session, subject, now=now).values()
    return {path: value for path, value in values.items() if path.startswith(f"{root}.")}


def test_a_product_is_told_with_its_measures(session: Session) -> None:
    number = product(
        session,
        url="https://shop.example/ls",
        sizes={"S": "chest 96 cm", "M": "chest 104 cm"},
        stock=0,
        restock_on=date(2026, 12, 1),
        price="59.00",
        currency="EUR",
    )
    assert told(session, Subject(product_ids=(number,)), "product") == {
        "product.title": "Linen shirt",
        "product.url": "https://shop.example/ls",
        "product.stock": 0,
        "product.restock_on": "2026-12-01",
        "product.price": "59.00",
        "product.currency": "EUR",
        "product.sizes.0.size": "S",
        "product.sizes.0.measures": "chest 96 cm",
        "product.sizes.1.size": "M",
        "product.sizes.1.measures": "chest 104 cm",
    }
    facts = {fact.path: fact for fact in read_facts(session, Subject(product_ids=(number,)), now=NOW).facts}
    assert (facts["product.stock"].source, facts["product.stock"].at) == ("csv", NOW - HOUR)


def test_a_day_of_restocking_that_has_passed_is_not_told(session: Session) -> None:
    subject = Subject(product_ids=(product(session, restock_on=date(2026, 11, 22)),))
    assert "product.restock_on" in told(session, subject, "product")
    until = read_facts(session, subject, now=NOW).relevant(["product.restock_on"]).until
    assert until == datetime(2026, 11, 23, tzinfo=UTC)
    assert "product.restock_on" not in told(session, subject, "product", until)


@pytest.mark.parametrize(
    ("skus", "known"), [(["LS"], True), (["LS", "LS"], True), (["LS", "HT"], False), ([""], False), (["XX"], False)]
)
def test_without_a_named_product_it_is_the_only_one_of_the_order(
    session: Session, skus: list[str], known: bool
) -> None:
    product(session)
    lines = [{"id": str(n), "title": "Thing", "sku": sku} for n, sku in enumerate(skus, 1)]
    order = build.shop_order(session, NOW, line_items=lines)
    assert bool(told(session, Subject(order_id=order), "product")) is known
    assert told(session, Subject(), "product") == {}


def test_a_product_of_another_storefront_is_not_taken(session: Session) -> None:
    product(session, storefront="japan")
    order = build.shop_order(session, NOW, line_items=[{"id": "1", "title": "Thing", "sku": "LS"}])
    assert told(session, Subject(order_id=order), "product") == {}


@pytest.mark.parametrize(
    ("later", "by"),
    [
        (0, "2026-11-24"),
        (23, "2026-11-24"),
        (36, "2026-11-24"),
        (37, "2026-11-26"),
        (48, "2026-11-26"),
        (84, "2026-11-26"),
        (85, "2026-11-28"),
    ],
)
def test_what_we_promise_counts_from_the_newest_mail_and_never_lies_in_the_past(
    session: Session, later: int, by: str
) -> None:
    mail = build.customer_mail(session, NOW)
    subject = Subject(conversation_id=mail.conversation_id)
    build.customer_mail(session, NOW + HOUR, conversation=mail.conversation_id, state=MessageState.AUTOMATED)
    facts = read_facts(session, subject, now=NOW + later * HOUR)
    assert (facts.values()["promise.by"], facts.values()["promise.hours"]) == (by, 48)
    assert facts.relevant(["promise.by"]).until >= NOW + later * HOUR


def test_a_promise_holds_until_too_little_of_its_time_is_left(session: Session) -> None:
    mail = build.customer_mail(session, NOW)
    subject = Subject(conversation_id=mail.conversation_id)
    until = read_facts(session, subject, now=NOW).relevant(["promise.by"]).until
    assert until == NOW + 36 * HOUR
    before = read_facts(session, subject, now=until).values()["promise.by"]
    after = read_facts(session, subject, now=until + timedelta(seconds=1)).values()["promise.by"]
    assert (before, after) == ("2026-11-24", "2026-11-26")


@pytest.mark.parametrize("marketplace", [False, True])
def test_a_marketplaces_buyer_is_told_of_no_offer_and_no_page_of_ours(session: Session, marketplace: bool) -> None:
    offer: dict[str, object] = {
        "name": "Linen weeks",
        "discount": "20 %",
        "starts": date(2026, 11, 1),
        "ends": date(2026, 11, 30),
    }
    offer["url"] = "https://shop.example/linen"
    shop = {"name": "Linen & Co", "since": 2014, "reviews_url": "https://reviews.example/linen", "offers": [offer]}
    sync_shop_facts(session, Shop.model_validate({**shop, "account_url": "https://shop.example/account"}), now=NOW)
    order_id = build.shop_order(session, NOW)
    session.get_one(Order, order_id).marketplace = marketplace
    session.flush()
    told = read_facts(session, Subject(order_id=order_id, language="en"), now=NOW).values()
    ours = {path for path in told if path.startswith("offers.")} | {"shop.reviews_url", "shop.account_url"} & set(told)
    assert bool(ours) is not marketplace
    assert told["shop.since"] == 2014
    assert any(path.startswith("order.") for path in told)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("offers.0.name", False),
        ("shop.reviews_url", False),
        ("shop.return_form_url", False),
        ("product.url", False),
        ("product.size_chart_url", False),
        ("product.title", True),
        ("shop.returns.address", True),
        ("parcels.0.url", True),
        ("shipment.url", True),
        ("order.number", True),
    ],
)
def test_what_a_marketplace_allows(path: str, allowed: bool) -> None:
    assert marketplace_allows(path) is allowed
