"""`mailer check` on [sources]: what cannot work, who mails twice, and whether shops answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailer.clock import FrozenClock
from mailer.config import Outbound, Rendering, Settings, Shop
from mailer.errors import MailerError, Trouble
from mailer.flows.definition import Flow
from mailer.flows.parse import parse_flow, read_flows
from mailer.flows_config import FlowsConfig
from mailer.health.sources import doubles, source_words, sources_words
from mailer.rendering.catalog import Catalog
from mailer.sources_config import SourceConfig
from tests import build
from tests.orders.shop_api import TOKEN, Reply, ShopApi, serving

FLOW = """
name = "Order confirmation"
status = "STATUS"
kind = "transactional"
[trigger]
event = "order.placed"
per = "order"
[[step]]
id = "tell"
wait = "0h"
send = "order_confirmation"
"""


def flow(status: str) -> Flow:
    return parse_flow("order_confirmation", FLOW.replace("STATUS", status))


def source(**facts: Any) -> SourceConfig:
    return SourceConfig.model_validate({"kind": "shopify", **facts})


@pytest.mark.parametrize(
    ("facts", "status", "said"),
    [
        ({}, "live", "may get order_confirmation twice: flow order_confirmation is live, and shopify mails it too"),
        ({}, "manual", "may get order_confirmation twice"),
        ({}, "draft", ""),
        ({"kind": "woocommerce"}, "live", "may get order_confirmation twice"),
        ({"kind": "api"}, "live", ""),
        ({"kind": "easypost"}, "live", ""),
        ({"platform_sends": ["order_confirmation"]}, "live", "leaves order_confirmation out for orders of shop"),
        ({"platform_sends": ["shipping_notice"]}, "live", "twice"),
        ({"kind": "api", "platform_sends": ["order_confirmation"]}, "live", "leaves order_confirmation out"),
        ({"platform_sends": ["order_confirmation"]}, "draft", ""),
    ],
)
def test_who_mails_twice_is_told(facts: dict[str, Any], status: str, said: str) -> None:
    found = list(doubles({"shop": source(**facts)}, [flow(status)]))
    assert len(found) == bool(said)
    assert said in "".join(found)


def settings(tmp_path: Path, sources: dict[str, SourceConfig], status: str = "live") -> Settings:
    (tmp_path / "order_confirmation.toml").write_text(FLOW.replace("STATUS", status))
    return Settings.model_construct(
        shop=Shop(name="Linen & Co"),
        outbound=Outbound(host="127.0.0.1"),
        rendering=Rendering(templates=build.TEMPLATES),
        flows=FlowsConfig(directory=tmp_path),
        sources=sources,
    )


def told(shop: Settings) -> str:
    return sources_words(shop, read_flows(shop.flows.directory)[0].values(), Catalog(shop.rendering.templates))


def test_the_check_reads_the_flows_of_the_shop(tmp_path: Path) -> None:
    words = told(settings(tmp_path, {"shop": source(), "parcels": source(kind="aftership")}))
    first, *rest = words.splitlines()
    assert first == "shop, parcels"
    assert len(rest) == 1
    assert told(settings(tmp_path, {})).startswith("none; orders come from files")


def test_a_mail_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    wrong = settings(tmp_path, {"shop": source(platform_sends=["order_confirmed", "shipping_notice"])})
    with pytest.raises(MailerError, match=r'no mail "order_confirmed"; there are .*order_confirmation'):
        told(wrong)


def test_a_class_that_cannot_be_imported_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(MailerError, match="nowhere cannot be imported"):
        told(settings(tmp_path, {"shop": source(kind="nowhere:Shop")}))


@pytest.fixture
def shop() -> Iterator[ShopApi]:
    with serving(ShopApi("shopify")) as shop:
        yield shop


async def test_a_shop_that_lets_us_in_is_well(shop: ShopApi, clock: FrozenClock) -> None:
    words = await source_words("shop", source(url=shop.url, token=TOKEN), clock)
    assert words == f"{shop.url} lets us in; 0 orders changed in the last hour"
    assert shop.asked[0]["updated_at_min"] == "2026-11-22T09:00:00Z"


async def test_a_shop_that_does_not_says_what_to_do(shop: ShopApi, clock: FrozenClock) -> None:
    shop.replies.append(Reply(401))
    with pytest.raises(Trouble, match="make a new one"):
        await source_words("shop", source(url=shop.url, token=TOKEN), clock)
