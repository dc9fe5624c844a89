"""`mailer orders poll`: a shop is asked over HTTP, and what it says is in the rows when the command ends."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.orders import orders
from mailer.errors import NotFound, Trouble
from tests.cli.test_orders import CONFIG
from tests.orders.shop_api import TOKEN, Reply, ShopApi, serving


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopApi]:
    with serving(ShopApi("shopify")) as shop:
        section = f'[sources.shop]\nkind = "shopify"\nurl = "{shop.url}"\ntoken = "{TOKEN}"\n'
        path = tmp_path / "config.toml"
        path.write_text(CONFIG + section + '[sources.hooks]\nkind = "shopify"\n', encoding="utf-8")
        monkeypatch.setenv("MAILER_CONFIG", str(path))
        yield shop


def run(*arguments: str) -> Result:
    return CliRunner().invoke(orders, ["poll", *arguments])


def test_a_shop_is_asked_and_its_orders_are_read(shop: ShopApi) -> None:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"id": 5001, "name": "#1001", "email": "ana@customer.test", "created_at": at, "updated_at": at}
    shop.orders = [told]
    first, again = run("shop"), run("shop", "--since", "2026-01-01")
    assert (first.exit_code, first.stdout) == (0, "1 pages, 1 orders, 1 of them said something new\n")
    assert again.stdout == "1 pages, 1 orders, 0 of them said something new\n"
    assert shop.asked[1]["updated_at_min"] == "2026-01-01T00:00:00Z"
    shown = CliRunner().invoke(orders, ["show", "1001"])
    assert "ana@customer.test" in shown.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [("other", r"there is no \[sources.other\]"), ("hooks", "has no url")],
)
def test_a_source_that_cannot_be_asked_says_so(shop: ShopApi, name: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        raise run(name).exception or AssertionError("it ended well")


def test_trouble_is_told_with_what_to_do(shop: ShopApi) -> None:
    shop.replies.append(Reply(403))
    with pytest.raises(Trouble, match="read_orders"):
        raise run("shop").exception or AssertionError("it ended well")
