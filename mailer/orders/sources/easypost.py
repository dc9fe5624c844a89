"""EasyPost's webhooks (PROVIDERS 2.5): the signature as in its own client, the envelope by its guide."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from mailer.model.order import ParcelState
from mailer.orders.hook import (
    Facts,
    Hooked,
    glance,
    hmac_sha256,
    json_object,
    list_of,
    part_of,
    payload_key,
    same,
    word_of,
)
from mailer.orders.sources.tracker import moment_of, scan_of, tracked
from mailer.sources_config import SourceConfig

_STATES = {
    "pre_transit": ParcelState.LABEL,
    "in_transit": ParcelState.IN_TRANSIT,
    "out_for_delivery": ParcelState.OUT_FOR_DELIVERY,
    "delivered": ParcelState.DELIVERED,
    "available_for_pickup": ParcelState.PICKUP_READY,
    "return_to_sender": ParcelState.RETURNING,
    "failure": ParcelState.ATTEMPT_FAILED,
    "error": ParcelState.LOST,
}
_DETAILS = {
    "delayed": ParcelState.DELAYED,
    "lost": ParcelState.LOST,
    "damaged": ParcelState.LOST,
    "destroyed": ParcelState.LOST,
    "in_customs": ParcelState.CUSTOMS,
    "held_in_customs": ParcelState.CUSTOMS,
}


class EasyPost:
    """Parcels that EasyPost follows. Carriers use numbers again, so a number is one of an order that may have it."""

    name = "easypost"
    kept: tuple[str, ...] = ()

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """By the HMAC of the raw body under the secret in its NFKD form."""
        keys = [unicodedata.normalize("NFKD", secret) for secret in secrets]
        made = [f"hmac-sha256-hex={hmac_sha256(key, hooked.body).hex()}" for key in keys]
        return same(hooked.header("x-hmac-signature"), made)

    def is_ping(self, hooked: Hooked) -> bool:
        """It has none."""
        return False

    def topic(self, hooked: Hooked) -> str:
        """The `description`."""
        return word_of(glance(hooked.body), "description")

    def key(self, hooked: Hooked) -> str:
        """Its own id of the event."""
        return payload_key(word_of(glance(hooked.body), "id"), body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        data = json_object(hooked.body)
        event, tracker = word_of(data, "description"), part_of(data, "result")
        if event not in ("tracker.created", "tracker.updated"):
            return Facts(ignored=f'"{event}" speaks of nothing that we keep' if event else "it says not what it is")
        if word_of(data, "mode") == "test" and not config.sandbox:
            return Facts(ignored="a test of the platform; [sources] sandbox takes them")
        if tracker.get("is_return") is True:
            return Facts(ignored="a parcel on its way back to us is none of an order")
        return tracked(
            number=word_of(tracker, "tracking_code"),
            carrier=word_of(tracker, "carrier"),
            scans=[*_details(tracker), *_now(tracker)],
            at=moment_of(word_of(tracker, "updated_at")),
            service=word_of(part_of(tracker, "carrier_detail"), "service"),
            url=word_of(tracker, "public_url"),
            original={name: value for name, value in tracker.items() if name != "tracking_details"},
        )


def _state(told: dict[str, Any]) -> ParcelState:
    word, detail = word_of(told, "status"), word_of(told, "status_detail")
    state = _STATES.get(word, ParcelState.IN_TRANSIT)
    # What is there is there, whatever the detail says.
    return state if state is ParcelState.DELIVERED else _DETAILS.get(detail, state)


def _details(tracker: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for detail in list_of(tracker, "tracking_details"):
        where = part_of(detail, "tracking_location")
        yield scan_of(
            word_of(detail, "status") or "unknown",
            _state(detail),
            moment_of(word_of(detail, "datetime")),
            message=word_of(detail, "message"),
            city=word_of(where, "city"),
            country=word_of(where, "country"),
            original=detail,
        )


def _now(tracker: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The status, where no detail says it, and the day on which the parcel is expected."""
    word = word_of(tracker, "status") or "unknown"
    estimate = moment_of(word_of(tracker, "est_delivery_date"))
    times = [scan["happened_at"] for scan in _details(tracker) if scan["happened_at"]]
    said = {scan["status"] for scan in _details(tracker)}
    if word in said and not estimate:
        return
    at = max(times, default="") or moment_of(word_of(tracker, "updated_at"))
    name = ":".join(part for part in (word, estimate) if part)
    yield scan_of(word, _state(tracker), at, name=name, estimate=estimate)
