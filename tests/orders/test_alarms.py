"""Which alarm rings when: the table of PROVIDERS 4, thresholds by route, calendars, alarms that are off."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailer.config import Outbound, Settings, Shop
from mailer.delay_config import DelayConfig, OrdersConfig
from mailer.model import IncidentKind, Order, ParcelRoute, ParcelState, Shipment
from mailer.orders.alarms import Alarm, DelayTerms, alarms_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
# A Monday.
MON = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
K, P = IncidentKind, ParcelState


def order(**changes: Any) -> Order:
    values = {"id": 1, "source": "api", "number": "1", "number_key": "1", "email": "a@b.test", "country": "DE"}
    return Order(**{**values, "placed_at": MON, "changed_at": MON, "recorded_at": MON, **changes})


def parcel(**changes: Any) -> Shipment:
    """One that DHL has had since Monday, and that it spoke of on Tuesday."""
    values = {
        "id": 7,
        "order_id": 1,
        "external_id": "88",
        "carrier": "DHL",
        "tracking_number": "JD014",
        "state": P.IN_TRANSIT,
        "state_at": MON + DAY,
        "shipped_at": MON,
        "scanned_at": MON + 6 * HOUR,
        "heard_at": MON + DAY,
    }
    return Shipment(**{**values, **changes})


def terms(zone: str = "UTC", home: str = "DE", **delay: Any) -> DelayTerms:
    return DelayTerms(DelayConfig.model_validate(delay), DelayTerms().calendar, ZoneInfo(zone), home)


def alarms(
    the_order: Order, *parcels: Shipment, by: DelayTerms | None = None, learned: ParcelRoute | None = None
) -> dict[IncidentKind, Alarm]:
    routes = {7: learned} if learned else {}
    return {one.kind: one for one in alarms_of(the_order, parcels, routes, by or terms())}


def rings(found: dict[IncidentKind, Alarm]) -> dict[IncidentKind, datetime]:
    return {kind: one.rings_at for kind, one in found.items()}


@pytest.mark.parametrize(
    ("placed", "rings_at"),
    [
        (MON, MON + 3 * DAY),
        (MON + 3 * DAY, MON + 8 * DAY),
        (MON + 5 * DAY, datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_paid_order_leaves_within_open_time(placed: datetime, rings_at: datetime) -> None:
    assert rings(alarms(order(placed_at=placed))) == {K.NOT_SHIPPED: rings_at}


@pytest.mark.parametrize(
    ("state", "is_late"),
    [("paid", True), ("authorized", True), (None, True), ("pending", False), ("refunded", False), ("voided", False)],
)
def test_only_who_paid_waits_for_the_goods(state: str | None, is_late: bool) -> None:
    assert bool(alarms(order(payment_state=state))) is is_late


@pytest.mark.parametrize(
    ("raw", "is_late"),
    [
        ({}, True),
        ({"line_items": []}, True),
        ({"line_items": [{"requires_shipping": False}, {"requires_shipping": True}]}, True),
        ({"line_items": [{"title": "shirt"}]}, True),
        ({"line_items": [{"requires_shipping": False}]}, False),
        ({"fulfillment_status": "fulfilled"}, False),
        ({"fulfillment_status": "partial", "line_items": "?"}, True),
    ],
)
def test_what_is_never_shipped_is_never_late(raw: dict[str, Any], is_late: bool) -> None:
    assert bool(alarms(order(raw=raw))) is is_late


def test_a_label_is_not_on_its_way_and_a_canceled_order_is_never_late() -> None:
    label = parcel(state=P.LABEL, shipped_at=None, scanned_at=None, heard_at=None)
    assert alarms(order(), label).keys() == {K.NOT_SHIPPED}
    assert alarms(order(canceled_at=MON), label) == {}


def test_a_parcel_that_no_carrier_saw_waits_for_a_person_first() -> None:
    unseen = parcel(scanned_at=None, heard_at=None, state=P.PICKED_UP)
    found = alarms(order(), unseen)
    assert rings(found) == {K.NOT_SCANNED: MON + 5 * DAY}
    assert found[K.NOT_SCANNED].needs_person
    assert alarms(order(), parcel(scanned_at=None, heard_at=None, tracking_number="")) == {}, "nobody will ever see it"


@pytest.mark.parametrize(("country", "patience"), [("DE", 3), ("PT", 7), (None, 3)])
def test_silence_is_longer_abroad(country: str | None, patience: int) -> None:
    assert rings(alarms(order(country=country), parcel())) == {K.SILENT: MON + DAY + patience * DAY}


def test_home_is_where_the_parcel_leaves_from() -> None:
    found = alarms(order(country="PT"), parcel(origin="PT"))
    assert rings(found) == {K.SILENT: MON + 4 * DAY}


@pytest.mark.parametrize("state", [P.DELIVERED, P.PICKUP_READY])
def test_what_arrived_raises_nothing(state: ParcelState) -> None:
    late = parcel(state=state, first_expected_on=date(2026, 11, 17), expected_on=date(2026, 11, 29))
    assert alarms(order(promised_on=date(2026, 11, 17)), late) == {}


@pytest.mark.parametrize(("expected", "slips"), [(18, False), (19, False), (20, True)])
def test_a_new_day_may_be_one_day_later(expected: int, slips: bool) -> None:
    told = parcel(first_expected_on=date(2026, 11, 18), expected_on=date(2026, 11, expected))
    found = alarms(order(), told)
    assert (K.ETA_SLIP in found) is slips
    if slips:
        alarm = found[K.ETA_SLIP]
        assert (alarm.promised_on, alarm.expected_on) == (date(2026, 11, 18), date(2026, 11, 20))
        assert alarm.key == "eta_slip:shipment:7:2026-11-18"


def test_the_shops_promise_counts_before_the_carriers() -> None:
    told = parcel(first_expected_on=date(2026, 11, 18), expected_on=date(2026, 11, 22))
    promised = order(promised_on=date(2026, 11, 25))
    found = alarms(promised, told)
    assert K.ETA_SLIP not in found
    assert found[K.OVERDUE].key == "overdue:order:1:2026-11-25"
    assert found[K.OVERDUE].shipment_id is None, "one promise, one apology, however many parcels"


def test_it_is_overdue_when_the_promised_day_is_over_in_the_shops_zone() -> None:
    told = parcel(first_expected_on=date(2026, 11, 18), expected_on=date(2026, 11, 18))
    found = alarms(order(), told, by=terms("Europe/Berlin"))
    assert found[K.OVERDUE].rings_at == datetime(2026, 11, 18, 23, 0, tzinfo=UTC)
    assert not found[K.OVERDUE].needs_person
    only_the_newest = parcel(expected_on=date(2026, 11, 18))
    assert alarms(order(), only_the_newest)[K.OVERDUE].rings_at == datetime(2026, 11, 19, tzinfo=UTC)


def test_without_a_promise_nine_in_ten_parcels_say_what_is_late() -> None:
    usual = ParcelRoute(parcels=40, p50_hours=40, p90_hours=72, learned_at=MON)
    assert alarms(order(), parcel(), learned=usual)[K.OVERDUE].rings_at == MON + 3 * DAY
    told = parcel(first_expected_on=date(2026, 11, 30))
    assert alarms(order(), told, learned=usual)[K.OVERDUE].rings_at == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "at", "rings_at"),
    [
        (P.DELAYED, MON, MON.replace(hour=0) + 2 * DAY),
        (P.ATTEMPT_FAILED, MON + 4 * DAY, MON.replace(hour=0) + 8 * DAY),
        (P.LOST, MON, MON),
        (P.RETURNING, MON, MON),
    ],
)
def test_a_carriers_problem_goes_to_a_person_when_the_next_working_day_did_not_settle_it(
    state: ParcelState, at: datetime, rings_at: datetime
) -> None:
    found = alarms(order(), parcel(state=state, state_at=at, heard_at=at))
    assert found[K.EXCEPTION].rings_at == rings_at
    assert found[K.EXCEPTION].needs_person
    assert K.SILENT not in found


def test_a_route_of_its_own_wins_the_closer_the_more_it_says() -> None:
    by = terms(
        not_shipped="never",
        routes=[
            {"destination": "PT", "silent": "20d", "eta_slip": "9d"},
            {"destination": "PT", "carrier": "dhl", "silent": "10d"},
            {"carrier": "UPS", "silent": "1d"},
        ],
    )
    assert alarms(order(country="PT"), parcel(), by=by)[K.SILENT].rings_at == MON + 11 * DAY
    assert alarms(order(country="PT"), parcel(carrier="DPD"), by=by)[K.SILENT].rings_at == MON + 21 * DAY
    assert alarms(order(), parcel(carrier="UPS"), by=by)[K.SILENT].rings_at == MON + 2 * DAY
    assert alarms(order(), by=by) == {}


@pytest.mark.parametrize("name", ["not_scanned", "silent_home", "eta_slip", "overdue", "exception"])
def test_any_alarm_is_switched_off(name: str) -> None:
    everything = parcel(
        state=P.DELAYED, first_expected_on=date(2026, 11, 1), expected_on=date(2026, 11, 29), scanned_at=None
    )
    moving = parcel()
    ring = {*alarms(order(), everything), *alarms(order(), moving)}
    off = terms(**{name: "never"})
    still = {*alarms(order(), everything, by=off), *alarms(order(), moving, by=off)}
    kind = K("silent" if name == "silent_home" else name)
    assert ring - still == {kind}


def test_terms_come_from_config_toml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    settings = Settings.model_validate(
        {
            "shop": Shop(name="Linen & Co", zone="Europe/Berlin", country="DE"),
            "outbound": Outbound(host="127.0.0.1"),
            "calendars": {"office": {"mon": ["09:00-17:00"], "holidays": ["DE"]}},
            "orders": OrdersConfig(delay=DelayConfig(calendar="office")),
        }
    )
    found = DelayTerms.of(settings)
    assert (found.calendar.name, found.zone, found.home) == ("office", BERLIN, "DE")
