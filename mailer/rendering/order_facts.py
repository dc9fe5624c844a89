"""What an order says: where it is, what was paid and paid back, until when it can be sent back, and how late it is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from mailer.model import Order, OrderLine, ParcelState, Refund, Scan, Shipment
from mailer.rendering.compensation import Ledger, Tier, offered
from mailer.rendering.fact import Fact, Turn, Value
from mailer.rendering.hosts import PICTURE_HOSTS, safe_link
from mailer.rendering.shop_facts import ShopBook, return_rule

_OfOrder = TypeVar("_OfOrder", OrderLine, Shipment, Refund)
# A parcel that only has a label has not left us.
_NOT_SHIPPED = (ParcelState.LABEL,)
# The carrier itself says that it is not on its way as it should be.
_IN_TROUBLE = (ParcelState.DELAYED, ParcelState.LOST)
# What shops call the state of a payment, as far as it tells of money that went back.
_REFUND_STATES = {
    "refunded": "full",
    "partially_refunded": "partial",
    **dict.fromkeys(("paid", "pending", "authorized", "partially_paid", "voided", "unpaid"), "none"),
}


@dataclass(frozen=True)
class Purchase:
    """An order with its positions, its parcels, the last scan of each parcel, and its refunds, the newest last."""

    order: Order
    lines: Sequence[OrderLine] = ()
    parcels: Sequence[Shipment] = ()
    scans: Mapping[int, Scan] = field(default_factory=dict)
    refunds: Sequence[Refund] = ()

    @property
    def state(self) -> str:
        """The one word that a reply depends on."""
        return state_of(self.order, self.parcels)

    @property
    def waiting(self) -> list[Shipment]:
        """The parcels that the customer still waits for."""
        if self.order.canceled_at is not None:
            return []
        return [parcel for parcel in self.parcels if parcel.state != ParcelState.DELIVERED]

    @property
    def expected_on(self) -> date | None:
        """When all of it should be there, as far as the carriers said so."""
        return max((parcel.expected_on for parcel in self.waiting if parcel.expected_on), default=None)

    @property
    def delivered_at(self) -> datetime | None:
        """When the last parcel of a delivered order came."""
        if self.state != "delivered":
            return None
        return max((parcel.state_at for parcel in self.parcels if parcel.state_at), default=None)


def read_purchase(session: Session, order_id: int | None) -> Purchase | None:
    """The order as we know it now; None without one."""
    order = session.get(Order, order_id) if order_id is not None else None
    if order is None:
        return None
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id))).all()
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order.id).order_by(col(Shipment.id))).all()
    refunds = session.exec(
        select(Refund).where(Refund.order_id == order.id).order_by(col(Refund.refunded_at), col(Refund.id))
    ).all()
    return Purchase(order, lines, parcels, _last_scans(session, parcels), refunds)


def read_purchases(session: Session, order_ids: Sequence[int]) -> dict[int, Purchase]:
    """As `read_purchase`, for many orders with one question for each kind of row."""
    orders = session.exec(select(Order).where(col(Order.id).in_(order_ids))).all()
    lines = _by_order(session.exec(select(OrderLine).where(col(OrderLine.order_id).in_(order_ids))).all())
    parcels = _by_order(session.exec(select(Shipment).where(col(Shipment.order_id).in_(order_ids))).all())
    refunds = _by_order(session.exec(select(Refund).where(col(Refund.order_id).in_(order_ids))).all())
    scans = _last_scans(session, [parcel for some in parcels.values() for parcel in some])
    return {
        one: Purchase(
            order,
            lines.get(one, []),
            parcels.get(one, []),
            {parcel.id or 0: scans[parcel.id or 0] for parcel in parcels.get(one, []) if parcel.id in scans},
            sorted(refunds.get(one, []), key=lambda refund: (refund.refunded_at, refund.id or 0)),
        )
        for order in orders
        if (one := order.id or 0)
    }


def _by_order(rows: Sequence[_OfOrder]) -> dict[int, list[_OfOrder]]:
    found: dict[int, list[_OfOrder]] = {}
    for row in sorted(rows, key=lambda one: one.id or 0):
        found.setdefault(row.order_id, []).append(row)
    return found


def state_of(order: Order, parcels: Sequence[Shipment]) -> str:
    """The one word for an order that a reply depends on."""
    if order.canceled_at is not None:
        return "canceled"
    moving = [parcel for parcel in parcels if parcel.state not in _NOT_SHIPPED]
    if not moving:
        return "not_shipped"
    if all(parcel.state == ParcelState.DELIVERED for parcel in parcels):
        return "delivered"
    return "in_transit"


def days_late(purchase: Purchase, today: date) -> int | None:
    """For how many days the customer has waited beyond what the carrier said; None when it is not late."""
    late = [parcel for parcel in purchase.waiting if _is_late(parcel, today)]
    days = [(today - parcel.expected_on).days for parcel in late if parcel.expected_on]
    return max(0, *days, 0) if late else None


def _is_late(parcel: Shipment, today: date) -> bool:
    return parcel.state in _IN_TROUBLE or (parcel.expected_on is not None and parcel.expected_on < today)


def order_facts(purchase: Purchase, shop: ShopBook, ledger: Ledger) -> Iterator[Fact]:
    """Everything under `order.`, `customer.`, `items.`, `parcels.` and `compensation.`."""
    order = purchase.order
    values = {
        **_told(purchase, shop),
        **_delivery(purchase, shop),
        **_money_back(purchase, shop),
        **_return(purchase, shop),
        **_customer(order),
    }
    for path, value in values.items():
        if value not in (None, ""):
            yield Fact(path, value, order.source, order.changed_at)
    yield from _compensation(purchase, shop, ledger)
    yield from _items(order, purchase.lines, shop)
    for position, parcel in enumerate(purchase.parcels):
        yield from _parcel(f"parcels.{position}", parcel, purchase, shop)


def order_turns(purchase: Purchase, shop: ShopBook) -> Iterator[Turn]:
    """When it becomes late, when a tier of compensation is reached, when the time for a return is over."""
    days = [(path, day) for day in _late_from(purchase) for path in ("order.late", "parcels.*.late")]
    if (until := _return_until(purchase, shop)) is not None:
        days.append(("order.return_open", until + timedelta(days=1)))
    if (first := min(_late_from(purchase), default=None)) is not None:
        tiers = [first + timedelta(days=max(tier["after_days"] - 1, 0)) for tier in shop.get("compensation") or ()]
        days += [(path, day) for day in tiers for path in ("compensation.offer", "compensation.after_days")]
    for path, day in days:
        if day > shop.today:
            yield Turn(path, shop.start_of(day))


def _late_from(purchase: Purchase) -> list[date]:
    """The day on which each waiting parcel becomes late."""
    return [parcel.expected_on + timedelta(days=1) for parcel in purchase.waiting if parcel.expected_on]


def _told(purchase: Purchase, shop: ShopBook) -> dict[str, Value]:
    order = purchase.order
    return {
        "order.number": order.number,
        "order.state": purchase.state,
        "order.placed_on": _day(order.placed_at, shop),
        "order.total": order.total,
        "order.currency": order.currency,
        "order.payment_state": order.payment_state,
        "order.country": order.country,
        "order.promised_on": order.promised_on.isoformat() if order.promised_on else None,
        "order.canceled_on": _day(order.canceled_at, shop),
    }


def _delivery(purchase: Purchase, shop: ShopBook) -> dict[str, Value]:
    sent = [parcel.shipped_at for parcel in purchase.parcels if parcel.shipped_at]
    late = days_late(purchase, shop.today) is not None
    return {
        "order.shipped_on": _day(min(sent, default=None), shop) if purchase.state != "not_shipped" else None,
        "order.expected_on": purchase.expected_on.isoformat() if purchase.expected_on else None,
        "order.late": True if late else None,
        "order.delivered_on": _day(purchase.delivered_at, shop),
    }


def _money_back(purchase: Purchase, shop: ShopBook) -> dict[str, Value]:
    """What went back, from the state of the payment and, where the shop told of them, from the refunds themselves."""
    order = purchase.order
    told = [(one.refunded_at, _amount(one.amount)) for one in purchase.refunds]
    refunds = [one for one in told if one[1] > 0] or _refunds(order.raw)
    amounts = [amount for _, amount in refunds]
    state = _REFUND_STATES.get(order.payment_state or "") or ("partial" if sum(amounts) else None)
    if purchase.refunds and state == "none" and sum(amounts):
        # The shop told of the refund, and not yet of what it makes of the payment.
        state = "full" if sum(amounts) >= _amount(order.total) else "partial"
    amount = str(sum(amounts)) if amounts else order.total if state == "full" else None
    days = [_day(at, shop) for at, _ in refunds if at]
    paid = state in ("full", "partial")
    return {
        "order.refund_state": state,
        "order.refunded": amount if paid else None,
        "order.refunded_on": max((day for day in days if day), default=None) if paid else None,
    }


def _refunds(raw: Mapping[str, Any]) -> list[tuple[datetime | None, Decimal]]:
    """Time and amount of each refund in Shopify's payload; what is not in its form is passed over."""
    found = []
    for refund in _dicts(raw.get("refunds")):
        told = [one for one in _dicts(refund.get("transactions")) if one.get("kind", "refund") == "refund"]
        paid = [_amount(one.get("amount")) for one in told if one.get("status", "success") == "success"]
        if (amount := sum(paid, Decimal())) > 0:
            found.append((_at(refund.get("processed_at") or refund.get("created_at")), amount))
    return found


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _amount(value: Any) -> Decimal:
    with suppress(InvalidOperation, ValueError, TypeError):
        amount = Decimal(str(value))
        return amount if amount.is_finite() else Decimal()
    return Decimal()


