"""AfterShip Tracking's webhooks (PROVIDERS 2.3), of version 2026-07: header and body by its own pages."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from mailer.model.order import ParcelState
from mailer.orders.hook import (
    Facts,
    Hooked,
    glance,
    json_object,
    list_of,
    part_of,
    payload_key,
    signed_base64,
    word_of,
)
from mailer.orders.sources.tracker import day_of, moment, moment_of, scan_of, tracked
from mailer.sources_config import SourceConfig

_EVENTS = ("tracking_update", "edd_revise", "tracking_pending_time")

_TAGS = {
    "Pending": ParcelState.LABEL,
    "InfoReceived": ParcelState.LABEL,
    "InTransit": ParcelState.IN_TRANSIT,
    "OutForDelivery": ParcelState.OUT_FOR_DELIVERY,
    "AttemptFail": ParcelState.ATTEMPT_FAILED,
    "AvailableForPickup": ParcelState.PICKUP_READY,
    "Delivered": ParcelState.DELIVERED,
    "Exception": ParcelState.LOST,
    "Expired": ParcelState.IN_TRANSIT,
}
# The only codes that its own pages explain; third parties contradict each other on the others.
_DELAYS = ("Exception_004", "Exception_005", "Exception_016", "Exception_017")
_DOCUMENTS = "Exception_018"


class AfterShip:
    """Parcels that AfterShip follows."""

    name = "aftership"
    kept: tuple[str, ...] = ("as-webhook-version",)

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """By the HMAC of the raw body."""
        return signed_base64(hooked.header("aftership-hmac-sha256"), secrets, hooked.body)

    def is_ping(self, hooked: Hooked) -> bool:
        """AfterShip's test is a signed tracking."""
        return False

    def topic(self, hooked: Hooked) -> str:
        """The `event`."""
        return word_of(glance(hooked.body), "event")

    def key(self, hooked: Hooked) -> str:
        """Its own id of the event, the same in all 14 tries."""
        return payload_key(word_of(glance(hooked.body), "event_id"), body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        data = json_object(hooked.body)
        event = word_of(data, "event")
        if event not in _EVENTS:
            return Facts(ignored=f'"{event}" speaks of nothing that we keep' if event else "it names no event")
        told = part_of(data, "msg")
        at = moment_of(word_of(data, "ts")) or moment_of(word_of(told, "updated_at"))
        return tracked(
            number=word_of(told, "tracking_number"),
            carrier=word_of(told, "slug"),
            scans=[*_checkpoints(told), *_now(told, event, word_of(data, "event_id"), at)],
            at=at,
            service=word_of(told, "shipment_type", "courier_service_type"),
            origin=word_of(told, "origin_country_region", "tracking_origin_country"),
            url=word_of(told, "courier_tracking_link"),
            order_id=word_of(told, "order_id"),
            order_number=word_of(told, "order_number"),
            promised_on=day_of(word_of(told, "order_promised_delivery_date")),
            original={name: value for name, value in told.items() if name != "checkpoints"},
        )


def _state(tag: str, subtag: str) -> ParcelState:
    if subtag in _DELAYS:
        return ParcelState.DELAYED
    if subtag == _DOCUMENTS:
        return ParcelState.CUSTOMS
    return _TAGS.get(tag, ParcelState.IN_TRANSIT)


def _checkpoints(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for point in list_of(told, "checkpoints"):
        tag, subtag = word_of(point, "tag"), word_of(point, "subtag")
        yield scan_of(
            subtag or tag or "unknown",
            _state(tag, subtag),
            moment_of(word_of(point, "checkpoint_time", "created_at")),
            message=word_of(point, "message", "subtag_message"),
            city=word_of(point, "city", "location"),
            country=word_of(point, "country_region_name", "country_name", "country_iso3"),
            original=point,
        )


def _now(told: dict[str, Any], event: str, event_id: str, at: str) -> Iterator[dict[str, Any]]:
    """What holds now: the tag, where no checkpoint says it, and the day on which the parcel is expected."""
    tag, subtag = word_of(told, "tag"), word_of(told, "subtag")
    estimate = _estimate(told)
    said = {word_of(point, "tag") for point in list_of(told, "checkpoints")}
    if event != "edd_revise" and tag in said and not estimate and not told.get("return_to_sender"):
        return
    state, status = _state(tag, subtag), subtag or tag or "unknown"
    if told.get("return_to_sender") is True and tag != "Delivered":
        state, status = ParcelState.RETURNING, "return_to_sender"
    if event == "edd_revise" and state is not ParcelState.DELIVERED and _slipped(told):
        state, status = ParcelState.DELAYED, "edd_revise"
    name = event_id if event == "edd_revise" else ":".join(part for part in (status, estimate) if part)
    yield scan_of(status, state, _since(told, tag) or at, name=name, message=_words(told), estimate=estimate)


def _since(told: dict[str, Any], tag: str) -> str:
    """When the tag became so, as far as it is told."""
    if tag == "Delivered":
        return moment_of(word_of(told, "shipment_delivery_date"))
    those = [point for point in list_of(told, "checkpoints") if point.get("tag") == tag]
    times = [moment_of(word_of(point, "checkpoint_time")) for point in those]
    return max((time for time in times if time), key=moment, default="")


def _estimate(told: dict[str, Any]) -> str:
    latest = part_of(told, "latest_estimated_delivery")
    custom = word_of(part_of(told, "custom_estimated_delivery_date"), "datetime", "date")
    after = word_of(part_of(told, "aftership_estimated_delivery_date"), "estimated_delivery_date", "datetime")
    newest = word_of(latest, "datetime", "datetime_max")
    return moment_of(newest or custom or word_of(told, "expected_delivery") or after)


def _slipped(told: dict[str, Any]) -> bool:
    """Whether the newest estimate is a later day than the first, or than what was promised."""
    first = day_of(word_of(part_of(told, "first_estimated_delivery"), "datetime", "datetime_max"))
    promised = day_of(word_of(told, "order_promised_delivery_date"))
    newest = day_of(_estimate(told))
    known = [day for day in (promised, first) if day]
    return newest is not None and bool(known) and newest > known[0]


def _words(told: dict[str, Any]) -> str:
    return word_of(told, "subtag_message")
