"""docs/orders-by-mail.md: what people paste makes a payload that we read, in both templates that it is for."""

import base64
import hashlib
import hmac
import json
import re
from typing import Any

import pytest

from mailer.inbound.order_block import find_block, read_block
from mailer.orders.source import OrderIn, parse_payload
from tests.house.sources import ROOT

TEXT = (ROOT / "docs" / "orders-by-mail.md").read_text(encoding="utf-8")
MOMENT = "2026-11-02T09:00:00+0100"
VALUES: dict[str, Any] = {
    "id": 5001,
    "name": "#1001",
    "email": "ana@example.com",
    "total_price": 59.0,
    "line.quantity": 2,
    "fulfillment.tracking_numbers.first": "JD014",
    "shipping_address.country_code": "DE",
}


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def rendered(*, shipped: bool) -> str:
    """What Liquid would make of the snippet, with two positions."""
    inner = re.search(r"capture order_json -%}(.*?){%- endcapture", snippet("liquid"), re.DOTALL)
    assert inner
    text = re.sub(r"{%- if fulfillment -%}(.*?){%- endif -%}", r"\1" if shipped else "", inner[1], flags=re.DOTALL)
    loop = re.search(r"{% for .*? %}(.*?){% endfor %}", text, re.DOTALL)
    assert loop
    once = loop[1].replace("{% unless forloop.last %},{% endunless %}", "")
    text = text.replace(loop[0], f"{once},{once}")
    return re.sub(r"{{ (.*?) }}", lambda match: json.dumps(_value(match[1])), text)


def _value(expression: str) -> Any:
    name, *filters = [part.strip() for part in expression.split("|")]
    assert filters[-1] == "json", f"{expression}: without json a quote in it would break the payload"
    return MOMENT if "date:" in expression else VALUES.get(name, "x")


@pytest.mark.parametrize("shipped", [False, True])
def test_the_shopify_snippet_is_an_order(shipped: bool) -> None:
    data = json.loads(rendered(shipped=shipped))
    (order,) = parse_payload(data)
    assert (order.id, order.name, order.country, len(order.line_items)) == ("5001", "#1001", "DE", 2)
    assert [parcel.tracking_number for parcel in order.fulfillments] == (["JD014"] if shipped else [])
    assert set(data) <= set(OrderIn.model_fields)


def test_the_signature_stands_over_the_base64() -> None:
    text = snippet("liquid")
    assert "assign order_base64 = order_json | base64_encode" in text
    assert '[mailer-order-v1 shop {{ order_base64 }} {{ order_base64 | hmac_sha256: "YOUR SECRET" }}]' in text


def test_the_python_lines_make_a_block_that_we_read() -> None:
    names: dict[str, Any] = {"order": {"name": "#1001"}, "secret": "s3cret"}
    exec(snippet("python"), names)
    block = find_block(names["block"])
    assert block is not None
    assert read_block(block, ["s3cret"]) == b'{"name": "#1001"}'
    expected = hmac.new(b"s3cret", base64.b64encode(b'{"name": "#1001"}'), hashlib.sha256).hexdigest()
    assert block.signature == expected
