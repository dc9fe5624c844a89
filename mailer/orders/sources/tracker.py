"""What the services that follow parcels have in common: one parcel, told in the words of `FulfillmentIn`."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from mailer.errors import InputError
from mailer.model.order import ParcelState
from mailer.orders.hook import Facts, TrackingIn, parse_parcel, told_at


def tracked(
    *,
    number: str,
    carrier: str,
    scans: Iterable[Mapping[str, Any]],
    at: str,
    service: str = "",
    origin: str = "",
    url: str = "",
    order_id: str = "",
    order_number: str = "",
    hint: str = "",
    promised_on: date | None = None,
    original: Mapping[str, Any],
) -> Facts:
    """One parcel and what was said of it. Raises InputError with every mistake."""
    if not number:
        raise InputError("payload", ["the parcel's number is missing"])
    told = {
        "tracker": True,
        "tracking_number": number,
        "tracking_company": carrier,
        "tracking_url": url,
        "service": service,
        "origin": origin,
        "updated_at": at or None,
        "events": [scan for scan in scans if scan.get("happened_at")],
        "original": dict(original),
    }
    parcel = parse_parcel(told)
    names = {"order_id": order_id, "order_number": order_number, "hint": hint}
    return Facts((TrackingIn(parcel, told_at(parcel), promised_on=promised_on, **names),))


def scan_of(
    status: str,
    state: ParcelState,
    at: str,
    *,
    name: str = "",
    message: str = "",
    city: str = "",
    country: str = "",
    estimate: str = "",
    original: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One word of a carrier as `ScanIn` reads it; `status` is kept as it was said."""
    return {
        "id": name,
        "status": status[:200],
        "state": state.value,
        "happened_at": at,
        "message": message,
        "city": city,
        "country": country,
        "estimated_delivery_at": estimate or None,
        "original": dict(original or {}),
    }


def moment_of(told: str) -> str:
    """A moment as carriers tell it; where they name no zone it is taken for UTC. A day is its noon."""
    text = told.strip().replace(" ", "T", 1)
    if not text:
        return ""
    if text.isdigit():
        return datetime.fromtimestamp(int(text[:10]), UTC).isoformat()
    if len(text) == 10:
        return f"{text}T12:00:00Z"
    zoned = text.endswith(("Z", "z")) or "+" in text[10:] or "-" in text[10:]
    return text if zoned else f"{text}Z"


def day_of(told: str) -> date | None:
    """The day of a moment as it was told."""
    try:
        return date.fromisoformat(told[:10])
    except ValueError:
        return None


def moment(told: str) -> datetime:
    """A moment of `moment_of`, to be compared. Raises InputError."""
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        raise InputError("payload", [f'"{told}" is not a time']) from None
