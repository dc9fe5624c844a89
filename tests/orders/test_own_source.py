"""A source of the shop's own: imported by name, checked whole, and told what it lacks."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.errors import ConfigError
from mailer.orders.hook import Hooked
from mailer.orders.own_source import _own, hook_of, hooks_of
from mailer.orders.sources import HOOKS
from mailer.sources_config import SourceConfig

GOOD = """
import json
from mailer.orders.hook import Facts, body_hash
from mailer.orders.source import parse_payload

class Mine:
    name = "mine"
    kept = ("x-mine",)
    def verify(self, hooked, secrets, now): return hooked.header("x-mine") in secrets
    def is_ping(self, hooked): return False
    def topic(self, hooked): return "order"
    def key(self, hooked): return body_hash(hooked.body)
    def read(self, hooked, config): return Facts(tuple(parse_payload(json.loads(hooked.body))))

class Lacking:
    name = "lacking"
    kept = "x-mine"
    def verify(self, hooked): return True
    def is_ping(self, hooked): return False
    topic = "order"
    def key(self, hooked): return ""

class Needing:
    def __init__(self, url): ...

function = Mine().topic
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "my_shop.py").write_text(GOOD)
    (tmp_path / "my_broken_shop.py").write_text("raise RuntimeError('no')")
    monkeypatch.syspath_prepend(str(tmp_path))
    _own.cache_clear()
    yield
    _own.cache_clear()
    for name in ("my_shop", "my_broken_shop"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("kind", HOOKS)
def test_shipped_sources_are_known_by_name(kind: str) -> None:
    assert hook_of(kind) is HOOKS[kind]


def test_an_own_source_reads_as_a_shipped_one() -> None:
    source = hook_of("my_shop:Mine")
    assert source is not None
    body = b'{"name": "#1001", "email": "ana@customer.test", "created_at": "2026-11-02T09:00:00Z"}'
    hooked = Hooked("shop", {"x-mine": "s3cret"}, body)
    (order,) = source.read(hooked, SourceConfig(kind="my_shop:Mine")).facts
    assert getattr(order, "name", "") == "#1001"
    assert hook_of("my_shop:Mine") is source


def test_a_kind_that_nobody_knows_is_none() -> None:
    assert hook_of("api") is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("nowhere:Mine", "nowhere cannot be imported"),
        ("my_broken_shop:Mine", "RuntimeError: no"),
        ("my_shop:Other", "has no class Other"),
        ("my_shop:function", "has no class function"),
        ("my_shop:Needing", "must need no arguments"),
    ],
)
def test_what_cannot_be_used_says_why(kind: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        hook_of(kind)


def test_what_is_missing_is_told_at_once() -> None:
    sources = {
        "one": SourceConfig(kind="my_shop:Lacking"),
        "two": SourceConfig(kind="nowhere:Mine"),
        "three": SourceConfig(kind="shopify"),
        "four": SourceConfig(kind="nowhere:Mine"),
    }
    with pytest.raises(ConfigError) as raised:
        hooks_of(sources)
    said = "\n".join(raised.value.problems)
    assert len(raised.value.problems) == 5
    for words in ('"kept"', "method verify does not take 3", "no method topic", "no method read", "nowhere cannot"):
        assert words in said


def test_all_that_the_config_names_are_there() -> None:
    found = hooks_of({"mine": SourceConfig(kind="my_shop:Mine"), "api": SourceConfig(kind="api")})
    assert set(found) == {*HOOKS, "my_shop:Mine"}
