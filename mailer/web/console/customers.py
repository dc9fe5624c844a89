"""One customer: everything that they wrote and we wrote, orders, wishes; all of it as an archive, or forgotten."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import func
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError, NotFound
from mailer.insight.timeline import Happening, timeline
from mailer.model import Consent, Conversation, Customer, Enrollment, Order, Suppression
from mailer.privacy.erase import erase_customer
from mailer.privacy.export import export, pack
from mailer.web.console.forms import Id
from mailer.web.desk import Admin, Desk, Here, Reader

router = APIRouter()

_PAGE = 60
_MOST = 50


@dataclass(frozen=True)
class Sight:
    """What one look at a customer shows."""

    customer: Customer
    story: Sequence[Happening]
    conversations: Sequence[Conversation]
    orders: Sequence[Order]
    consents: Sequence[Consent]
    suppressions: Sequence[Suppression]
    passages: Sequence[Enrollment]


@router.get("/customers/{customer_id}")
async def show_customer(
    here: Here, person: Reader, customer_id: Id, before: Annotated[datetime | None, Query()] = None
) -> Response:
    """The whole story, the newest first; `before` shows what was earlier."""
    return await _customer(here, person, customer_id, before=before)


@router.post("/customers/{customer_id}/export")
async def post_export(request: Request, here: Here, person: Admin, customer_id: Id) -> Response:
    """All that we keep of them, to be handed on: a POST, so that the audit log knows of it."""
    request.state.back = f"/customers/{customer_id}"
    files = await here.db.read(export, customer_id, now=here.clock.now())
    archive = await asyncio.to_thread(pack, files)
    headers = {"content-disposition": f'attachment; filename="customer-{customer_id}.zip"'}
    return Response(archive, media_type="application/zip", headers=headers)


@router.get("/customers/{customer_id}/erasure")
async def show_erasure(here: Here, person: Admin, customer_id: Id) -> Response:
    """Ask once more, and say what goes and what stays."""
    sight = await here.db.read(look, customer_id, before=None)
    return here.pages.render("customer_erase.html", person=person, sight=sight, problem="")


@router.post("/customers/{customer_id}/erasure")
async def post_erasure(
    request: Request, here: Here, person: Admin, customer_id: Id, address: Annotated[str, Form(max_length=320)] = ""
) -> Response:
    """Forget them for good; the address is typed once more, so that nobody is forgotten by a slip."""
    request.state.back = f"/customers/{customer_id}"
    sight = await here.db.read(look, customer_id, before=None)
    if address.strip().lower() != sight.customer.address:
        raise InputError("address", ["This is not the address of this customer. Nothing was forgotten."])
    await here.db.run(erase_customer, customer_id, agent_id=person.agent_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/customers/{customer_id}", 303)


def look(session: Session, customer_id: int, *, before: datetime | None) -> Sight:
    """One consistent picture. Raises NotFound."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound(f"there is no customer {customer_id}")
    address = customer.address
    talks = select(Conversation).where(Conversation.customer_id == customer_id)
    orders = select(Order).where(func.lower(col(Order.email)) == address)
    passages = select(Enrollment).where(Enrollment.address == address)
    consents = select(Consent).where(Consent.address == address)
    stopped = select(Suppression).where(Suppression.address == address)
    return Sight(
        customer=customer,
        story=timeline(session, customer_id, limit=_PAGE, before=before),
        conversations=session.exec(talks.order_by(col(Conversation.updated_at).desc()).limit(_MOST)).all(),
        orders=session.exec(orders.order_by(col(Order.placed_at).desc()).limit(_MOST)).all(),
        consents=session.exec(consents.order_by(col(Consent.given_at).desc()).limit(_MOST)).all(),
        suppressions=session.exec(stopped.order_by(col(Suppression.id).desc()).limit(_MOST)).all(),
        passages=session.exec(passages.order_by(col(Enrollment.id).desc()).limit(_MOST)).all(),
    )


async def _customer(here: Desk, person: Reader, customer_id: int, *, before: datetime | None) -> Response:
    sight = await here.db.read(look, customer_id, before=before)
    earlier = sight.story[-1].at if len(sight.story) == _PAGE else None
    now = here.clock.now()
    return here.pages.render("customer.html", person=person, now=now, sight=sight, earlier=earlier, before=before)
