"""Parcels and scans: whatever sequence they come in, the same facts stand at the end."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.model import Event, Scan, Shipment
from mailer.orders.ingest import Ingested, ingest
from mailer.orders.source import UNTRACKED, parse_payload
from tests.orders.payloads import a_parcel, a_scan, an_order

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def take(session: Session, *parcels: dict[str, Any], **changes: Any) -> Ingested:
    payload = an_order(fulfillments=list(parcels), **changes)
    return ingest(session, parse_payload(payload), source="shopify", storefront="main", now=NOW)


def the_parcel(session: Session) -> Shipment:
    return session.exec(select(Shipment)).one()


def keys(session: Session) -> list[str]:
    wanted = select(Event.key).where(col(Event.kind).startswith("shipment."))
    return sorted(key.removeprefix("shipment.") for key in session.exec(wanted))


def at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_parcel_and_its_scans_become_rows(session: Session) -> None:
    scans = [
        a_scan(900, "in_transit", "06T08:00", city="Leipzig", country="DE", message="Sorted"),
        a_scan(901, "delivered", "09T11:20"),
    ]
    take(session, a_parcel(*scans, tracking_url="https://dhl.example/JD014"))
    parcel = the_parcel(session)
    assert (parcel.external_id, parcel.carrier, parcel.tracking_number) == ("88", "DHL", "JD014")
    assert (parcel.state, parcel.state_at, parcel.shipped_at) == ("delivered", at(9, 11, 20), at(5))
    first = session.exec(select(Scan).order_by(col(Scan.happened_at))).first()
    assert first is not None
    assert (first.external_id, first.status, first.state) == ("900", "in_transit", "in_transit")
    assert (first.place, first.remark) == ("Leipzig, DE", "Sorted")
    words = ["delivered", "in_transit", "scanned", "shipped"]
    assert keys(session) == [f"{word}:main:1001:88" for word in words]


@pytest.mark.parametrize(
    ("parcel", "state", "state_at", "shipped_at"),
    [
        (a_parcel(), "picked_up", at(5), at(5)),
        (a_parcel(created_at=None), "picked_up", NOW, NOW),
        (a_parcel(created_at=None, updated_at="2026-11-06T10:00:00Z"), "picked_up", at(6), at(6)),
        (a_parcel(status="open"), "label", None, None),
        (a_parcel(a_scan(1, "label_printed", "05T11:00")), "label", at(5, 11), at(5)),
        (a_parcel(a_scan(1, "carrier_picked_up", "06T11:00"), status="pending"), "picked_up", at(6, 11), at(6, 11)),
        (a_parcel(shipment_status="out_for_delivery"), "out_for_delivery", at(5), at(5)),
        (a_parcel(a_scan(1, "teleported", "06T11:00")), "in_transit", at(6, 11), at(5)),
    ],
)
def test_state_and_shipping_time_come_from_what_is_told(
    session: Session, parcel: dict[str, Any], state: str, state_at: datetime | None, shipped_at: datetime | None
) -> None:
    take(session, parcel)
    row = the_parcel(session)
    assert (row.state, row.state_at, row.shipped_at) == (state, state_at, shipped_at)


def test_an_unknown_word_is_kept_as_it_was_said(session: Session) -> None:
    take(session, a_parcel(a_scan(1, "BUYER_ACTION_REQUIRED", "06T11:00")))
    scan = session.exec(select(Scan)).one()
    assert (scan.status, scan.state) == ("BUYER_ACTION_REQUIRED", "in_transit")


def test_delivered_is_not_undone_by_a_later_scan_that_is_kept(session: Session) -> None:
    take(session, a_parcel(a_scan(1, "delivered", "09T11:20")))
    assert take(session, a_parcel(a_scan(2, "in_transit", "09T15:00"))) == Ingested(updated=1)
    assert the_parcel(session).state == "delivered"
    assert len(session.exec(select(Scan)).all()) == 2


def test_a_payload_older_than_what_we_know_adds_scans_and_no_more(session: Session) -> None:
    new = a_parcel(a_scan(2, "out_for_delivery", "09T08:00"), tracking_company="DHL")
    old = a_parcel(a_scan(1, "in_transit", "06T08:00"), tracking_company="DPD")
    take(session, new, updated_at="2026-11-09T09:00:00Z")
    assert take(session, old, updated_at="2026-11-06T09:00:00Z") == Ingested(updated=1)
    assert (the_parcel(session).carrier, the_parcel(session).state) == ("DHL", "out_for_delivery")
    assert len(session.exec(select(Scan)).all()) == 2


def test_a_fulfillment_that_was_canceled_is_no_parcel(session: Session) -> None:
    take(session, a_parcel(a_scan(1, "label_printed", "05T11:00")), updated_at="2026-11-05T12:00:00Z")
    take(session, a_parcel(status="cancelled"), updated_at="2026-11-06T12:00:00Z")
    assert session.exec(select(Shipment)).all() == []
    assert session.exec(select(Scan)).all() == []
    assert "canceled:main:1001:88" in keys(session)


def test_a_parcel_in_place_of_a_canceled_one_is_another_one(session: Session) -> None:
    take(session, a_parcel())
    before = the_parcel(session).id
    changed = "2026-11-21T10:00:00Z"
    take(
        session,
        a_parcel(status="cancelled", updated_at=changed),
        a_parcel(id="89", tracking_number="JD015", created_at=changed),
        updated_at=changed,
    )
    # Its own id too: what was said of the canceled one is not said of this one.
    assert the_parcel(session).id != before
    canceled = session.exec(select(Event).where(Event.kind == "shipment.canceled")).one()
    assert (canceled.subject_kind, canceled.subject_id) == ("shipment", before)


def test_an_old_payload_does_not_bring_a_canceled_parcel_back(session: Session) -> None:
    take(session, a_parcel(status="cancelled"), updated_at="2026-11-06T12:00:00Z")
    take(session, a_parcel(), updated_at="2026-11-05T12:00:00Z")
    assert session.exec(select(Shipment)).all() == []


def test_a_parcel_with_an_id_takes_the_place_of_one_of_which_we_only_know_that_it_left(session: Session) -> None:
    take(session, {"id": UNTRACKED, "status": "success", "created_at": "2026-11-05T10:00:00Z"})
    take(session, a_parcel())
    assert the_parcel(session).external_id == "88"
    take(session, {"id": UNTRACKED, "status": "success", "created_at": "2026-11-05T10:00:00Z"})
    assert the_parcel(session).external_id == "88"


def test_two_sources_that_name_one_tracking_number_speak_of_one_parcel(session: Session) -> None:
    take(session, a_parcel(id="JD014"))
    take(session, a_parcel(a_scan(1, "delivered", "09T11:20")))
    assert (the_parcel(session).external_id, the_parcel(session).state) == ("JD014", "delivered")


def test_an_order_may_have_several_parcels(session: Session) -> None:
    take(session, a_parcel(), a_parcel(a_scan(1, "delivered", "09T11:20"), id=89, tracking_number="JD015"))
    states = {parcel.external_id: parcel.state for parcel in session.exec(select(Shipment))}
    assert states == {"88": "picked_up", "89": "delivered"}


@pytest.mark.parametrize(
    ("scans", "expected"),
    [
        ([a_scan(1, "in_transit", "06T08:00")], None),
        ([a_scan(1, "in_transit", "06T08:00", estimated_delivery_at="2026-11-10T18:00:00Z")], date(2026, 11, 10)),
        (
            [
                a_scan(1, "in_transit", "06T08:00", estimated_delivery_at="2026-11-10T18:00:00Z"),
                a_scan(2, "delayed", "08T08:00", estimated_delivery_at="2026-11-13T18:00:00Z"),
                a_scan(3, "in_transit", "09T08:00"),
            ],
            date(2026, 11, 13),
        ),
        ([a_scan(1, "in_transit", "06T08:00", estimated_delivery_at="2026-11-11T00:30:00+09:00")], date(2026, 11, 11)),
    ],
)
def test_the_expected_day_is_the_newest_estimate_in_its_own_zone(
    session: Session, scans: list[dict[str, Any]], expected: date | None
) -> None:
    take(session, a_parcel(*scans))
    take(session, a_parcel(scans[0]))
    assert the_parcel(session).expected_on == expected


def test_each_kind_of_fact_about_a_parcel_is_an_event_once(session: Session) -> None:
    late = [a_scan(1, "delayed", "06T08:00"), a_scan(2, "in_transit", "07T08:00"), a_scan(3, "delayed", "08T08:00")]
    take(session, a_parcel(*late[:1]))
    take(session, a_parcel(*late))
    take(session, a_parcel(*late))
    words = ["delayed", "in_transit", "scanned", "shipped"]
    assert keys(session) == [f"{word}:main:1001:88" for word in words]
    delayed = session.exec(select(Event).where(Event.kind == "shipment.delayed")).one()
    assert (delayed.subject_kind, delayed.subject_id, delayed.occurred_at) == (
        "shipment",
        the_parcel(session).id,
        at(6, 8),
    )


STORY = [
    a_scan(1, "label_printed", "05T10:00"),
    a_scan(2, "carrier_picked_up", "05T18:00", estimated_delivery_at="2026-11-08T12:00:00Z"),
    a_scan(3, "delayed", "07T09:00", estimated_delivery_at="2026-11-10T12:00:00Z"),
    a_scan(4, "in_transit", "08T09:00"),
    a_scan(5, "attempted_delivery", "09T09:00"),
    a_scan(6, "out_for_delivery", "10T07:00"),
    a_scan(7, "delivered", "10T11:00"),
    a_scan(8, "in_transit", "10T11:30"),
    a_scan(9, "delivered", "10T12:00"),
]
numbers = count(5000)


def test_any_sequence_and_repetition_of_scans_ends_in_the_same_parcel(db: Database) -> None:
    @settings(max_examples=25, deadline=None)
    @given(
        how_many=st.integers(1, len(STORY)),
        shuffle=st.randoms(use_true_random=False),
        again=st.lists(st.integers(0, 8), max_size=4),
    )
    def holds(how_many: int, shuffle: Any, again: list[int]) -> None:
        story = STORY[:how_many]
        told = story + [story[index % how_many] for index in again]
        shuffle.shuffle(told)
        assert db.run_here(_end_of, [[scan] for scan in told]) == db.run_here(_end_of, [story])

    holds()


def _end_of(session: Session, payloads: list[list[dict[str, Any]]]) -> tuple[Any, ...]:
    """Tell these scans of a new order, payload by payload, and see where its parcel is."""
    number = f"#{next(numbers)}"
    for scans in payloads:
        take(session, a_parcel(*scans), name=number)
    parcel = session.exec(select(Shipment).order_by(col(Shipment.id).desc())).first()
    assert parcel is not None
    scans_kept = session.exec(select(Scan.external_id).where(Scan.shipment_id == parcel.id)).all()
    kinds = session.exec(select(Event.kind).where(Event.subject_kind == "shipment", Event.subject_id == parcel.id))
    facts = (parcel.state, parcel.state_at, parcel.shipped_at, parcel.expected_on)
    return (*facts, sorted(scans_kept), sorted(kinds))
