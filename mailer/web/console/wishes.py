"""What the newest mail wants, as it is shown, and a person's better word for it."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import NotFound
from mailer.model import Classification, Intent, Message
from mailer.triage.learn import CORRECTABLE, correct
from mailer.web.console.forms import Id
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()

_WORTH_NAMING = 0.02

_NAMES = {
    "colour": "Colour",
    "size": "Size",
    "product": "Product",
    "reason": "Reason",
    "country": "Country",
    "quantity": "Quantity",
    "company": "Company",
    "amounts": "Amounts",
    "dates": "Dates",
}


def guesses(judged: Classification) -> list[str]:
    """What else it may be, where we are not sure."""
    if judged.level.value == "high":
        return []
    wanted = {one["intent"] for one in judged.intents} or {judged.intent}
    others = [one for one in judged.top if one["intent"] not in wanted and one["confidence"] >= _WORTH_NAMING]
    return [f"{said(one['intent'])} ({one['confidence']:.0%})" for one in others]


def named(judged: Classification) -> Iterator[tuple[str, str]]:
    """What else the mail names, for reading."""
    if judged.tracking_number:
        yield "Tracking", judged.tracking_number
    for key, name in _NAMES.items():
        if value := judged.entities.get(key):
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value).replace("_", " ")


def choices(judged: Classification) -> list[tuple[str, str]]:
    """What a person may say instead."""
    return [(one.value, said(one)) for one in CORRECTABLE if one != judged.intent]


def said(intent: str) -> str:
    """As in `order status`."""
    return intent.replace("_", " ")


async def conversation(request: Request, here: Here, person: Decider, message_id: Id) -> int:
    """The conversation of the mail in the address; problems lead back to it. Raises NotFound."""
    found = await here.db.read(conversation_of, message_id)
    request.state.back = f"/conversations/{found}"
    return found


Conversation = Annotated[int, Depends(conversation)]


def conversation_of(session: Session, message_id: int) -> int:
    """Where this mail belongs. Raises NotFound."""
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(f"message {message_id}: there is no such message")
    return message.conversation_id


@router.post("/messages/{message_id}/correction")
async def post_correction(
    here: Here, person: Decider, place: Conversation, message_id: Id, intent: Annotated[Intent, Form()]
) -> Response:
    """Say what a mail really wants; it is drafted anew, and learnt from."""
    await here.db.run(correct, message_id, intent.value, person.agent_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/conversations/{place}?notice={Notice.CORRECTED}", 303)
