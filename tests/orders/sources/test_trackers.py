"""The services that follow parcels: AfterShip, 17TRACK, EasyPost, Shippo."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mailer.model import ParcelState
from mailer.orders.hook import Facts, Hooked, HookSource, TrackingIn
from mailer.orders.source import ScanIn
from mailer.orders.sources.aftership import AfterShip
from mailer.orders.sources.easypost import EasyPost
from mailer.orders.sources.seventeentrack import SeventeenTrack
from mailer.orders.sources.shippo import Shippo
from mailer.sources_config import SourceConfig
from mailer.testing import HookSourceContract
from tests.orders.sources.hooked import SECRET, VECTOR, VECTOR_BODY, a_tracking, as_json, base64_hmac, hex_hmac

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def told(facts: Facts) -> TrackingIn:
    (fact,) = facts.facts
    assert isinstance(fact, TrackingIn)
    return fact


def newest(facts: Facts) -> ScanIn:
    return max(told(facts).parcel.events, key=lambda scan: scan.happened_at)


def read(source: HookSource, data: object) -> Facts:
    return source.read(Hooked("parcels", {}, as_json(data)), SourceConfig(kind=source.name))


# AfterShip


def aftership(event: str = "tracking_update", number: str = "6f1c", **changes: Any) -> dict[str, Any]:
    return {"event": event, "event_id": number, "ts": 1793000000, "msg": a_tracking(**changes)}


class TestAfterShip(HookSourceContract):
    source = AfterShip()
    config = SourceConfig(kind="aftership")
    examples = (
        ({}, as_json(aftership(tag="Delivered", subtag="Delivered_001"))),
        ({}, as_json(aftership("edd_revise", "7a", tag="InTransit", expected_delivery="2026-11-20"))),
        ({}, as_json(aftership("tracking_pending_time", "8b", tag="Pending"))),
    )
    unknown_word = ({}, as_json(aftership(tag="Teleported", subtag="Teleported_001")), "Teleported_001")

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"aftership-hmac-sha256": base64_hmac(body, secret)}


def test_aftership_signs_as_the_vector() -> None:
    assert AfterShip().verify(Hooked("parcels", {"aftership-hmac-sha256": VECTOR}, VECTOR_BODY), [SECRET], NOW)


def test_aftership_is_known_by_its_event_id_whatever_else_changes() -> None:
    one, other = aftership(), {**aftership(), "ts": 1793000001}
    keys = {AfterShip().key(Hooked("parcels", {}, as_json(data))) for data in (one, other)}
    assert keys == {"6f1c"}


@pytest.mark.parametrize(
    ("tag", "subtag", "state"),
    [
        ("Pending", "Pending_001", "label"),
        ("InfoReceived", "InfoReceived_001", "label"),
        ("InTransit", "InTransit_007", "in_transit"),
        ("OutForDelivery", "OutForDelivery_001", "out_for_delivery"),
        ("AttemptFail", "AttemptFail_001", "attempt_failed"),
        ("AvailableForPickup", "AvailableForPickup_001", "pickup_ready"),
        ("Delivered", "Delivered_001", "delivered"),
        ("Exception", "Exception_004", "delayed"),
        ("Exception", "Exception_005", "delayed"),
        ("Exception", "Exception_016", "delayed"),
        ("Exception", "Exception_017", "delayed"),
        ("Exception", "Exception_018", "customs"),
        ("Exception", "Exception_001", "lost"),
        ("Expired", "Expired_001", "in_transit"),
    ],
)
def test_aftership_tags_mean_our_states(tag: str, subtag: str, state: str) -> None:
    assert newest(read(AfterShip(), aftership(tag=tag, subtag=subtag))).state == state


def test_checkpoints_are_scans_and_the_tag_is_not_said_twice() -> None:
    points = [
        {"checkpoint_time": "2026-11-06T08:00:00+01:00", "tag": "InTransit", "subtag": "InTransit_002", "city": "Ulm"},
        {"checkpoint_time": "2026-11-09T12:00:00+01:00", "tag": "Delivered", "subtag": "Delivered_001"},
    ]
    events = told(read(AfterShip(), aftership(tag="Delivered", checkpoints=points))).parcel.events
    assert [(scan.status, scan.city) for scan in events] == [("InTransit_002", "Ulm"), ("Delivered_001", "")]


def test_a_parcel_that_goes_back_is_returning() -> None:
    assert newest(read(AfterShip(), aftership(tag="InTransit", return_to_sender=True))).state == "returning"


@pytest.mark.parametrize(
    ("first", "latest", "promised", "state"),
    [
        ("2026-11-10", "2026-11-12", "", ParcelState.DELAYED),
        ("2026-11-10", "2026-11-10", "", ParcelState.IN_TRANSIT),
        ("2026-11-10", "2026-11-09", "", ParcelState.IN_TRANSIT),
        ("2026-11-08", "2026-11-09", "2026-11-10", ParcelState.IN_TRANSIT),
        ("2026-11-08", "2026-11-11", "2026-11-10", ParcelState.DELAYED),
    ],
)
def test_a_revised_day_is_a_delay_when_it_is_later_than_what_was_said(
    first: str, latest: str, promised: str, state: ParcelState
) -> None:
    days = {
        "first_estimated_delivery": {"datetime": first},
        "latest_estimated_delivery": {"datetime": latest},
        "order_promised_delivery_date": promised,
    }
    facts = read(AfterShip(), aftership("edd_revise", tag="InTransit", **days))
    scan = newest(facts)
    assert (scan.state, scan.estimated_delivery_at and scan.estimated_delivery_at.date().isoformat()) == (state, latest)
    assert told(facts).promised_on == (date.fromisoformat(promised) if promised else None)


# 17TRACK


def push(sub_status: str = "InTransit_PickedUp", **changes: Any) -> dict[str, Any]:
    event = {"time_iso": "2026-11-06T08:00:00+08:00", "description": "Accepted", "sub_status": sub_status}
    info = {
        "latest_status": {"status": sub_status.partition("_")[0], "sub_status": sub_status},
        "tracking": {"providers": [{"provider": {"name": "YunExpress"}, "events": [event]}]},
    }
    return {"event": "TRACKING_UPDATED", "data": {"number": "YT1", "carrier": 3011, "tag": "1001", "track_info": info}}


class TestSeventeenTrack(HookSourceContract):
    source = SeventeenTrack()
    config = SourceConfig(kind="17track")
    examples = (({}, as_json(push())), ({}, as_json(push("Delivered_Other"))))
    unknown_word = ({}, as_json(push("Teleported_Now")), "Teleported_Now")

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"sign": hashlib.sha256(body + f"/{secret}".encode()).hexdigest()}


def test_17track_signs_as_the_vector() -> None:
    sign = "1eba93ec205bcf0d73bc54e8810aca963c617799a9bd37575cb46ec54848b9c8"
    assert SeventeenTrack().verify(Hooked("parcels", {"sign": sign}, VECTOR_BODY), [SECRET], NOW)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("NotFound_Other", "label"),
        ("InfoReceived", "label"),
        ("InTransit_PickedUp", "picked_up"),
        ("InTransit_Departure", "in_transit"),
        ("InTransit_CustomsProcessing", "customs"),
        ("InTransit_CustomsReleased", "in_transit"),
        ("AvailableForPickup_Other", "pickup_ready"),
        ("OutForDelivery_Other", "out_for_delivery"),
        ("DeliveryFailure_NoBody", "attempt_failed"),
        ("Delivered_Other", "delivered"),
        ("Exception_Delayed", "delayed"),
        ("Exception_Returning", "returning"),
        ("Exception_Lost", "lost"),
        ("Exception_Damage", "lost"),
    ],
)
def test_17track_words_mean_our_states(word: str, state: str) -> None:
    assert newest(read(SeventeenTrack(), push(word))).state == state


def test_17track_names_its_carrier_and_the_shops_own_words() -> None:
    parcel = told(read(SeventeenTrack(), push()))
    assert (parcel.parcel.tracking_company, parcel.hint, parcel.waits_for) == ("YunExpress", "1001", "YT1")


def test_the_end_of_a_subscription_says_nothing_of_the_parcel() -> None:
    assert read(SeventeenTrack(), {"event": "TRACKING_STOPPED", "data": {"number": "YT1"}}).ignored


# EasyPost


def tracker(status: str = "in_transit", number: str = "evt_1", **changes: Any) -> dict[str, Any]:
    detail = {"message": "Scan", "status": status, "datetime": "2026-11-06T08:00:00Z"}
    result = {
        "tracking_code": "EZ1",
        "carrier": "USPS",
        "status": status,
        "updated_at": "2026-11-06T08:01:00Z",
        "tracking_details": [detail],
        "carrier_detail": {"service": "Priority"},
        **changes,
    }
    return {"object": "Event", "id": number, "description": "tracker.updated", "mode": "production", "result": result}


class TestEasyPost(HookSourceContract):
    source = EasyPost()
    config = SourceConfig(kind="easypost")
    examples = (({}, as_json(tracker())), ({}, as_json(tracker("delivered", "evt_2"))))
    unknown_word = ({}, as_json(tracker("teleported")), "teleported")
    test_example = ({}, as_json({**tracker(), "mode": "test"}))

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-hmac-signature": f"hmac-sha256-hex={hex_hmac(body, secret)}"}


def test_easypost_signs_as_the_vector() -> None:
    sign = "hmac-sha256-hex=24ca32cfe4e232c99474de7105aa21eab1c7cac2f2d6527d755f05bb991475c4"
    assert EasyPost().verify(Hooked("parcels", {"x-hmac-signature": sign}, VECTOR_BODY), [SECRET], NOW)


def test_easypost_takes_its_secret_apart_before_it_signs() -> None:
    sign = "hmac-sha256-hex=" + hex_hmac(b"{}", "cafe\u0301")
    assert EasyPost().verify(Hooked("parcels", {"x-hmac-signature": sign}, b"{}"), ["caf\u00e9"], NOW)


@pytest.mark.parametrize(
    ("status", "detail", "state"),
    [
        ("unknown", "", "in_transit"),
        ("pre_transit", "", "label"),
        ("in_transit", "delayed", "delayed"),
        ("out_for_delivery", "", "out_for_delivery"),
        ("delivered", "delayed", "delivered"),
        ("available_for_pickup", "", "pickup_ready"),
        ("return_to_sender", "", "returning"),
        ("failure", "", "attempt_failed"),
        ("failure", "lost", "lost"),
        ("error", "", "lost"),
    ],
)
def test_easypost_words_mean_our_states(status: str, detail: str, state: str) -> None:
    point = {"status": status, "status_detail": detail, "datetime": "2026-11-06T08:00:00Z"}
    assert newest(read(EasyPost(), tracker(status, tracking_details=[point]))).state == state


def test_a_parcel_back_to_us_is_none_of_an_order() -> None:
    assert read(EasyPost(), tracker(is_return=True)).ignored


def test_the_expected_day_and_the_service_come_along() -> None:
    facts = read(EasyPost(), tracker(est_delivery_date="2026-11-09T20:00:00Z"))
    assert told(facts).parcel.service == "Priority"
    estimates = [scan.estimated_delivery_at for scan in told(facts).parcel.events if scan.estimated_delivery_at]
    assert estimates == [datetime(2026, 11, 9, 20, tzinfo=UTC)]


# Shippo


def track(status: str = "TRANSIT", code: str = "", **changes: Any) -> dict[str, Any]:
    current = {"status": status, "status_date": "2026-11-06T08:00:00Z", "substatus": {"code": code} if code else None}
    data = {
        "carrier": "usps",
        "tracking_number": "SH1",
        "metadata": "Order 1001",
        "servicelevel": {"token": "usps_priority", "name": "Priority"},
        "tracking_status": current,
        "tracking_history": [current],
        **changes,
    }
    return {"event": "track_updated", "test": False, "data": data}


class TestShippo(HookSourceContract):
    source = Shippo()
    config = SourceConfig(kind="shippo")
    examples = (({}, as_json(track())), ({}, as_json(track("DELIVERED"))))
    unknown_word = ({}, as_json(track("TELEPORTED")), "TELEPORTED")
    test_example = ({}, as_json({**track(), "test": True}))

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        stamp = int(self.now.timestamp())
        return {"shippo-auth-signature": f"t={stamp},v1={hex_hmac(f'{stamp}.'.encode() + body, secret)}"}


SHIPPO = {"shippo-auth-signature": "t=1700000000,v1=4100420b7d4eaaed2e398c825c5ab309aa7425f44358afbd4d4d9abfa0572542"}
SIGNED_AT = datetime.fromtimestamp(1700000000, UTC)


@pytest.mark.parametrize(
    ("after", "believed"), [(0, True), (299, True), (301, False), (-299, True), (-301, False), (86_400, False)]
)
def test_shippo_signs_as_the_vector_and_a_signature_is_good_for_five_minutes(after: int, believed: bool) -> None:
    hooked = Hooked("parcels", SHIPPO, VECTOR_BODY)
    assert Shippo().verify(hooked, [SECRET], SIGNED_AT + timedelta(seconds=after)) is believed


def test_a_token_in_the_address_does_where_shippo_does_not_sign() -> None:
    assert Shippo().verify(Hooked("parcels", {}, b"{}", {"token": SECRET}), [SECRET], NOW)
    assert not Shippo().verify(Hooked("parcels", {}, b"{}", {"token": "guess"}), [SECRET], NOW)
    assert not Shippo().verify(Hooked("parcels", SHIPPO, b"{}", {"token": SECRET}), [SECRET], NOW)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("UNKNOWN", "", "in_transit"),
        ("PRE_TRANSIT", "", "label"),
        ("TRANSIT", "package_accepted", "picked_up"),
        ("TRANSIT", "out_for_delivery", "out_for_delivery"),
        ("TRANSIT", "", "in_transit"),
        ("FAILURE", "", "attempt_failed"),
        ("FAILURE", "package_lost", "lost"),
        ("RETURNED", "", "returning"),
        ("DELIVERED", "delayed", "delivered"),
    ],
)
def test_shippo_words_mean_our_states(status: str, code: str, state: str) -> None:
    assert newest(read(Shippo(), track(status, code))).state == state


@pytest.mark.parametrize(
    ("eta", "original", "state"),
    [
        ("2026-11-12T00:00:00Z", "2026-11-10T00:00:00Z", "delayed"),
        ("2026-11-10T18:00:00Z", "2026-11-10T00:00:00Z", "in_transit"),
        ("2026-11-12T00:00:00Z", None, "in_transit"),
    ],
)
def test_an_estimate_later_than_the_first_is_a_delay(eta: str, original: str | None, state: str) -> None:
    scans = told(read(Shippo(), track(eta=eta, original_eta=original))).parcel.events
    assert [scan.state for scan in scans if scan.estimated_delivery_at] == [state]


def test_shippo_names_the_order_in_the_shops_own_words() -> None:
    parcel = told(read(Shippo(), track()))
    assert (parcel.hint, parcel.parcel.service, parcel.waits_for) == ("1001", "Priority", "SH1")
