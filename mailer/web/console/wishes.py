"""What the newest mail wants, as it is shown, and a person's better word for it."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import NotFound
from mailer.model import Classification, Intent, Level, Message
from mailer.replies.queue import Item, wanted
from mailer.triage.learn import CORRECTABLE, correct
from mailer.web.console.forms import Id
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here
from mailer.web.languages import N_

router = APIRouter()

_WORTH_NAMING = 0.02
# As many as have a key of their own.
_LIKELIEST = 3

LEVELS = {Level.HIGH: N_("High"), Level.MEDIUM: N_("Medium"), Level.LOW: N_("Low")}

NAMES = {
    Intent.COMPLAINT_DISPUTE: N_("complaint, dispute"),
    Intent.UNSUBSCRIBE_PRIVACY: N_("unsubscribe, privacy"),
    Intent.CANCEL_ORDER: N_("cancel order"),
    Intent.CHANGE_ORDER: N_("change order"),
    Intent.DELIVERY_DELAY: N_("delivery delay"),
    Intent.DAMAGED_DEFECTIVE: N_("damaged, defective"),
    Intent.WRONG_MISSING_ITEM: N_("wrong or missing item"),
    Intent.SIZE_NOT_FIT: N_("size does not fit"),
    Intent.RETURN_REFUND: N_("return, refund"),
    Intent.EXCHANGE: N_("exchange"),
    Intent.REFUND_STATUS: N_("refund status"),
    Intent.PAYMENT_ISSUE: N_("payment issue"),
    Intent.ORDER_STATUS: N_("order status"),
    Intent.INVOICE: N_("invoice"),
    Intent.ACCOUNT_HELP: N_("account help"),
    Intent.SIZE_QUESTION: N_("size question"),
    Intent.STOCK: N_("stock"),
    Intent.PRODUCT_QUESTION: N_("product question"),
    Intent.COMBINED_SHIPPING: N_("combined shipping"),
    Intent.SHIPPING_QUESTION: N_("shipping question"),
    Intent.CUSTOMS_TAX: N_("customs, tax"),
    Intent.DISCOUNT_PROMO: N_("discount"),
    Intent.WEBSITE_SAFETY: N_("is this shop real"),
    Intent.WHOLESALE: N_("wholesale"),
    Intent.REVIEW_RELATED: N_("about a review"),
    Intent.POSITIVE_FEEDBACK: N_("thanks, praise"),
    Intent.SPAM_SALES: N_("somebody sells to us"),
    Intent.AUTO_REPLY: N_("automatic reply"),
    Intent.BOUNCE: N_("returned mail"),
    Intent.OTHER: N_("something else"),
}

_NAMES = {
    "colour": N_("Colour"),
    "size": N_("Size"),
    "product": N_("Product"),
    "reason": N_("Reason"),
    "country": N_("Country"),
    "quantity": N_("Quantity"),
    "company": N_("Company"),
    "amounts": N_("Amounts"),
    "dates": N_("Dates"),
}


def wish_values(found: Item) -> dict[str, Any]:
    """What the page of a conversation shows of its wishes."""
    judged = found.classification
    return {
        "judged": judged,
        "wishes": wanted(found.judgements),
        "urgent": any(one.urgency == "high" for one in found.judgements),
        "levels": LEVELS,
        "names": NAMES,
        "likeliest": likeliest(judged) if judged else [],
        "guesses": guesses(judged) if judged else [],
        "named": list(named(judged)) if judged else [],
        "choices": choices(judged) if judged else [],
    }


def guesses(judged: Classification) -> list[tuple[Intent, float]]:
    """What else it may be and how likely, where we are not sure."""
    if judged.level.value == "high":
        return []
    wanted = {one["intent"] for one in judged.intents} or {judged.intent}
    others = [one for one in judged.top if one["intent"] not in wanted and one["confidence"] >= _WORTH_NAMING]
    return [(Intent(one["intent"]), one["confidence"]) for one in others]


def named(judged: Classification) -> Iterator[tuple[str, str]]:
    """What else the mail names, for reading."""
    if judged.tracking_number:
        yield N_("Tracking"), judged.tracking_number
    for key, name in _NAMES.items():
        if value := judged.entities.get(key):
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value).replace("_", " ")


def likeliest(judged: Classification) -> list[Intent]:
    """The three intents that a person most likely means instead; each has a key."""
    others = [*(one["intent"] for one in judged.top), *(one["intent"] for one in judged.intents), *CORRECTABLE]
    wanted = dict.fromkeys(Intent(one) for one in others if one in CORRECTABLE and one != judged.intent)
    return list(wanted)[:_LIKELIEST]


def choices(judged: Classification) -> list[Intent]:
    """All that a person may say instead."""
    return [one for one in CORRECTABLE if one != judged.intent]


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
