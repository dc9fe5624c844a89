"""GET /api/openapi.json and GET /api/docs: what POST /api/orders takes, for machines and for whoever connects a shop.

The schemas are those that requests are checked with; only the words stand here. The page loads nothing from anywhere.
"""

import json
from functools import cache
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, Response

from mailer import __version__
from mailer.orders.source import OrderIn
from mailer.web.api.openapi_page import page_of

router = APIRouter()

EXAMPLE: dict[str, Any] = {
    "id": "5001",
    "name": "#1001",
    "email": "ana@example.com",
    "customer_locale": "de",
    "currency": "EUR",
    "total_price": "59.00",
    "financial_status": "paid",
    "created_at": "2026-11-02T09:00:00+01:00",
    "updated_at": "2026-11-09T12:20:00+01:00",
    "customer": {"first_name": "Ana", "last_name": "Berger"},
    "shipping_address": {"country_code": "DE"},
    "line_items": [{"id": "9", "title": "Linen shirt", "variant_title": "M", "sku": "LS-M", "quantity": 1}],
    "fulfillments": [
        {
            "id": "88",
            "status": "success",
            "tracking_company": "DHL",
            "tracking_number": "JD014600003828",
            "created_at": "2026-11-03T16:00:00+01:00",
            "events": [{"id": "900", "status": "delivered", "happened_at": "2026-11-09T11:20:00Z"}],
        }
    ],
}

_MOMENT = "a moment with its zone, as in 2026-11-02T09:00:00+01:00"

# What each field is, by schema and field. A field that is not here is not told of: it is for platforms of their own.
WORDS: dict[str, dict[str, str]] = {
    "OrderIn": {
        "id": "the shop's own id, as text or number",
        "name": "the order number as customers know it; the same number is the same order",
        "email": "the buyer's address",
        "customer_locale": "the buyer's language, as in de or pt-BR",
        "currency": "three letters, as in EUR",
        "total_price": "what the order costs, as in 59.00",
        "financial_status": "pending, paid, partially_refunded, refunded or voided",
        "created_at": f"when it was placed: {_MOMENT}",
        "updated_at": f"when the shop last changed it; an older payload never overwrites a newer one: {_MOMENT}",
        "cancelled_at": f"when the whole order was canceled: {_MOMENT}",
        "promised_on": "the day by which you promised it, as in 2026-11-09",
        "test": "true for an order that is only a test: it is counted and ignored",
        "customer": "who bought it",
        "shipping_address": "where it goes",
        "billing_address": "who pays",
        "line_items": "what was bought; a payload without positions says nothing of them",
        "fulfillments": "its parcels; a payload without parcels says nothing of them",
        "refunds": "money that went back",
    },
    "PersonIn": {
        "name": "the whole name",
        "first_name": "the first name",
        "last_name": "the family name",
        "country_code": "two letters, as in DE",
        "province_code": "a state or province where the country has several time zones, as in CA",
    },
    "LineIn": {
        "id": "the shop's own id of this position",
        "title": "what it is",
        "variant_title": "size, color and the like",
        "sku": "the shop's own number of the article",
        "quantity": "how many",
        "price": "what one costs",
        "image_url": "a picture, for mails",
    },
    "FulfillmentIn": {
        "id": "the shop's own id of this parcel",
        "status": "success when it left; pending or open before; cancelled when there is no such parcel",
        "tracking_company": "the carrier",
        "tracking_number": "the parcel's number",
        "tracking_url": "where customers follow it",
        "service": "the carrier's service, as in express",
        "origin": "the country where it starts, as in DE",
        "shipment_status": "the carrier's last word, where there are no events",
        "created_at": f"when it left: {_MOMENT}",
        "updated_at": f"when this was told: {_MOMENT}",
        "estimated_delivery_at": f"when the carrier expects it: {_MOMENT}",
        "events": "what the carrier said, each once",
    },
    "ScanIn": {
        "id": "the carrier's own id of this scan; without one, status and moment tell it apart",
        "status": "label, picked_up, in_transit, customs, out_for_delivery, attempt_failed, pickup_ready, delayed,"
        " returning, lost, delivered, or a word of Shopify; others are kept and mean in_transit",
        "message": "the carrier's sentence",
        "happened_at": _MOMENT,
        "estimated_delivery_at": f"when the carrier expects it now: {_MOMENT}",
        "city": "where",
        "country": "where, as in DE",
    },
    "RefundIn": {
        "id": "the shop's own id of this refund",
        "currency": "three letters, if it is not the order's",
        "note": "why",
        "processed_at": f"when the money left: {_MOMENT}",
        "created_at": f"when it was decided: {_MOMENT}",
    },
}

ERRORS = {
    "400": "something cannot be read; `problems` names every mistake with its place; nothing was recorded",
    "401": "no token, or not one of scope orders",
    "413": "larger than 5 MB; send several",
    "500": "our fault; send it again, telling twice changes nothing",
}
_PARAMETERS = {
    "source": 'the name of a section [sources.NAME] with kind = "api"; it says marketplace and platform_sends',
    "storefront": "the brand whose order numbers these are, if it is not that of the source",
}


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 description."""
    schemas = _schemas()
    order = {"$ref": "#/components/schemas/OrderIn"}
    body = {"schema": {"anyOf": [order, {"type": "array", "items": order}]}, "example": EXAMPLE}
    counts = {name: {"type": "integer"} for name in ("created", "updated", "unchanged", "ignored")}
    problems = {"type": "object", "properties": {"problems": {"type": "array", "items": {"type": "string"}}}}
    counted = {"application/json": {"schema": {"type": "object", "properties": counts}}}
    told = {"201": "recorded, and at least one order was new", "200": "recorded; every order was known"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Mailer", "version": __version__},
        "paths": {
            "/api/orders": {
                "post": {
                    "operationId": "tellOrders",
                    "summary": "Tell of an order, or of several; telling again changes nothing",
                    "security": [{"token": []}],
                    "parameters": [
                        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
                        for name, words in _PARAMETERS.items()
                    ],
                    "requestBody": {"required": True, "content": {"application/json": body}},
                    "responses": {
                        **{code: {"description": words, "content": counted} for code, words in told.items()},
                        **{
                            code: {"description": words, "content": {"application/json": {"schema": problems}}}
                            for code, words in ERRORS.items()
                        },
                    },
                }
            }
        },
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _schemas() -> dict[str, Any]:
    """The schemas that requests are checked with, our words beside each field."""
    whole = OrderIn.model_json_schema(ref_template="#/components/schemas/{model}")
    found = {**whole.pop("$defs"), "OrderIn": whole}
    return {name: _schema(found[name], words) for name, words in WORDS.items()}


def _schema(schema: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    properties = {name: {**_plain(schema["properties"][name]), "description": text} for name, text in words.items()}
    return {"type": "object", "properties": properties, "required": schema.get("required", [])}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in field.items() if name not in ("title", "default")}
    # Ids come as text or as numbers; they are kept as text.
    return {**plain, "type": ["string", "integer"]} if plain.get("maxLength") == 200 else plain


@router.get("/api/openapi.json")
async def openapi() -> Response:
    """The description for machines."""
    return JSONResponse(document())


@router.get("/api/docs")
async def docs() -> Response:
    """The description for people."""
    return HTMLResponse(page_of(document(), json.dumps(EXAMPLE, indent=2)))
