"""Shippo's tracking webhooks (PROVIDERS 2.6): body by its own pages; the header's form is known from third parties."""

import re
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
from mailer.orders.sources.tracker import day_of, moment_of, scan_of, tracked
from mailer.sources_config import SourceConfig

# A signature older than that, or from further ahead, is somebody's who kept it.
_TOLERANCE = 300

_STATES = {
    "PRE_TRANSIT": ParcelState.LABEL,
    "TRANSIT": ParcelState.IN_TRANSIT,
    "DELIVERED": ParcelState.DELIVERED,
    "RETURNED": ParcelState.RETURNING,
    "FAILURE": ParcelState.ATTEMPT_FAILED,
    "UNKNOWN": ParcelState.IN_TRANSIT,
}
_SUB_STATES = {
    "package_accepted": ParcelState.PICKED_UP,
    "out_for_delivery": ParcelState.OUT_FOR_DELIVERY,
    "package_held": ParcelState.PICKUP_READY,
    "pickup_available": ParcelState.PICKUP_READY,
    "delivery_attempted": ParcelState.ATTEMPT_FAILED,
    "delayed": ParcelState.DELAYED,
    "package_damaged": ParcelState.LOST,
    "package_lost": ParcelState.LOST,
    "customs": ParcelState.CUSTOMS,
}


class Shippo:
    """Parcels that Shippo follows; its webhooks are not idempotent, so the body is what is once."""

    name = "shippo"
    kept: tuple[str, ...] = ()

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """By the HMAC over time and body, at most 5 minutes old; or by `?token=`, without such a header."""
        given = hooked.header("shippo-auth-signature")
        if not given:
            return same(hooked.query.get("token", ""), secrets)
        parts = dict(part.strip().partition("=")[::2] for part in given.split(","))
        stamp = parts.get("t", "")
        if not re.fullmatch(r"\d{1,12}", stamp) or abs(now.timestamp() - int(stamp)) > _TOLERANCE:
            return False
        made = [hmac_sha256(secret, f"{stamp}.".encode() + hooked.body).hex() for secret in secrets]
        return same(parts.get("v1", ""), made)

    def is_ping(self, hooked: Hooked) -> bool:
        """It has none."""
        return False

    def topic(self, hooked: Hooked) -> str:
        """The `event`."""
        return word_of(glance(hooked.body), "event")

    def key(self, hooked: Hooked) -> str:
        """The body: a webhook has no id."""
        return payload_key(self.topic(hooked), "", body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        data = json_object(hooked.body)
        event, track = word_of(data, "event"), part_of(data, "data")
        if event != "track_updated":
            return Facts(ignored=f'"{event}" speaks of nothing that we keep' if event else "it names no event")
        if data.get("test") is True and not config.sandbox:
            return Facts(ignored="a test of the platform; [sources] sandbox takes them")
        return tracked(
            number=word_of(track, "tracking_number"),
            carrier=word_of(track, "carrier"),
            scans=[*_history(track), *_now(track)],
            at=moment_of(word_of(part_of(track, "tracking_status"), "status_date")),
            service=word_of(part_of(track, "servicelevel"), "name", "token"),
            origin=word_of(part_of(track, "address_from"), "country"),
            # As in "Order 000123": the shop's own words.
            hint=word_of(track, "metadata").removeprefix("Order ").strip(),
            original={name: value for name, value in track.items() if name != "tracking_history"},
        )


def _state(told: dict[str, Any]) -> ParcelState:
    state = _STATES.get(word_of(told, "status").upper(), ParcelState.IN_TRANSIT)
    if state in (ParcelState.DELIVERED, ParcelState.RETURNING):
        return state
    return _SUB_STATES.get(_code(told), state)


def _code(told: dict[str, Any]) -> str:
    return word_of(part_of(told, "substatus"), "code").lower()


def _word(told: dict[str, Any]) -> str:
    return ":".join(part for part in (word_of(told, "status"), _code(told)) if part) or "unknown"


def _scan(told: dict[str, Any], state: ParcelState, *, name: str = "", estimate: str = "") -> dict[str, Any]:
    where = part_of(told, "location")
    return scan_of(
        _word(told),
        state,
        moment_of(word_of(told, "status_date")),
        name=name,
        message=word_of(told, "status_details"),
        city=word_of(where, "city"),
        country=word_of(where, "country"),
        estimate=estimate,
        original=told,
    )


def _history(track: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for told in list_of(track, "tracking_history"):
        yield _scan(told, _state(told))


def _now(track: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The status now, with the day on which the parcel is expected; a later day than the first one is a delay."""
    told = part_of(track, "tracking_status")
    if not told:
        return
    estimate, first = word_of(track, "eta"), word_of(track, "original_eta")
    state = _state(told)
    newest, original = day_of(estimate), day_of(first)
    late = newest is not None and original is not None and newest > original
    if late and state in (ParcelState.LABEL, ParcelState.PICKED_UP, ParcelState.IN_TRANSIT):
        state = ParcelState.DELAYED
    same_word = any(_word(one) == _word(told) for one in list_of(track, "tracking_history"))
    if same_word and not estimate:
        return
    name = ":".join([_word(told), moment_of(estimate)]) if estimate else ""
    yield _scan(told, state, name=name, estimate=moment_of(estimate))
