"""Which alarms an order and its parcels raise, and when each rings (PROVIDERS, 4). Values in, values out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from mailer.calendars import parse_zone
from mailer.config import Settings
from mailer.delay_config import NEVER, DelayConfig, DelayRoute
from mailer.hours import Calendar, Limit, always, weekdays
from mailer.model import IncidentKind, Order, ParcelRoute, ParcelState, Shipment

# A shop's word that a customer has paid; a blank one is an export that does not tell.
_PAID = ("", "paid", "authorized", "partially_paid", "partially_refunded")
_MOVES = (ParcelState.PICKED_UP, ParcelState.IN_TRANSIT, ParcelState.CUSTOMS, ParcelState.OUT_FOR_DELIVERY)
_TROUBLE = (ParcelState.DELAYED, ParcelState.ATTEMPT_FAILED, ParcelState.LOST, ParcelState.RETURNING)
_ARRIVED = (ParcelState.DELIVERED, ParcelState.PICKUP_READY)
# Nobody waits any more for these to come by themselves.
_GONE = (ParcelState.LOST, ParcelState.RETURNING)
_WORDS = {
    ParcelState.DELAYED: "the carrier says that it is late",
    ParcelState.ATTEMPT_FAILED: "the carrier met nobody",
    ParcelState.LOST: "the carrier lost or damaged it",
    ParcelState.RETURNING: "the carrier sends it back",
}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Alarm:
    """One cause of delay; it rings at `rings_at`, which may be to come. `key` is the same for the same cause."""

    key: str
    kind: IncidentKind
    rings_at: datetime
    shipment_id: int | None = None
    carrier: str = ""
    origin: str = ""
    promised_on: date | None = None
    expected_on: date | None = None
    reason: str = ""
    needs_person: bool = False


@dataclass(frozen=True)
class DelayTerms:
    """[orders.delay], with the calendar it names, and where and in which zone the shop is."""

    delay: DelayConfig = field(default_factory=DelayConfig)
    calendar: Calendar = field(default_factory=lambda: weekdays(ZoneInfo("UTC")))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    home: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As config.toml says."""
        zone, name = parse_zone(settings.shop.zone), settings.orders.delay.calendar
        own = settings.calendars.get(name)
        built_in = always(zone) if name == "always" else weekdays(zone)
        return cls(
            settings.orders.delay, own.calendar(name, zone) if own else built_in, zone, settings.shop.country or ""
        )


@dataclass(frozen=True)
class _Way:
    """A parcel's route, with what holds on it."""

    terms: DelayTerms
    route: DelayRoute
    at_home: bool

    def limit(self, name: str) -> Any:
        """The threshold of this name; None when the alarm is switched off."""
        found = getattr(self.route, name)
        if found is None:
            general = {"silent": "silent_home" if self.at_home else "silent_abroad"}.get(name, name)
            found = getattr(self.terms.delay, general)
        span = found.span if isinstance(found, Limit) else found
        return None if span >= NEVER else found


def alarms_of(
    order: Order, parcels: Sequence[Shipment], learned: Mapping[int, ParcelRoute], terms: DelayTerms
) -> list[Alarm]:
    """Every alarm that stands for an order or would stand if nothing more were heard; the weightiest first.

    `learned` holds the routes of parcels, by the parcel's id, that we know enough of.
    """
    if order.canceled_at is not None or (order.payment_state or "") in ("refunded", "voided"):
        return []
    found = list(_of_order(order, parcels, terms))
    for parcel in parcels:
        if parcel.shipped_at is not None and parcel.state not in _ARRIVED:
            found += _of_parcel(order, parcel, learned.get(parcel.id or 0), terms)
    return sorted(found, key=lambda one: _SEQUENCE.index(one.kind))


_SEQUENCE = (
    IncidentKind.EXCEPTION,
    IncidentKind.ETA_SLIP,
    IncidentKind.OVERDUE,
    IncidentKind.SILENT,
    IncidentKind.NOT_SCANNED,
    IncidentKind.NOT_SHIPPED,
)


def way_of(order: Order, parcel: Shipment | None, terms: DelayTerms) -> tuple[str, str, str, str]:
    """Origin, destination, carrier and service; a parcel that names no origin leaves from the shop's country."""
    origin = (parcel.origin if parcel else "") or terms.home
    return origin, order.country or "", parcel.carrier if parcel else "", parcel.service if parcel else ""


def _of_order(order: Order, parcels: Sequence[Shipment], terms: DelayTerms) -> Iterator[Alarm]:
    """Nothing has left us, or the day promised for the whole order is over."""
    way = _way(order, None, terms)
    about: dict[str, Any] = {"origin": terms.home, "promised_on": order.promised_on}
    left = any(parcel.shipped_at is not None or parcel.state in _ARRIVED for parcel in parcels) or _goes_nowhere(order)
    paid = (order.payment_state or "") in _PAID
    if not left and paid and (limit := way.limit("not_shipped")) is not None:
        rings_at = limit.end(terms.calendar, order.placed_at)
        yield Alarm(f"not_shipped:order:{order.id}", IncidentKind.NOT_SHIPPED, rings_at, **about)
    waiting = [parcel for parcel in parcels if parcel.state not in (*_ARRIVED, *_GONE)]
    if order.promised_on is None or not (waiting or (paid and not parcels)):
        return
    if (grace := way.limit("overdue")) is not None:
        key = f"overdue:order:{order.id}:{order.promised_on}"
        about["expected_on"] = max((one.expected_on for one in waiting if one.expected_on), default=None)
        yield Alarm(key, IncidentKind.OVERDUE, _after_day(order.promised_on, terms) + grace, **about)


