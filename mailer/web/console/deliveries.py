"""Decisions on a reply under way: take it back in time, or say what became of one that is unknown."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import NotFound
from mailer.model import Delivery, Message
from mailer.outbound.unknown import decide
from mailer.replies.approve import undo
from mailer.web.console.forms import Id
from mailer.web.console.looking import Look
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()


class Decision(StrEnum):
    """What a person knows of an unknown delivery."""

    ARRIVED = "arrived"
    AGAIN = "again"


async def conversation(request: Request, here: Here, person: Decider, delivery_id: Id) -> int:
    """The conversation of the delivery in the address; problems lead back to it. Raises NotFound."""
    found = await here.db.read(conversation_of, delivery_id)
    request.state.back = f"/conversations/{found}"
    return found


Conversation = Annotated[int, Depends(conversation)]


def conversation_of(session: Session, delivery_id: int) -> int:
    """Where this delivery belongs. Raises NotFound."""
    delivery = session.get(Delivery, delivery_id)
    message = session.get(Message, delivery.message_id) if delivery else None
    if message is None:
        raise NotFound(f"delivery {delivery_id}: there is no such delivery")
    return message.conversation_id


@router.post("/deliveries/{delivery_id}/cancellation")
async def post_cancellation(here: Here, person: Decider, look: Look, place: Conversation, delivery_id: Id) -> Response:
    """Undo an approval while there is time; the draft waits again."""
    await here.db.run(undo, delivery_id, agent_id=person.agent_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(look.item(place, f"notice={Notice.UNDONE}"), 303)


@router.post("/deliveries/{delivery_id}/decision")
async def post_decision(
    here: Here, person: Decider, look: Look, place: Conversation, delivery_id: Id, decision: Annotated[Decision, Form()]
) -> Response:
    """Settle what the relay left open."""
    arrived = decision is Decision.ARRIVED
    await here.db.run(decide, delivery_id, arrived=arrived, agent_id=person.agent_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(look.item(place, f"notice={Notice(decision.value)}"), 303)
