"""The demo's story: who buys, and what happens when."""

import json
from datetime import UTC, datetime, timedelta

from mailer.demo.buyers import links_of
from mailer.demo.customers import is_flow_mail, read_mail
from mailer.demo.people import customers
from mailer.demo.plot import PARCELS, SHOP, buyers, happenings
from mailer.orders.hook import Hooked
from mailer.orders.sources import HOOKS
from mailer.sources_config import SourceConfig

END = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
KINDS = {SHOP: "shopify", PARCELS: "aftership"}


def test_buyers_are_nobody_else_and_each_has_an_order_of_their_own() -> None:
    people = buyers()
    assert len({one.address for one in people}) == len({one.number for one in people}) == len(people)
    assert not {one.address for one in people} & {one.address for one in customers()}
    assert not {one.number for one in people} & {one.order_number for one in customers()}


def test_nothing_of_the_story_lies_in_the_future_and_an_order_comes_before_its_parcels() -> None:
    told = happenings(buyers(), END)
    assert told == sorted(told, key=lambda one: one.at)
    assert told[-1].at < END
    assert len({(one.source, one.topic, one.key) for one in told}) == len(told)
    for buyer in buyers():
        mine = [one for one in told if one.key.startswith(f"{buyer.position}-")]
        assert mine[0].topic == "orders/create"


def test_every_happening_is_understood_by_its_source() -> None:
    for one in happenings(buyers(), END):
        hook = HOOKS[KINDS[one.source]]
        hooked = Hooked(one.source, {"x-shopify-topic": one.topic, "x-shopify-webhook-id": one.key}, one.body)
        read = hook.read(hooked, SourceConfig(kind=hook.name))
        assert read.facts, (one.topic, read.ignored)
        assert hook.key(hooked).endswith(one.key)


def test_the_story_shows_all_that_flows_must_cope_with() -> None:
    does = {one.does.partition(" ")[0] for one in buyers()}
    assert does >= {"rates", "reviews", "unsubscribes", "complains", "returns", "waits", "cancels"}
    topics = {one.topic for one in happenings(buyers(), END)}
    assert topics >= {"orders/create", "orders/cancelled", "fulfillments/create", "refunds/create"}
    revised = [json.loads(one.body) for one in happenings(buyers(), END) if one.source == PARCELS]
    assert {one["event"] for one in revised} == {"tracking_update", "edd_revise"}


def test_parcels_that_were_promised_come_later_than_that() -> None:
    for one in happenings(buyers(), END):
        data = json.loads(one.body)
        if data.get("event") == "edd_revise":
            first, latest = (data["msg"][f"{name}_estimated_delivery"]["datetime"] for name in ("first", "latest"))
            assert datetime.fromisoformat(latest) - datetime.fromisoformat(first) > timedelta(days=1)


MAIL = (
    b"From: care@shop.test\nAuto-Submitted: auto-generated\nList-Unsubscribe: <mailto:care+x@shop.test>, "
    b"<http://127.0.0.1:1/unsubscribe/u>\nContent-Type: text/html\n\n"
    b'<a href="http://127.0.0.1:1/rate/t?value=1&amp;x=2">1</a> <a href="mailto:care+rate@shop.test">mail</a>'
    b'<a href="http://127.0.0.1:1/rate/t?value=1&amp;x=2">again</a>'
)


def test_the_links_of_a_mail_are_found_once_each_with_its_way_out() -> None:
    found = links_of(read_mail(MAIL))
    assert found == ["http://127.0.0.1:1/rate/t?value=1&x=2", "http://127.0.0.1:1/unsubscribe/u"]
    assert is_flow_mail(MAIL)
    assert not is_flow_mail(b"From: ana@customers.test\n\nauto-submitted: auto-generated")
