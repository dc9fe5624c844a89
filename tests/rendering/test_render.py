"""What customers read: the shipped templates in every state of an order, as text files in golden/, and the HTML."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.model import ParcelState
from mailer.rendering.catalog import Catalog
from mailer.rendering.render import render_reply, tidy, to_html
from tests.build import TEMPLATES

GOLDEN = Path(__file__).parent / "golden"
SHOP = {"shop.name": "Linen & Co"}
ORDER = {"order.number": "#1001", "order.placed_on": "2026-11-02", "customer.first_name": "Ana"}
ITEMS = {
    "items.0.title": "Linen shirt (M)",
    "items.0.quantity": 1,
    "items.1.title": "Wool scarf",
    "items.1.quantity": 2,
}


def parcel(state: ParcelState, number: int = 0) -> dict[str, object]:
    """A parcel of which everything is known."""
    known = {
        "state": state.value,
        "carrier": "DHL",
        "number": f"JD01{number}",
        "url": f"https://track.example/JD01{number}",
        "expected_on": "2026-11-27",
        "state_on": "2026-11-20",
        "last_scan_at": "2026-11-20T08:15:00+00:00",
        "last_place": "Leipzig",
    }
    return {f"parcels.{number}.{name}": value for name, value in known.items()}


def in_state(order_state: str, *parcels: dict[str, object], **more: object) -> dict[str, object]:
    facts: dict[str, object] = {**SHOP, **ORDER, "order.state": order_state, **ITEMS, **more}
    for one in parcels:
        facts |= one
    return facts


CASES: dict[str, tuple[str, dict[str, object]]] = {
    "canceled": ("order_status", in_state("canceled")),
    "not_shipped": ("order_status", in_state("not_shipped")),
    "not_shipped_with_label": ("order_status", in_state("not_shipped", parcel(ParcelState.LABEL))),
    "delivered": ("order_status", in_state("delivered", parcel(ParcelState.DELIVERED))),
    "two_delivered": (
        "order_status",
        in_state("delivered", parcel(ParcelState.DELIVERED), parcel(ParcelState.DELIVERED, 1)),
    ),
    "one_of_two_delivered": (
        "order_status",
        in_state("in_transit", parcel(ParcelState.DELIVERED), parcel(ParcelState.LABEL, 1)),
    ),
    **{
        f"parcel_{state}": ("order_status", in_state("in_transit", parcel(state)))
        for state in ParcelState
        if state not in (ParcelState.DELIVERED, ParcelState.LABEL)
    },
    "little_known": (
        "order_status",
        {
            **SHOP,
            "order.number": "77",
            "order.state": "in_transit",
            "order.placed_on": "2026-11-02",
            "parcels.0.state": "in_transit",
        },
    ),
    "unknown_number": (
        "order_status",
        in_state("in_transit", parcel(ParcelState.IN_TRANSIT), **{"asked.unknown_number": "9999"}),
    ),
    "order_unknown": ("order_unknown", {**SHOP, "customer.first_name": "Ana"}),
    "order_unknown_without_name": ("order_unknown", dict(SHOP)),
}


def reply(key: str, facts: dict[str, Any]) -> str:
    return render_reply(Catalog(TEMPLATES), key, ["en"], facts).text


@pytest.mark.parametrize("name", CASES)
def test_a_shipped_template_reads_as_agreed(name: str) -> None:
    """A text that is wanted otherwise: delete its file in golden/, run the test, and read what it wrote."""
    path = GOLDEN / f"{name}.txt"
    text = reply(*CASES[name])
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} was written; read it")
    assert text == path.read_text(encoding="utf-8")


def test_each_agreed_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_no_text_holds_what_only_programs_say(name: str) -> None:
    text = reply(*CASES[name])
    for word in ("None", "{{", "{%", "in_transit", "not_shipped", "  \n", "\n\n\n", "..", " ."):
        assert word not in text


@pytest.mark.parametrize("name", [name for name, (key, _) in CASES.items() if key == "order_unknown"])
def test_the_neutral_reply_names_nothing_of_an_order(name: str) -> None:
    key, facts = CASES[name]
    known = in_state("in_transit", parcel(ParcelState.IN_TRANSIT))
    assert reply(key, {**known, **facts, "customer.first_name": ""}) == reply(key, dict(SHOP))


def test_a_missing_fact_is_named_and_nothing_made_up() -> None:
    facts = in_state("not_shipped")
    del facts["order.placed_on"]
    with pytest.raises(InputError, match=r"needs facts: order\.placed_on"):
        reply("order_status", facts | {"order.state": ""} | {"order.state": "not_shipped"})
    with pytest.raises(InputError, match=r"needs facts: order\.number, order\.state"):
        reply("order_status", in_state("", **{"order.number": None}))


def test_what_a_shop_or_customer_typed_stays_on_its_line() -> None:
    facts = in_state("not_shipped", **{"customer.first_name": "Ana\r\nBcc: x@evil.test", "order.number": "{{ 7 * 7 }}"})
    text = reply("order_status", facts)
    assert "Hello Ana Bcc: x@evil.test," in text.split("\n")
    assert "{{ 7 * 7 }}" in text


@given(st.text())
def test_tidy_text_ends_with_one_line_break_and_has_no_two_blank_lines(text: str) -> None:
    once = tidy(text)
    assert once.endswith("\n")
    assert "\n\n\n" not in once
    assert tidy(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b>bold</b>",
        "[click](https://evil.test)",
        "![i](https://evil.test/i.png)",
        "[click][1]\n\n[1]: https://evil.test",
        "<javascript:alert(1)>",
        "<data:text/html,x>",
        "<vbscript:x>",
        "&lt;script&gt;",
        "`<script>`",
        "    <script>",
        "```\n<script>\n```",
    ],
)
def test_typed_text_never_becomes_markup_or_a_named_link(text: str) -> None:
    html = to_html(f"Hello {text}\n\n{text}\n")
    for markup in ("<script", "<img", "<b>", "href"):
        assert markup not in html


def test_an_address_in_angle_brackets_is_a_link_to_what_it_shows() -> None:
    html = to_html("Follow it: <https://track.example/JD01?a=1&b=2>\n")
    assert '<a href="https://track.example/JD01?a=1&amp;b=2">https://track.example/JD01?a=1&amp;b=2</a>' in html


def test_paragraphs_lists_and_line_breaks_are_kept() -> None:
    html = to_html("Hello\n\n- one\n- two\n\nKind regards\nLinen & Co\n")
    assert "<li>one</li>" in html
    assert "Kind regards<br />\nLinen &amp; Co" in html
