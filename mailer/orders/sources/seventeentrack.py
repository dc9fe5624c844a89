"""17TRACK's pushes (PROVIDERS 2.4), known from third parties only: tested against the vector of PROVIDERS 2.7.

Send a test push from its console before relying on it; `mailer orders deliveries` shows whether it was taken.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from mailer.model.order import ParcelState
from mailer.orders.hook import Facts, Hooked, glance, json_object, list_of, part_of, payload_key, same, word_of
from mailer.orders.sources.tracker import moment_of, scan_of, tracked
from mailer.sources_config import SourceConfig

_STATES = {
    "NotFound": ParcelState.LABEL,
    "InfoReceived": ParcelState.LABEL,
    "InTransit": ParcelState.IN_TRANSIT,
    "Expired": ParcelState.IN_TRANSIT,
    "AvailableForPickup": ParcelState.PICKUP_READY,
    "OutForDelivery": ParcelState.OUT_FOR_DELIVERY,
    "DeliveryFailure": ParcelState.ATTEMPT_FAILED,
    "Delivered": ParcelState.DELIVERED,
    "Exception": ParcelState.IN_TRANSIT,
}
_SUB_STATES = {
    "InTransit_PickedUp": ParcelState.PICKED_UP,
    "InTransit_CustomsProcessing": ParcelState.CUSTOMS,
    "InTransit_CustomsRequiringInformation": ParcelState.CUSTOMS,
    "Exception_Delayed": ParcelState.DELAYED,
    "Exception_Returning": ParcelState.RETURNING,
    "Exception_Returned": ParcelState.RETURNING,
    "Exception_Rejected": ParcelState.RETURNING,
    "Exception_NoBody": ParcelState.ATTEMPT_FAILED,
    "Exception_Lost": ParcelState.LOST,
    "Exception_Damage": ParcelState.LOST,
    "Exception_Destroyed": ParcelState.LOST,
}


class SeventeenTrack:
    """Parcels that 17TRACK follows."""

    name = "17track"
    kept: tuple[str, ...] = ()

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """By SHA-256 over body, slash and API key."""
        made = [hashlib.sha256(hooked.body + b"/" + secret.encode()).hexdigest() for secret in secrets]
        return same(hooked.header("sign").lower(), made)

    def is_ping(self, hooked: Hooked) -> bool:
        """It has none."""
        return False

    def topic(self, hooked: Hooked) -> str:
        """The `event`."""
        return word_of(glance(hooked.body), "event")

    def key(self, hooked: Hooked) -> str:
        """The body: a push has no id."""
        return payload_key(self.topic(hooked), "", body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        data = json_object(hooked.body)
        event = word_of(data, "event")
        if event != "TRACKING_UPDATED":
            return Facts(ignored=f'"{event}" speaks of nothing that we keep' if event else "it names no event")
        told = part_of(data, "data")
        info = part_of(told, "track_info")
        scans = [*_events(info), *_now(info)]
        newest = max((scan["happened_at"] for scan in scans if scan["happened_at"]), default="")
        return tracked(
            number=word_of(told, "number"),
            carrier=_carrier(info),
            scans=scans,
            at=newest,
            service=word_of(part_of(info, "misc_info"), "service_type"),
            origin=word_of(part_of(info, "shipping_info", "shipper_address"), "country"),
            hint=word_of(told, "tag"),
            original={"carrier": told.get("carrier"), "tag": told.get("tag"), "milestone": info.get("milestone")},
        )


def _providers(info: dict[str, Any]) -> list[dict[str, Any]]:
    return list_of(part_of(info, "tracking"), "providers")


def _carrier(info: dict[str, Any]) -> str:
    names = (word_of(part_of(one, "provider"), "name", "alias") for one in _providers(info))
    return next((name for name in names if name), "")


def _state(status: str, sub_status: str) -> ParcelState:
    main = status or sub_status.partition("_")[0]
    return _SUB_STATES.get(sub_status) or _STATES.get(main, ParcelState.IN_TRANSIT)


def _events(info: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for provider in _providers(info):
        for event in list_of(provider, "events"):
            stage, sub_status = word_of(event, "stage"), word_of(event, "sub_status")
            yield scan_of(
                sub_status or stage or "unknown",
                _state("" if sub_status else stage, sub_status),
                moment_of(word_of(event, "time_iso", "time_utc")),
                message=word_of(event, "description"),
                city=word_of(event, "location"),
                original=event,
            )


def _now(info: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The latest status, where no event says it, and the day on which the parcel is expected."""
    latest = part_of(info, "latest_status")
    status, sub_status = word_of(latest, "status"), word_of(latest, "sub_status")
    estimate = moment_of(word_of(part_of(info, "time_metrics", "estimated_delivery_date"), "to", "from"))
    at = moment_of(word_of(part_of(info, "latest_event"), "time_iso", "time_utc"))
    times = [scan["happened_at"] for scan in _events(info)]
    since = at or max(times, default="")
    said = {scan["status"] for scan in _events(info)}
    word = sub_status or status
    if not since or not word or (word in said and not estimate):
        return
    name = ":".join(part for part in (word, estimate) if part)
    message = word_of(latest, "sub_status_descr")
    yield scan_of(word, _state(status, sub_status), since, name=name, message=message, estimate=estimate)
