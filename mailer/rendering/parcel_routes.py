"""How long parcels take, as learned from those that arrived; used once so many of a way are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from mailer.model import ParcelRoute

# Of fewer parcels nine in ten are a matter of chance.
ENOUGH = 30
Way = tuple[str, str, str, str]


@dataclass(frozen=True)
class Routes:
    """The routes that we know enough of, by origin, destination, carrier and service."""

    known: Mapping[Way, ParcelRoute] = field(default_factory=dict)

    def of(self, origin: str, destination: str, carrier: str, service: str) -> ParcelRoute | None:
        """The closest route: with its service, else its carrier, else the two countries alone."""
        carrier, service = carrier.casefold(), service.casefold()
        for way in ways(origin, destination, carrier, service):
            if way in self.known:
                return self.known[way]
        return None


def ways(origin: str, destination: str, carrier: str, service: str) -> tuple[Way, ...]:
    """The ways that a parcel counts for, the closest first."""
    whole = (origin, destination, carrier, service)
    return tuple(dict.fromkeys((whole, (origin, destination, carrier, ""), (origin, destination, "", ""))))


def read_routes(session: Session) -> Routes:
    """All routes that we know enough of."""
    rows = session.exec(select(ParcelRoute).where(ParcelRoute.parcels >= ENOUGH))
    return Routes({(row.origin, row.destination, row.carrier, row.service): row for row in rows})


def learned_route(session: Session, origin: str, destination: str, carrier: str, service: str) -> ParcelRoute | None:
    """The closest route of one parcel that we know enough of."""
    mine = select(ParcelRoute).where(ParcelRoute.origin == origin, ParcelRoute.destination == destination)
    rows = session.exec(mine.where(ParcelRoute.parcels >= ENOUGH))
    known = {(row.origin, row.destination, row.carrier, row.service): row for row in rows}
    return Routes(known).of(origin, destination, carrier, service)


def learned_days(route: ParcelRoute, shipped_at: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The days by which half, and nine in ten, of the parcels that leave then have arrived."""
    half, most = (shipped_at + timedelta(hours=hours) for hours in (route.p50_hours, route.p90_hours))
    return half.astimezone(zone).date(), most.astimezone(zone).date()
