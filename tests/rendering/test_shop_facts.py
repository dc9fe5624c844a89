"""What [shop] says: rows that keep the time of their value, and facts by language, country and moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.model import ShopFact
from mailer.rendering.facts import Facts, Subject, read_facts
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
METHOD = {"name": "Standard", "price": "4.90", "days_min": 2, "days_max": 4}


def sync(session: Session, now: datetime = NOW, **shop: Any) -> int:
    return sync_shop_facts(session, Shop.model_validate({"name": "Linen & Co", **shop}), now=now)


def read(session: Session, country: str | None = None, language: str = "en", now: datetime = NOW) -> Facts:
    session.expire_all()
    return read_facts(session, Subject(country=country, language=language), now=now)


def told(
    session: Session, root: str, country: str | None = None, language: str = "en", now: datetime = NOW
) -> dict[str, Any]:
    values = read(session, country, language, now).values()
    return {path.partition(".")[2]: value for path, value in values.items() if path.split(".")[0] == root}


def times(session: Session) -> dict[str, datetime]:
    return {row.path: row.changed_at for row in session.exec(select(ShopFact))}


def test_what_stays_as_it_was_keeps_its_time(db: Database) -> None:
    db.run_here(sync, since=2014, guarantee_days=30, returns={"*": {"days": 14}, "EU": {"days": 30}})
    assert db.run_here(sync, NOW + HOUR, since=2014, guarantee_days=30, returns={"*": {"days": 14}}) == 1
    assert db.run_here(sync, NOW + 2 * HOUR, since=2014, guarantee_days=60, returns={"*": {"days": 14}}) == 1
    assert db.run_here(sync, NOW + 3 * HOUR, since=2014, guarantee_days=60, returns={"*": {"days": 14}}) == 0
    at = db.read_here(times)
    assert (at["since"], at["guarantee_days"]) == (NOW, NOW + 2 * HOUR)
    assert (at["returns.*"], at["returns.EU"]) == (NOW, NOW + HOUR)


def test_a_value_that_is_gone_is_no_fact_and_comes_back(session: Session) -> None:
    sync(session, since=2014)
    sync(session, NOW + HOUR)
    assert "since" not in told(session, "shop")
    sync(session, NOW + 2 * HOUR, since=2014)
    facts = {fact.path: fact for fact in read(session).facts}
    assert (facts["shop.since"].value, facts["shop.since"].at) == (2014, NOW + 2 * HOUR)
    assert facts["shop.since"].source == "config.toml [shop]"


def test_without_rows_there_is_no_fact_that_needs_one(session: Session) -> None:
    assert told(session, "shop") == {}
    assert read(session).values()["formal"] is True


def test_plain_values_are_told_as_they_are(session: Session) -> None:
    plain = {"since": 2014, "guarantee_days": 100, "refund_days": 3, "currency": "EUR", "free_shipping_from": "80"}
    sync(session, **plain, address="informal", payment_methods=["PayPal", {"en": "bank transfer", "de": "Überweisung"}])
    assert told(session, "shop") == {**plain, "name": "Linen & Co", "payment_methods": "PayPal, bank transfer"}
    assert told(session, "shop", language="de")["payment_methods"] == "PayPal, Überweisung"
    assert read(session).values()["formal"] is False


@pytest.mark.parametrize(
    ("language", "house", "link"),
    [
        ("de", "en", "https://x.example/de"),
        ("de-AT", "en", "https://x.example/de"),
        ("pt-BR", "en", "https://x.example/br"),
        ("pt", "en", "https://x.example/en"),
        ("fr", "de", "https://x.example/de"),
        ("fr", "it", "https://x.example/en"),
    ],
)
def test_a_value_by_language_is_told_in_the_best_one(session: Session, language: str, house: str, link: str) -> None:
    links = {one: f"https://x.example/{one}" for one in ("en", "de")} | {"pt-BR": "https://x.example/br"}
    sync(session, reviews_url=links, language=house)
    assert told(session, "shop", language=language)["reviews_url"] == link


def test_a_single_language_is_better_than_none(session: Session) -> None:
    sync(session, postal_address={"ja": "東京"})
    assert told(session, "shop", language="fr")["postal_address"] == "東京"


@pytest.mark.parametrize(
    ("country", "known"),
    [
        ("DE", {"return_days": 60, "return_paid_by": "shop", "return_address": "Hamburg"}),
        ("FR", {"return_days": 30, "return_paid_by": "shop", "return_address": "Lille"}),
        ("US", {"return_days": 14, "return_address": "Newark", "keep_below": "10.00"}),
        ("JP", {"return_days": 14}),
        (None, {"return_days": 14}),
    ],
)
def test_rules_for_returns_are_those_of_the_closest_region(
    session: Session, country: str | None, known: dict[str, Any]
) -> None:
    rules = {
        "*": {"days": 14},
        "EU": {"days": 30, "paid_by": "shop", "address": "Lille"},
        "DE": {"days": 60, "address": {"en": "Hamburg"}},
        "US": {"address": "Newark", "keep_below": 10.0},
    }
    sync(session, returns=rules)
    found = told(session, "shop", country)
    assert {name: value for name, value in found.items() if name != "name"} == known


@pytest.mark.parametrize(
    ("country", "known"),
    [
        ("DE", {"country": "DE", "price": "0", "currency": "EUR"}),
        ("FR", {"country": "FR", "price": "4.90", "currency": "EUR"}),
        ("JP", {"price": "19.90", "currency": "USD"}),
        (None, {"price": "19.90", "currency": "USD"}),
    ],
)
def test_shipping_is_that_of_the_closest_region(session: Session, country: str | None, known: dict[str, Any]) -> None:
    table = {
        "*": [{**METHOD, "price": "19.90", "currency": "USD"}],
        "EU": [METHOD],
        "DE": [{**METHOD, "price": 0}, {**METHOD, "name": {"en": "Express", "de": "Eilsendung"}}],
    }
    sync(session, currency="EUR", shipping=table)
    found = told(session, "shipping", country, "de")
    assert found.get("country") == known.get("country")
    assert (found["methods.0.price"], found["methods.0.currency"]) == (known["price"], known["currency"])
    assert found.get("methods.1.name") == ("Eilsendung" if country == "DE" else None)


@pytest.mark.parametrize(
    ("country", "now", "known"),
    [
        ("GB", NOW, {"country": "GB", "paid_by": "customer", "seen_low": 5, "seen_high": 20}),
        ("GB", datetime(2026, 12, 31, 23, 59, tzinfo=UTC), {"country": "GB", "paid_by": "customer", "seen_low": 5,
                                                            "seen_high": 20}),
        ("GB", datetime(2027, 1, 1, tzinfo=UTC), {"country": "GB", "paid_by": "shop"}),
        ("CH", NOW, {"country": "CH", "paid_by": "customer"}),
        ("DE", NOW, {}),
    ],
)  # fmt: skip
def test_the_customs_rule_that_began_last_holds(
    session: Session, country: str, now: datetime, known: dict[str, Any]
) -> None:
    rules = {
        "GB": [
            {"valid_from": "2027-01-01", "paid_by": "shop"},
            {"valid_from": "2026-01-01", "paid_by": "customer", "seen_low": 5, "seen_high": 20},
            {"valid_from": "2020-01-01", "paid_by": "shop"},
        ],
        "EU": [{"valid_from": "2028-01-01", "paid_by": "shop"}],
        "*": [{"valid_from": "2020-01-01", "paid_by": "customer"}],
    }
    sync(session, customs=rules)
    assert told(session, "customs", country, now=now) == known


def test_a_coming_customs_rule_is_a_matter_of_time(session: Session) -> None:
    sync(session, zone="Europe/Berlin", customs={"*": [{"valid_from": "2027-01-01", "paid_by": "shop"}]})
    assert read(session, "GB").relevant(["customs.paid_by"]).until == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)


def offer(name: str, ends: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "discount": "20 %", "url": "https://shop.example/x", "ends": ends, **more}


@pytest.mark.parametrize(
    ("starts", "ends", "now", "ends_on"),
    [
        (None, "2026-11-30", NOW, "2026-11-30"),
        (None, "2026-11-22", datetime(2026, 11, 22, 22, 59, tzinfo=UTC), "2026-11-22"),
        (None, "2026-11-22", datetime(2026, 11, 22, 23, 0, tzinfo=UTC), None),
        (None, "2026-11-22T12:00:00", datetime(2026, 11, 22, 10, 59, tzinfo=UTC), "2026-11-22"),
        (None, "2026-11-22T12:00:00", datetime(2026, 11, 22, 11, 0, tzinfo=UTC), None),
        (None, "2026-11-23T00:00:00", NOW, "2026-11-22"),
        (None, "2026-11-22T12:00:00Z", datetime(2026, 11, 22, 11, 59, tzinfo=UTC), "2026-11-22"),
        ("2026-11-22", "2026-11-30", datetime(2026, 11, 21, 22, 59, tzinfo=UTC), None),
        ("2026-11-22", "2026-11-30", datetime(2026, 11, 21, 23, 0, tzinfo=UTC), "2026-11-30"),
        ("2026-11-22T11:30:00", "2026-11-30", NOW, None),
    ],
)
def test_an_offer_is_told_while_it_runs(
    session: Session, starts: str | None, ends: str, now: datetime, ends_on: str | None
) -> None:
    sync(session, zone="Europe/Berlin", offers=[offer("Linen weeks", ends, **({"starts": starts} if starts else {}))])
    assert told(session, "offers", now=now).get("0.ends_on") == ends_on


def test_at_most_three_offers_are_told_with_their_benefits(session: Session) -> None:
    more = {"benefits": ["free hemming", {"en": "gift", "de": "Geschenk"}]}
    ended = offer("Gone", "2026-11-01")
    sync(session, offers=[ended, offer("A", "2026-12-01", **more), *(offer(one, "2026-12-01") for one in "BCD")])
    found = told(session, "offers", language="de")
    assert [found.get(f"{position}.name") for position in range(4)] == ["A", "B", "C", None]
    assert (found["0.benefit"], found["0.benefit2"], "1.benefit" in found) == ("free hemming", "Geschenk", False)


def test_the_end_of_an_offer_is_a_matter_of_time(session: Session) -> None:
    sync(session, offers=[offer("A", "2026-11-30"), offer("B", "2026-12-30", starts="2026-11-25")])
    assert read(session).relevant(["offers.*.name"]).until == datetime(2026, 11, 25, tzinfo=UTC)
    later = datetime(2026, 11, 26, tzinfo=UTC)
    assert read(session, now=later).relevant(["offers.0.name"]).until == datetime(2026, 12, 1, tzinfo=UTC)
    assert read(session).relevant(["shop.name"]).until is None


def test_sizes_are_a_table(session: Session) -> None:
    sync(session, size_table=[{"eu": "38", "us": "8"}, {"eu": "40", "jp": "13"}])
    assert told(session, "size_table") == {"0.eu": "38", "0.us": "8", "1.eu": "40", "1.jp": "13"}