def _goes_nowhere(order: Order) -> bool:
    """The shop says that all of it was handed over, or that nothing of it is shipped, as of gift cards."""
    lines = order.raw.get("line_items")
    shipped = [line.get("requires_shipping") for line in lines or () if isinstance(line, dict)]
    return order.raw.get("fulfillment_status") == "fulfilled" or (
        bool(shipped) and all(one is False for one in shipped)
    )


def _of_parcel(order: Order, parcel: Shipment, learned: ParcelRoute | None, terms: DelayTerms) -> Iterator[Alarm]:
    way = _way(order, parcel, terms)
    about: dict[str, Any] = {
        "shipment_id": parcel.id,
        "carrier": parcel.carrier,
        "origin": parcel.origin or terms.home,
        "expected_on": parcel.expected_on,
    }
    yield from _trouble(parcel, way, about)
    if parcel.state not in _GONE:
        yield from _slip(order, parcel, way, about)
        yield from _overdue(parcel, learned, way, about) if order.promised_on is None else ()
        yield from _silence(parcel, way, about)


def _trouble(parcel: Shipment, way: _Way, about: dict[str, Any]) -> Iterator[Alarm]:
    if parcel.state not in _TROUBLE or parcel.state_at is None or (limit := way.limit("exception")) is None:
        return
    # What is lost does not come back by the next working day.
    rings_at = parcel.state_at if parcel.state in _GONE else limit.end(way.terms.calendar, parcel.state_at)
    key = f"exception:shipment:{parcel.id}:{parcel.state.value}"
    reason = _WORDS[parcel.state]
    yield Alarm(key, IncidentKind.EXCEPTION, rings_at, reason=reason, needs_person=True, **about)


def _slip(order: Order, parcel: Shipment, way: _Way, about: dict[str, Any]) -> Iterator[Alarm]:
    promised = order.promised_on or parcel.first_expected_on
    if promised is None or parcel.expected_on is None or (grace := way.limit("eta_slip")) is None:
        return
    if parcel.expected_on > promised + timedelta(days=grace.days):
        rings_at = parcel.heard_at or parcel.state_at or order.changed_at
        key = f"eta_slip:shipment:{parcel.id}:{promised}"
        yield Alarm(key, IncidentKind.ETA_SLIP, rings_at, promised_on=promised, **about)


def _overdue(parcel: Shipment, learned: ParcelRoute | None, way: _Way, about: dict[str, Any]) -> Iterator[Alarm]:
    """The carrier's own first day is over or, where it told none, the time that nine in ten parcels take."""
    if (grace := way.limit("overdue")) is None:
        return
    if (promised := parcel.first_expected_on or parcel.expected_on) is not None:
        key = f"overdue:shipment:{parcel.id}:{promised}"
        rings_at = _after_day(promised, way.terms) + grace
        yield Alarm(key, IncidentKind.OVERDUE, rings_at, promised_on=promised, **about)
    elif learned is not None and parcel.shipped_at is not None:
        usual = parcel.shipped_at + timedelta(hours=learned.p90_hours)
        key = f"overdue:shipment:{parcel.id}:usual"
        yield Alarm(key, IncidentKind.OVERDUE, usual + grace, reason="it takes longer than parcels usually do", **about)


def _silence(parcel: Shipment, way: _Way, about: dict[str, Any]) -> Iterator[Alarm]:
    if parcel.scanned_at is None and parcel.tracking_number and parcel.shipped_at is not None:
        # The shop's own word that it left may have moved the state on; no carrier has spoken yet.
        if (patience := way.limit("not_scanned")) is not None:
            key = f"not_scanned:shipment:{parcel.id}"
            rings_at = parcel.shipped_at + patience
            yield Alarm(key, IncidentKind.NOT_SCANNED, rings_at, needs_person=True, **about)
    elif parcel.heard_at is not None and parcel.state in _MOVES and (patience := way.limit("silent")) is not None:
        key = f"silent:shipment:{parcel.id}:{parcel.heard_at:%Y-%m-%dT%H:%M:%S}"
        yield Alarm(key, IncidentKind.SILENT, parcel.heard_at + patience, **about)


def _way(order: Order, parcel: Shipment | None, terms: DelayTerms) -> _Way:
    way = way_of(order, parcel, terms)
    matching = [route for route in terms.delay.routes if _matches(route, way)]
    route = max(matching, key=_closeness, default=DelayRoute())
    return _Way(terms, route, at_home=not way[1] or way[0] == way[1])


def _matches(route: DelayRoute, way: tuple[str, str, str, str]) -> bool:
    named = (route.origin, route.destination, route.carrier, route.service)
    return all(not word or word.casefold() == own.casefold() for word, own in zip(named, way, strict=True))


def _closeness(route: DelayRoute) -> int:
    return sum(1 for word in (route.origin, route.destination, route.carrier, route.service) if word)


def _after_day(day: date, terms: DelayTerms) -> datetime:
    return datetime.combine(day + _DAY, time(), terms.zone)