def _at(value: Any) -> datetime | None:
    with suppress(ValueError, TypeError):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else None
    return None


def _return(purchase: Purchase, shop: ShopBook) -> dict[str, Value]:
    until = _return_until(purchase, shop)
    return {
        "order.return_until": until.isoformat() if until else None,
        "order.return_open": until >= shop.today if until else None,
    }


def _return_until(purchase: Purchase, shop: ShopBook) -> date | None:
    rule = return_rule(shop, purchase.order.country, "days")
    if rule is None or purchase.delivered_at is None:
        return None
    return shop.day(purchase.delivered_at) + timedelta(days=int(rule[1]))


def _customer(order: Order) -> dict[str, Value]:
    """The buyer's name: in parts as the shop has it, else its first word and the rest."""
    told = order.raw.get("customer")
    given = told if isinstance(told, dict) else {}
    first, _, rest = order.customer_name.partition(" ")
    return {
        "customer.first_name": str(given.get("first_name") or "") or first,
        "customer.last_name": str(given.get("last_name") or "") or rest.strip(),
        "customer.full_name": order.customer_name,
    }


def _compensation(purchase: Purchase, shop: ShopBook, ledger: Ledger) -> Iterator[Fact]:
    late = days_late(purchase, shop.today)
    tier = offered(purchase.order, late, ledger, shop)
    if isinstance(tier, Tier):
        yield shop.fact("compensation.offer", "compensation", shop.words(tier.offer))
        yield shop.fact("compensation.after_days", "compensation", tier.after_days)


