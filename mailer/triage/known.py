"""What the database knows that triage needs: the shop's numbers, its products, the order as classifiers see it."""

from datetime import datetime
from functools import cache, partial

from sqlmodel import Session, col, select

from mailer.model import Order, Product, Shipment
from mailer.rendering.order_facts import state_of
from mailer.triage.classifier import OrderView
from mailer.triage.details import Ware
from mailer.triage.entities import Shape, shape_of

# The shape of order numbers changes rarely; products that customers write about are the newer ones.
_NUMBERS = 300
_WARES = 2_000


class Shops:
    """The storefronts as they were when a batch began; each is read once."""

    def __init__(self, session: Session) -> None:
        self.shape = cache(partial(_shape, session))
        self.wares = cache(partial(_wares, session))


def _shape(session: Session, storefront: str) -> Shape:
    """How the order numbers of a storefront look."""
    # Without a condition the newest are read by their key; with one, all would be sorted.
    wanted = select(Order.storefront, Order.number_key).order_by(col(Order.id).desc()).limit(_NUMBERS)
    return shape_of(number for where, number in session.exec(wanted) if where == storefront)


def _wares(session: Session, storefront: str) -> list[Ware]:
    """The products of a storefront that a mail may name."""
    wanted = select(Product.id, Product.sku, Product.title).where(Product.storefront == storefront)
    rows = session.exec(wanted.order_by(col(Product.id).desc()).limit(_WARES))
    return [Ware(id or 0, sku, title) for id, sku, title in rows]


def view_of(session: Session, order: Order | None, *, now: datetime) -> OrderView | None:
    """An order as the classifier sees it."""
    if order is None:
        return None
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order.id)).all()
    state = state_of(order, parcels)
    left = min((one.shipped_at for one in parcels if one.shipped_at), default=order.placed_at)
    came = max((one.state_at for one in parcels if one.state_at), default=None)
    return OrderView(
        state,
        placed_at=order.placed_at,
        days_out=(now - left).days,
        late=state == "in_transit"
        and any(one.expected_on is not None and one.expected_on < now.date() for one in parcels),
        delivered_days=(now - came).days if came and state == "delivered" else None,
    )
