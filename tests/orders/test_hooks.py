"""Webhooks from the door to the rows: once, in any sequence, and nothing is lost that cannot be read."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    Consent,
    Event,
    Order,
    PayloadState,
    Refund,
    Refusal,
    Scan,
    Shipment,
    SourcePayload,
    open_alarms,
    settle_alarm,
)
from mailer.orders import hooks
from mailer.orders.hook import Facts, Hooked
from mailer.orders.hooks import Delivered, Turned, refuse, replay, replayable, store, take, take_payloads, understand
from mailer.orders.sources import HOOKS
from mailer.orders.waiting import wake_those_whose_order_is_there
from mailer.signing import digest
from mailer.sources_config import SourceBook, SourceConfig
from tests.conftest import EmptySqlite
from tests.orders.payloads import an_order
from tests.orders.sources.hooked import a_tracking
from tests.orders.sources.test_shopify import PARCEL, REFUND, SCAN

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BOOK = SourceBook(
    {
        "shop": SourceConfig(kind="shopify", country="DE"),
        "parcels": SourceConfig(kind="aftership"),
        "woo": SourceConfig(kind="woocommerce"),
    },
    relays=("marketplace.amazon.*",),
)
ORDER = an_order(id=5001)


def hook(topic: str, data: Any, *, source: str = "shop", number: str = "") -> Delivered:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    headers = {"x-shopify-topic": topic, "x-wc-webhook-topic": topic}
    if number:
        headers["x-shopify-webhook-id"] = number
    hooked = Hooked(source, headers, body)
    kind = BOOK.of(source).kind
    adapter = HOOKS[kind]
    kept = {name: headers[name] for name in adapter.kept if name in headers}
    return Delivered(hooked, kind, adapter.topic(hooked), adapter.key(hooked), digest(body), kept, NOW)


def tracking(**changes: Any) -> Delivered:
    number = changes.pop("number", "e1")
    event = {"event": "tracking_update", "event_id": number, "ts": 1795000000, "msg": a_tracking(**changes)}
    return hook("", event, source="parcels")


def bring(session: Session, *deliveries: Delivered, book: SourceBook = BOOK) -> list[bool]:
    """Keep webhooks and read all that can be read."""
    new = store(session, deliveries)
    for _ in range(3):
        take(session, understand(hooks.stored_payloads(session, 100), book, HOOKS), book, now=NOW)
    return new


def payloads(session: Session) -> list[tuple[str, str]]:
    rows = session.exec(select(SourcePayload).order_by(col(SourcePayload.id))).all()
    return [(row.state.value, row.reason) for row in rows]


def states(session: Session) -> list[str]:
    return [state for state, _ in payloads(session)]


def kinds(session: Session) -> list[str]:
    return sorted(session.exec(select(Event.kind)))


def test_an_order_its_parcel_a_scan_and_a_refund_become_rows_and_events(session: Session) -> None:
    bring(
        session,
        hook("orders/create", ORDER),
        hook("fulfillments/create", PARCEL),
        hook("fulfillment_events/create", SCAN),
        hook("refunds/create", REFUND),
    )
    assert states(session) == ["taken"] * 4
    order = session.exec(select(Order)).one()
    parcel = session.exec(select(Shipment)).one()
    assert (order.source, order.storefront) == ("shop", "main")
    assert (parcel.tracking_number, parcel.state, parcel.origin) == ("JD014", "delivered", "DE")
    assert parcel.scanned_at == parcel.heard_at == parcel.delivered_at == datetime(2026, 11, 9, 11, 20, tzinfo=UTC)
    refund = session.exec(select(Refund)).one()
    assert (refund.external_id, refund.amount, refund.lines) == ("41", "59.00", ["9"])
    assert kinds(session) == [
        "order.delivered",
        "order.placed",
        "order.refunded",
        "order.shipped",
        "shipment.delivered",
        "shipment.scanned",
        "shipment.shipped",
    ]
    assert {row.order_id for row in session.exec(select(Event))} == {order.id}


def test_the_same_delivery_twice_is_kept_once(session: Session) -> None:
    assert bring(session, hook("orders/create", ORDER, number="w1")) == [True]
    assert bring(session, hook("orders/create", {**ORDER, "note": "again"}, number="w1")) == [False]
    assert states(session) == ["taken"]


ALL = [
    hook("orders/create", ORDER),
    hook("orders/updated", {**ORDER, "updated_at": "2026-11-08T10:00:00Z", "financial_status": "paid"}),
    hook("fulfillments/create", PARCEL),
    hook("fulfillments/update", {**PARCEL, "updated_at": "2026-11-06T10:00:00Z", "tracking_url": "https://t.example"}),
    hook("fulfillment_events/create", SCAN),
    hook(
        "fulfillment_events/create", {**SCAN, "id": 899, "status": "in_transit", "happened_at": "2026-11-07T08:00:00Z"}
    ),
    tracking(tag="InTransit", checkpoints=[{"checkpoint_time": "2026-11-06T20:00:00Z", "tag": "InTransit"}]),
    hook("refunds/create", REFUND),
]


def facts(session: Session) -> dict[str, Any]:
    order = session.exec(select(Order)).one()
    parcels = session.exec(select(Shipment)).all()
    return {
        "order": (order.number, order.payment_state, order.changed_at),
        "parcels": [
            (one.carrier, one.tracking_number, one.tracking_url, one.state, one.state_at, one.shipped_at)
            for one in parcels
        ],
        "heard": [(one.scanned_at, one.heard_at, one.delivered_at) for one in parcels],
        "scans": sorted((scan.status, scan.happened_at) for scan in session.exec(select(Scan))),
        "refunds": [row.amount for row in session.exec(select(Refund))],
        "events": kinds(session),
        "states": set(states(session)),
    }


@settings(max_examples=40, deadline=None)
@given(shuffled=st.permutations(ALL), again=st.lists(st.sampled_from(ALL), max_size=3))
def test_in_whatever_sequence_webhooks_come_the_same_facts_stand(
    empty_sqlite: EmptySqlite, shuffled: list[Delivered], again: list[Delivered]
) -> None:
    def told(deliveries: list[Delivered]) -> dict[str, Any]:
        with empty_sqlite() as db, Session(db.engine) as session:
            bring(session, *deliveries)
            return facts(session)

    in_turn = told(ALL)
    assert told([*shuffled, *again]) == in_turn
    assert in_turn["states"] == {"taken"}


def test_what_speaks_of_an_order_before_it_comes_waits_and_is_read_then(session: Session) -> None:
    bring(session, hook("fulfillment_events/create", SCAN), hook("refunds/create", REFUND), tracking(tag="Delivered"))
    assert states(session) == ["waiting"] * 3
    assert session.exec(select(Order)).all() == []
    bring(session, hook("orders/create", ORDER), hook("fulfillments/create", PARCEL))
    assert states(session) == ["taken"] * 5
    assert "order.delivered" in kinds(session)


def test_a_request_of_privacy_law_is_an_alarm_until_a_person_settles_it(session: Session) -> None:
    bring(session, hook("customers/redact", {"customer": {"email": "ana@example.com"}}))
    (alarm,) = open_alarms(session)
    assert (alarm.kind, alarm.subject) == ("privacy", "1")
    assert "customers/redact" in alarm.words
    assert "ana@" not in alarm.words
    assert states(session) == ["ignored"]
    assert settle_alarm(session, alarm.kind, alarm.subject, NOW)
    assert open_alarms(session) == []


def test_a_parcel_without_an_order_waits_for_its_number(session: Session) -> None:
    bring(session, hook("orders/create", ORDER), tracking(order_id=None, tag="InTransit"))
    assert states(session) == ["taken", "waiting"]
    bring(session, hook("fulfillments/create", PARCEL))
    assert states(session) == ["taken"] * 3
    assert session.exec(select(Shipment.tracking_number)).all() == ["JD014"]


def test_what_was_put_to_wait_while_its_order_was_written_is_found_again(session: Session) -> None:
    bring(session, tracking(tag="InTransit"))
    session.add(Order(source="shop", number="#1", number_key="1", external_id="5001", email="a@b.example",
                      placed_at=NOW, changed_at=NOW, recorded_at=NOW))  # fmt: skip
    session.flush()
    assert wake_those_whose_order_is_there(session) == 1
    assert wake_those_whose_order_is_there(session) == 0
    assert states(session) == ["stored"]


def test_a_number_that_a_carrier_used_before_is_the_newer_order_s(session: Session) -> None:
    old = an_order(id=1, name="#900", created_at="2025-01-02T09:00:00Z")
    bring(session, hook("orders/create", old))
    bring(session, hook("fulfillments/create", {**PARCEL, "order_id": 1, "name": "#900.1"}))
    bring(session, hook("orders/create", ORDER), hook("fulfillments/create", {**PARCEL, "id": 89}))
    bring(session, tracking(order_id=None, tag="Delivered", shipment_delivery_date="2026-11-09T10:00:00Z"))
    parcels = {row.external_id: row.state for row in session.exec(select(Shipment))}
    assert parcels == {"88": "picked_up", "89": "delivered"}


def test_a_parcel_that_the_shop_took_back_does_not_come_again_with_an_old_payload(session: Session) -> None:
    gone = {**PARCEL, "status": "cancelled", "updated_at": "2026-11-06T10:00:00Z"}
    bring(session, hook("orders/create", ORDER), hook("fulfillments/update", gone))
    bring(session, hook("fulfillments/create", {**PARCEL, "updated_at": "2026-11-05T10:00:00Z"}))
    assert session.exec(select(Shipment)).all() == []
    stale = {**ORDER, "updated_at": "2026-11-05T12:00:00Z", "fulfillments": [PARCEL]}
    bring(session, hook("orders/updated", stale))
    assert session.exec(select(Shipment)).all() == []


def test_an_order_of_two_parcels_is_delivered_with_the_last(session: Session) -> None:
    second = {**PARCEL, "id": 89, "name": "#1001.2", "tracking_number": "JD015"}
    bring(
        session, hook("orders/create", ORDER), hook("fulfillments/create", PARCEL), hook("fulfillments/create", second)
    )
    bring(session, hook("fulfillment_events/create", SCAN))
    assert "order.delivered" not in kinds(session)
    later = {**SCAN, "id": 901, "fulfillment_id": 89, "happened_at": "2026-11-11T09:00:00Z"}
    bring(session, hook("fulfillment_events/create", later))
    event = session.exec(select(Event).where(Event.kind == "order.delivered")).one()
    assert event.occurred_at == datetime(2026, 11, 11, 9, tzinfo=UTC)


def test_an_order_of_which_more_will_follow_is_not_delivered(session: Session) -> None:
    bring(session, hook("orders/create", {**ORDER, "fulfillment_status": "partial"}))
    bring(session, hook("fulfillments/create", PARCEL), hook("fulfillment_events/create", SCAN))
    assert "order.delivered" not in kinds(session)


def test_a_source_may_count_an_order_as_shipped_by_the_first_scan(session: Session) -> None:
    book = SourceBook({"shop": SourceConfig(kind="shopify", shipped_when="first_scan")})
    bring(session, hook("orders/create", ORDER), hook("fulfillments/create", PARCEL), book=book)
    assert kinds(session) == ["order.placed"]
    bring(session, hook("fulfillment_events/create", {**SCAN, "status": "in_transit"}), book=book)
    event = session.exec(select(Event).where(Event.kind == "order.shipped")).one()
    assert event.occurred_at == datetime(2026, 11, 9, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(("address", "marketplace"), [("ana@example.com", False), ("x1@marketplace.amazon.de", True)])
def test_an_order_behind_a_relay_is_a_marketplaces(session: Session, address: str, marketplace: bool) -> None:
    bring(session, hook("orders/create", {**ORDER, "email": address}))
    assert session.exec(select(Order.marketplace)).one() is marketplace


def test_partly_paid_back_is_not_all(session: Session) -> None:
    part = {**REFUND, "transactions": [{"amount": "9.00", "kind": "refund"}]}
    rest = {**REFUND, "id": 42, "transactions": [{"amount": "50.00", "kind": "refund"}]}
    bring(session, hook("orders/create", ORDER), hook("refunds/create", part))
    assert "order.refunded" not in kinds(session)
    assert "order.partly_refunded" in kinds(session)
    bring(session, hook("refunds/create", rest))
    assert "order.refunded" in kinds(session)


def test_a_deleted_order_is_canceled_and_what_was_told_of_it_stays(session: Session) -> None:
    body = {
        "id": 727,
        "number": "727",
        "status": "processing",
        "date_created_gmt": "2026-11-02T08:00:00",
        "billing": {"email": "ana@example.com"},
    }
    bring(session, hook("order.created", body, source="woo"), hook("order.deleted", {"id": 727}, source="woo"))
    assert session.exec(select(Order)).one().canceled_at == NOW
    assert "order.canceled" in kinds(session)


def test_a_consent_is_kept(session: Session) -> None:
    bring(session, hook("orders/create", {**ORDER, "buyer_accepts_marketing": True}))
    consent = session.exec(select(Consent)).one()
    assert (consent.address, consent.stream, consent.granted) == ("ana@example.com", "marketing", True)


def test_what_cannot_be_read_is_kept_with_the_reason_and_read_again_when_asked(session: Session) -> None:
    bring(session, hook("orders/create", b"{"), hook("orders/create", {**ORDER, "email": "nobody"}))
    (first, second) = payloads(session)
    assert first[0] == second[0] == "unreadable"
    assert "not valid JSON" in first[1]
    assert "email" in second[1]
    ids = replayable(session, source="shop", unreadable=True)
    assert replay(session, ids) == 2
    assert states(session) == ["stored", "stored"]
    bring(session)
    assert states(session) == ["unreadable", "unreadable"]


def test_what_names_nothing_is_not_taken_for_read(session: Session) -> None:
    bring(session, tracking(tracking_number="", order_id="", name=""))
    assert states(session) == ["unreadable"]


def test_replaying_everything_changes_nothing(session: Session) -> None:
    bring(session, *ALL)
    before = facts(session)
    replay(session, replayable(session))
    bring(session)
    assert facts(session) == before


@pytest.mark.parametrize(("since", "found"), [(NOW - timedelta(days=1), 1), (NOW + timedelta(days=1), 0)])
def test_a_replay_may_begin_at_a_day(session: Session, since: datetime, found: int) -> None:
    bring(session, hook("orders/create", ORDER))
    assert len(replayable(session, since=since)) == found


def test_refusals_are_counted_by_source_and_reason(session: Session) -> None:
    refuse(session, [Turned("shop", "wrong signature", NOW)] * 3 + [Turned("", "there is no such source", NOW)])
    refuse(session, [Turned("shop", "wrong signature", NOW + timedelta(hours=1))])
    rows = {(row.source, row.reason): (row.count, row.last_at) for row in session.exec(select(Refusal))}
    assert rows[("shop", "wrong signature")] == (4, NOW + timedelta(hours=1))
    assert rows[("", "there is no such source")] == (1, NOW)


async def test_the_loop_reads_in_batches_and_sets_aside_what_fails_alone(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Exploding:
        """A source of the shop's own that does what it should not."""

        name = "shopify"

        def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
            if b"boom" in hooked.body:
                raise RuntimeError("boom")
            return HOOKS["shopify"].read(hooked, config)

    deliveries: Sequence[Delivered] = [hook("orders/create", ORDER), hook("orders/create", {**ORDER, "note": "boom"})]
    db.run_here(store, deliveries)
    clock = FrozenClock(NOW)
    assert await take_payloads(db, clock, BOOK, {"shopify": Exploding()})  # type: ignore[dict-item]
    assert not await take_payloads(db, clock, BOOK)
    assert db.read_here(states) == ["taken", "unreadable"]


def test_a_payload_of_which_one_fact_waits_waits_as_a_whole(session: Session) -> None:
    bring(session, tracking(order_id="77", tag="InTransit"))
    row = session.exec(select(SourcePayload)).one()
    assert (row.state, row.waits_for) == (PayloadState.WAITING, "77")
