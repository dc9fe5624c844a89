"""One order: its positions and parcels with every scan, its conversations, and why each flow wrote or did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.errors import NotFound
from mailer.flows.explain import Chapter, explain, find_order
from mailer.flows.files import in_service
from mailer.flows.terms import Terms as FlowTerms
from mailer.model import (
    Conversation,
    Customer,
    Incident,
    Order,
    OrderLine,
    Refund,
    ReturnRequest,
    Scan,
    Shipment,
    SourcePayload,
)
from mailer.web.console.forms import Id
from mailer.web.console.words import PARCEL
from mailer.web.desk import Here, Reader

router = APIRouter()

_MOST = 50


@dataclass(frozen=True)
class Parcel:
    """A parcel with what the carrier said of it, the newest first."""

    row: Shipment
    scans: Sequence[Scan]


@dataclass(frozen=True)
class Sight:
    """What one look at an order shows."""

    order: Order
    customer: Customer | None
    lines: Sequence[OrderLine]
    parcels: Sequence[Parcel]
    conversations: Sequence[Conversation]
    incidents: Sequence[Incident]
    returns: Sequence[ReturnRequest]
    refunds: Sequence[Refund]
    payloads: Sequence[SourcePayload]
    chapters: Sequence[Chapter]


@router.get("/orders/number/{number}")
async def find(here: Here, person: Reader, number: str) -> Response:
    """An order by the number that customers know."""
    order: Order = await here.db.read(find_order, number)
    return RedirectResponse(f"/orders/{order.id}", 303)


@router.get("/orders/{order_id}")
async def show_order(here: Here, person: Reader, order_id: Id) -> Response:
    """Everything about one order, `mailer why` included."""
    terms = FlowTerms.of(here.settings, here.terms.keys)
    now = here.clock.now()
    sight = await here.db.read(look, order_id, here.settings.flows.directory, terms, now=now)
    return here.pages.render("order.html", person=person, now=now, sight=sight, parcel=PARCEL)


def look(session: Session, order_id: int, directory: Path, terms: FlowTerms, *, now: datetime) -> Sight:
    """One consistent picture. Raises NotFound."""
    order = session.get(Order, order_id)
    if order is None:
        raise NotFound(f"there is no order {order_id}")
    customer = session.exec(select(Customer).where(Customer.address == order.email.lower())).first()
    return Sight(
        order=order,
        customer=customer,
        lines=_of(session, OrderLine, order_id),
        parcels=[Parcel(row, _scans(session, row)) for row in _of(session, Shipment, order_id)],
        conversations=_of(session, Conversation, order_id),
        incidents=_of(session, Incident, order_id),
        returns=_of(session, ReturnRequest, order_id),
        refunds=_of(session, Refund, order_id),
        payloads=_of(session, SourcePayload, order_id),
        chapters=explain(session, order, in_service(session, directory), terms, now=now),
    )


def _of(session: Session, table: Any, order_id: int) -> Sequence[Any]:
    mine = select(table).where(table.order_id == order_id)
    return session.exec(mine.order_by(table.id.desc()).limit(_MOST)).all()


def _scans(session: Session, parcel: Shipment) -> Sequence[Scan]:
    wanted = select(Scan).where(Scan.shipment_id == parcel.id).order_by(col(Scan.happened_at).desc())
    return session.exec(wanted.limit(_MOST)).all()