def _items(order: Order, lines: Sequence[OrderLine], shop: ShopBook) -> Iterator[Fact]:
    for position, line in enumerate(lines):
        title = f"{line.title} ({line.variant})" if line.variant else line.title
        values: dict[str, Value] = {"title": title, "quantity": line.quantity, "sku": line.sku, "price": line.price}
        picture = safe_link(line.image_url, PICTURE_HOSTS | shop.link_hosts)
        for name, value in {**values, "image_url": picture}.items():
            if value not in (None, ""):
                yield Fact(f"items.{position}.{name}", value, order.source, order.changed_at)


def _parcel(path: str, parcel: Shipment, purchase: Purchase, shop: ShopBook) -> Iterator[Fact]:
    order = purchase.order
    source, at = parcel.carrier or order.source, parcel.state_at or order.changed_at
    last = purchase.scans.get(parcel.id or 0)
    values: dict[str, Value] = {
        "state": parcel.state.value,
        "carrier": parcel.carrier,
        "number": parcel.tracking_number,
        "url": parcel.tracking_url,
        "expected_on": parcel.expected_on.isoformat() if parcel.expected_on else None,
        "state_on": _day(parcel.state_at, shop),
        "shipped_on": _day(parcel.shipped_at, shop),
        "last_scan_at": last.happened_at.isoformat() if last else None,
        "last_place": last.place if last else None,
        "late": True if parcel in purchase.waiting and _is_late(parcel, shop.today) else None,
    }
    for name, value in values.items():
        if value not in (None, ""):
            yield Fact(f"{path}.{name}", value, source, at)


def _last_scans(session: Session, parcels: Sequence[Shipment]) -> dict[int, Scan]:
    ids = [parcel.id for parcel in parcels]
    wanted = select(Scan).where(col(Scan.shipment_id).in_(ids)) if ids else None
    found = session.exec(wanted.order_by(col(Scan.happened_at), col(Scan.id))).all() if wanted is not None else []
    return {scan.shipment_id: scan for scan in found}


def _day(moment: datetime | None, shop: ShopBook) -> str | None:
    return shop.day(moment).isoformat() if moment else None
