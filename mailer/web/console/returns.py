"""What customers want to send back, and what a person decides on it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.feedback.returns import agree, all_returns, open_return, receive, refuse, settle, way_back
from mailer.model import Conversation, Order, ReturnRequest, ReturnState
from mailer.web.console.forms import Id, Text, local_path
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here, Reader
from mailer.web.languages import N_

router = APIRouter()

STATES = {
    ReturnState.REQUESTED: N_("to decide"),
    ReturnState.AGREED: N_("agreed"),
    ReturnState.RECEIVED: N_("received"),
    ReturnState.REFUSED: N_("refused"),
    ReturnState.SETTLED: N_("settled"),
}

# Where the form stood, so that the decision leads back there.
Place = Annotated[str, Form(max_length=100)]


@router.get("/returns")
async def show_returns(
    here: Here, person: Reader, state: ReturnState | None = None, notice: Notice | None = None
) -> Response:
    """What is open, the oldest first; or all in one state."""
    found = await here.db.read(all_returns, all_states=state is not None, limit=1_000)
    rows = [(row, number) for row, number in found if state is None or row.state is state]
    return here.pages.render(
        "returns.html",
        person=person,
        now=here.clock.now(),
        rows=rows,
        states=STATES,
        state=state,
        talks=await here.db.read(conversations_of, [row.id or 0 for row, _ in rows]),
        notice=notice,
    )


def conversations_of(session: Session, numbers: list[int]) -> dict[int, int]:
    """Where the customers of these returns wrote last, by return."""
    wanted = (
        select(ReturnRequest.id, Conversation.id)
        .join(Conversation, col(Conversation.order_id) == ReturnRequest.order_id)
        .where(col(ReturnRequest.id).in_(numbers))
        .order_by(col(Conversation.id))
    )
    return {number or 0: talk or 0 for number, talk in session.exec(wanted)}


def return_of(session: Session, order_id: int | None) -> ReturnRequest | None:
    """What an agent sees of it beside a conversation: the open request of the order, else the newest."""
    order = session.get(Order, order_id) if order_id else None
    return open_return(session, order) if order else None


@router.post("/returns/{number}/agreement")
async def post_agreement(
    request: Request,
    here: Here,
    person: Decider,
    number: Id,
    keep: Annotated[bool, Form()] = False,
    label: Annotated[str, Form(max_length=500, pattern=r"^(https://\S+)?$")] = "",
    place: Place = "/returns",
) -> Response:
    """It may come back, or is kept. Address and label are those of the customer's country in [shop.returns]."""
    request.state.back = "/returns"
    now = here.clock.now()
    send_to, label_url = await here.db.read(way_back, number, here.settings.shop.language, now=now)
    label_url = label or label_url
    await here.db.run(agree, number, by=person.name, keep=keep, send_to=send_to, label_url=label_url, now=now)
    return _on(here, place)


@router.post("/returns/{number}/refusal")
async def post_refusal(
    request: Request, here: Here, person: Decider, number: Id, reason: Text, place: Place = "/returns"
) -> Response:
    """It may not; the customer reads why."""
    request.state.back = "/returns"
    await here.db.run(refuse, number, by=person.name, reason=reason[:1_000], now=here.clock.now())
    return _on(here, place)


@router.post("/returns/{number}/receipt")
async def post_receipt(
    request: Request, here: Here, person: Decider, number: Id, place: Place = "/returns"
) -> Response:
    """It is with us."""
    request.state.back = "/returns"
    await here.db.run(receive, number, by=person.name, now=here.clock.now())
    return _on(here, place)


@router.post("/returns/{number}/settlement")
async def post_return_settled(
    request: Request, here: Here, person: Decider, number: Id, place: Place = "/returns"
) -> Response:
    """Money or another item went out."""
    request.state.back = "/returns"
    await here.db.run(settle, number, by=person.name, now=here.clock.now())
    return _on(here, place)


def _on(here: Here, place: str) -> Response:
    here.wake()
    return RedirectResponse(f"{local_path(place)}?notice={Notice.RETURN_CHANGED}", 303)
