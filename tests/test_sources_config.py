"""[sources.NAME]: every mistake with its key, and what a source may say."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mailer import config
from mailer.errors import ConfigError
from mailer.sources_config import KINDS, SourceBook, SourceConfig, sources_problems
from tests.test_config import GOOD


def source(**facts: Any) -> SourceConfig:
    return SourceConfig.model_validate({"kind": "shopify", **facts})


@pytest.mark.parametrize("kind", [*KINDS, "my_shop:Webhooks"])
def test_these_kinds_are_known(kind: str) -> None:
    assert source(kind=kind).kind == kind


@pytest.mark.parametrize("kind", ["", "magento", ":Class", "module:"])
def test_another_kind_is_named_with_those_that_exist(kind: str) -> None:
    with pytest.raises(ValidationError, match="there are shopify, woocommerce"):
        source(kind=kind)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({}, ""),
        ({"url": "https://shop.example.com", "token": "t"}, ""),
        ({"url": "http://127.0.0.1:8000", "token": "t"}, ""),
        ({"url": "https://shop.example.com"}, "sources.shop.token: missing"),
        ({"kind": "woocommerce", "url": "https://a.example", "token": "t"}, "sources.shop.token_secret: missing"),
        ({"kind": "easypost", "url": "https://shop.example.com", "token": "t"}, "only shopify and woocommerce"),
        ({"kind": "mail"}, "sources.shop.secrets: missing"),
        ({"kind": "mail", "secrets": "one"}, ""),
        ({"kind": "api"}, ""),
    ],
)
def test_what_does_not_go_together_is_told(facts: dict[str, Any], problem: str) -> None:
    found = sources_problems({"shop": source(**facts)})
    assert len(found) == bool(problem)
    assert problem in "".join(found)


@pytest.mark.parametrize("name", ["Shop", "my shop", "-shop", "a" * 41, "shop/1"])
def test_a_name_stands_in_an_address(name: str) -> None:
    assert "small letters" in "".join(sources_problems({name: source()}))


@pytest.mark.parametrize(
    "facts",
    [
        {"url": "http://shop.example.com"},
        {"url": "shop.example.com"},
        {"url": "https://user:password@shop.example.com"},
        {"url": "https://shop.example.com/?page=1"},
        {"api_version": "latest"},
        {"poll": "often"},
        {"secrets": [""]},
        {"platform_sends": "order_confirmation"},
        {"country": "Germany"},
        {"largest": 1},
    ],
)
def test_what_cannot_be_meant_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        source(**facts)


def test_a_shop_may_live_under_a_path() -> None:
    assert source(url="https://example.com/shop/").url == "https://example.com/shop"


def test_secrets_stay_hidden_and_two_may_hold() -> None:
    config = source(secrets=["old", "new"], token="shpat")
    assert config.keys == ("old", "new")
    assert "shpat" not in repr(config)
    assert "old" not in repr(config)
    assert not config.polled


@pytest.mark.parametrize(
    ("name", "address", "marketplace"),
    [
        ("shop", "ana@customer.test", False),
        ("amazon", "ana@customer.test", True),
        ("shop", "abc@marketplace.amazon.de", True),
        ("shop", "abc@MARKETPLACE.AMAZON.CO.UK", True),
        ("csv", "ana@customer.test", False),
        ("csv", "ana@notmarketplace.amazon.de", False),
    ],
)
def test_a_marketplace_is_known_by_source_or_relay(name: str, address: str, marketplace: bool) -> None:
    book = SourceBook({"shop": source(), "amazon": source(marketplace=True)}, ("marketplace.amazon.*",))
    assert book.is_marketplace(name, address) is marketplace


def test_a_source_that_nobody_configured_says_nothing() -> None:
    plain = SourceBook().of("csv")
    assert (plain.storefront, plain.platform_sends, plain.marketplace) == ("main", (), False)


def test_all_mistakes_of_the_file_come_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        GOOD + '[sources.Shop]\nkind = "mail"\n[sources.wp]\nkind = "woocommerce"\nurl = "https://a.example"\n'
    )
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    with pytest.raises(ConfigError) as raised:
        config.load()
    said = "\n".join(raised.value.problems)
    for key in ("sources.Shop:", "sources.Shop.secrets:", "sources.wp.token:", "sources.wp.token_secret:"):
        assert key in said
