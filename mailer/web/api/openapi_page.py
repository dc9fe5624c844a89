"""The API's description as a page for people: plain HTML without script, style or anything from another host."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_TITLES = {
    "OrderIn": "An order",
    "PersonIn": "A person",
    "LineIn": "A position",
    "FulfillmentIn": "A parcel",
    "ScanIn": "A word of the carrier",
    "RefundIn": "A refund",
}


def page_of(document: Mapping[str, Any], example: str) -> str:
    """The page of an OpenAPI document."""
    parts = [_head(), *(_path(path, item) for path, item in document["paths"].items()), _example(example)]
    parts += [_schema(name, schema) for name, schema in document["components"]["schemas"].items()]
    return "\n".join([*parts, "</main></body></html>"])


def _head() -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mailer: API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main>'
        "<h1>Tell Mailer of orders</h1>"
        '<p>For machines: <a href="/api/openapi.json">openapi.json</a>. Every request carries a token:'
        " <code>Authorization: Bearer TOKEN</code>; <code>mailer tokens add NAME --scope orders</code> makes one.</p>"
    )


def _path(path: str, item: Mapping[str, Any]) -> str:
    parts = []
    for method, verb in item.items():
        parts.append(f"<h2>{escape(method.upper())} {escape(path)}</h2><p>{escape(verb['summary'])}.</p>")
        parameters = {one["name"]: one["description"] for one in verb["parameters"]}
        parts.append(_table("In the address", parameters.items()))
        answers = {code: answer["description"] for code, answer in verb["responses"].items()}
        parts.append(_table("Answers", answers.items()))
    return "\n".join(parts)


def _example(example: str) -> str:
    command = "curl -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d @order.json HOST/api/orders"
    return f"<h2>Example</h2><pre>{escape(command)}</pre><pre>{escape(example)}</pre>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    title = _TITLES.get(name, name)
    needed = set(schema["required"])
    rows = (
        (f"{field}{' (needed)' if field in needed else ''}", about["description"])
        for field, about in schema["properties"].items()
    )
    return _table(title, rows)


def _table(title: str, rows: Any) -> str:
    return f"<h3>{escape(title)}</h3><table>{''.join(_rows(rows))}</table>"


def _rows(rows: Any) -> Iterator[str]:
    for name, words in rows:
        yield f"<tr><th><code>{escape(name)}</code></th><td>{escape(words)}</td></tr>"
