"""Orders as shops tell them, for the tests of this room."""

from typing import Any


def an_order(**changes: Any) -> dict[str, Any]:
    """One paid order of one shirt, placed on 2 November and not shipped."""
    order: dict[str, Any] = {
        "id": 820982911946154508,
        "name": "#1001",
        "email": "Ana@Example.com ",
        "customer_locale": "en-GB",
        "currency": "EUR",
        "created_at": "2026-11-02T09:00:00+01:00",
        "cancelled_at": None,
        "financial_status": "paid",
        "total_price": "59.00",
        "customer": {"id": 71, "first_name": "Ana", "last_name": "Silva"},
        "shipping_address": {"country_code": "DE", "province_code": None},
        "line_items": [{"id": 9, "title": "Linen shirt", "variant_title": "M", "sku": "LS-M", "quantity": 1}],
    }
    return {**order, **changes}


def a_parcel(*events: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """One parcel on its way by DHL since 5 November."""
    parcel: dict[str, Any] = {
        "id": 88,
        "status": "success",
        "tracking_company": "DHL",
        "tracking_number": "JD014",
        "created_at": "2026-11-05T10:00:00Z",
        "shipment_status": None,
        "events": list(events),
    }
    return {**parcel, **changes}


def a_scan(number: int, status: str, at: str, **changes: Any) -> dict[str, Any]:
    """One word of a carrier; `at` is day and time in November."""
    return {"id": number, "status": status, "happened_at": f"2026-11-{at}:00Z", **changes}
