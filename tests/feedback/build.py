"""Rows that feedback is about: an order that arrived, its customer, links to it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from mailer.config import Settings
from mailer.links import Link
from mailer.model import Customer, Event, Incident, IncidentKind, Order, OrderLine, ParcelState, Shipment
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Returns, Shop

ANA = "ana@customer.test"
SHOP = Shop(
    name="Linen & Co",
    zone="Europe/Berlin",
    warranty_months=24,
    currency="EUR",
    reviews_url="https://reviews.example.com/linen",
    returns={
        "*": Returns(days=30, paid_by="customer", address="Linen & Co, Hafenstr. 1, 20457 Hamburg", keep_below="10.00"),
        "US": Returns(address="Linen & Co, 1 Main St, Springfield", label_url="https://shop.example.com/label"),
    },
)


@dataclass(frozen=True)
class Bought:
    """The ids of an order, its customer, and its lines."""

    order: int
    customer: int
    lines: tuple[int, ...]

    def link(self, purpose: str, question: str = "-", **about: Any) -> Link:
        """A link of this customer, about the order unless told otherwise."""
        told = {"subject_kind": "order", "subject_id": self.order, "last_day": date(2027, 5, 1), **about}
        return Link(purpose=purpose, question=question, customer_id=self.customer, **told)

    def way_out(self, stream: str) -> Link:
        return Link("unsubscribe", "customer", self.customer, self.customer, stream)


def bought(
    session: Session,
    now: datetime,
    *,
    number: str = "#1001",
    language: str | None = "en",
    country: str = "DE",
    delivered: timedelta | None = timedelta(days=5),
    lines: tuple[tuple[str, int, str | None], ...] = (("Linen shirt", 2, "29.00"), ("Linen scarf", 1, "8.00")),
    settings: Settings | None = None,
    **order: Any,
) -> Bought:
    """An order of Ana's that arrived so long ago; None: it is on its way."""
    sync_shop_facts(session, settings.shop if settings else SHOP, now=now)
    placed = now - timedelta(days=12)
    row = Order(
        source="api", number=number, number_key=number.strip("#"), email=ANA, customer_name="Ana Cruz",
        language=language, country=country, currency="EUR", total="66.00", payment_state="paid",
        placed_at=placed, changed_at=placed, recorded_at=placed, **order,
    )  # fmt: skip
    session.add(row)
    session.flush()
    positions = []
    for place, (title, quantity, price) in enumerate(lines):
        line = OrderLine(order_id=row.id or 0, external_id=f"{place}", title=title, sku=f"SKU{place}")
        line.quantity, line.price = quantity, price
        session.add(line)
        positions.append(line)
    parcel = Shipment(order_id=row.id or 0, external_id="88", carrier="DHL", tracking_number="JD014")
    parcel.state = ParcelState.DELIVERED if delivered is not None else ParcelState.IN_TRANSIT
    parcel.shipped_at = placed + timedelta(days=1)
    parcel.delivered_at = now - delivered if delivered is not None else None
    session.add(parcel)
    customer = session.exec(select(Customer).where(Customer.address == ANA)).first()
    customer = customer or Customer(address=ANA, name="Ana Cruz", language=language, created_at=now)
    session.add(customer)
    session.flush()
    return Bought(row.id or 0, customer.id or 0, tuple(line.id or 0 for line in positions))


def late(session: Session, order_id: int, now: datetime, *, expected_on: date | None = None) -> int:
    """A delay of the order."""
    row = Incident(key=f"silent:{order_id}", kind=IncidentKind.SILENT, order_id=order_id, opened_at=now)
    row.expected_on = expected_on
    session.add(row)
    session.flush()
    return row.id or 0


def events(session: Session, *kinds: str) -> list[Event]:
    """What was told, the oldest first; of these kinds where any are named."""
    found = sorted(session.exec(select(Event)).all(), key=lambda event: event.id or 0)
    return [event for event in found if not kinds or event.kind in kinds]


def kinds(session: Session) -> list[str]:
    return [event.kind for event in events(session)]
