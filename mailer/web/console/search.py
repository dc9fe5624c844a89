"""Search over all mails and notes: a form that works by itself, and answers while one types."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from mailer.calendars import parse_zone
from mailer.insight.query import chunks
from mailer.insight.search import Answer, search
from mailer.insight.words import is_run, plain
from mailer.model import ConversationState
from mailer.web.desk import Here, Reader
from mailer.web.languages import N_

# A single letter finds half of everything; a single Chinese character is a word.
_SHORTEST = 2

STATES = {
    ConversationState.NEEDS_ANSWER: N_("needs an answer"),
    ConversationState.DRAFTED: N_("draft waits"),
    ConversationState.NEEDS_PERSON: N_("needs a person"),
    ConversationState.WAITING: N_("waits for the customer"),
    ConversationState.CLOSED: N_("closed"),
}
KINDS = {"order": N_("Order"), "customer": N_("Customer"), "conversation": N_("Conversation")}
UNREAD = {
    "date": N_("%(words)s is no date that we can read; write 2026-11-22, 2026-11 or 2026."),
    "state": N_("%(words)s is no state; there are open, waiting, closed, ours, theirs and note."),
    "order": N_("Mails that are not of order %(words)s cannot be asked for."),
}
_TOGGLES = {
    "is:open": N_("Open"),
    "is:waiting": N_("Waits for the customer"),
    "is:closed": N_("Closed"),
    "is:theirs": N_("From customers"),
    "is:ours": N_("From us"),
    "is:note": N_("Notes"),
}
EXAMPLES = [
    ("#1001", N_("an order, by its number")),
    ("ana@example.com", N_("a customer, by the address")),
    ("refund linen", N_("mails with both words")),
    ('"where is my order"', N_("words that follow each other")),
    ("refund -dhl", N_("without a word")),
    ("deliv*", N_("words that begin so")),
    ("物流", N_("Chinese, Japanese and Korean need no blanks")),
    ("from:ana to:care subject:refund", N_("who wrote, to whom, about what")),
    ("is:open after:2026-11-01 before:2026-12", N_("by state and day")),
    ("in:notes linen", N_("what colleagues noted")),
    ("order:1001 lang:de intent:return_request", N_("by order, language and intent")),
]

router = APIRouter()


@dataclass(frozen=True)
class Chip:
    """One filter: switched on or off by asking `asked` instead."""

    words: str
    asked: str
    on: bool
    # Names of ours are translated, what a person typed is not.
    ours: bool = False


@router.get("/search")
async def show_search(
    request: Request,
    here: Here,
    person: Reader,
    q: Annotated[str, Query(max_length=500)] = "",
    page: Annotated[int, Query(ge=1, le=40)] = 1,
) -> Response:
    """What `q` finds; only the part that changes where the page asks while somebody types."""
    zone = parse_zone(person.zone or here.settings.shop.zone)
    answer: Answer | None = None
    if is_enough(q):
        found = await here.db.read(search, q, zone=zone, typing=True, page=page)
        answer = None if found.asks_nothing else found
    values: dict[str, Any] = {"q": q, "page": page, "answer": answer, "chips": chips(q), "states": STATES}
    values |= {"kinds": KINDS, "unread": UNREAD, "examples": EXAMPLES, "now": here.clock.now()}
    file = "search_found.html" if request.headers.get("hx-request") else "search.html"
    return here.pages.render(file, person=person, headers={"vary": "HX-Request"}, **values)


def is_enough(asked: str) -> bool:
    """Whether so little is worth an answer."""
    bare = plain(asked).strip()
    return len(bare) >= _SHORTEST or bare.isdigit() or is_run(bare)


def chips(asked: str) -> list[Chip]:
    """The filters that a click switches on or off, and those that somebody typed."""
    parts = chunks(asked)
    typed = [whole for name, whole in parts if name and whole.lower() not in _TOGGLES]
    found = [
        Chip(words, _toggled(parts, toggle), _is_on(parts, toggle), ours=True) for toggle, words in _TOGGLES.items()
    ]
    return found + [Chip(whole, _without(parts, whole), on=True) for whole in dict.fromkeys(typed)]


def _is_on(parts: list[tuple[str, str]], toggle: str) -> bool:
    return any(whole.lower() == toggle for _, whole in parts)


def _toggled(parts: list[tuple[str, str]], toggle: str) -> str:
    if _is_on(parts, toggle):
        return _without(parts, toggle)
    # Two states at once would find nothing; neither do both sides.
    states, sides = {"is:open", "is:waiting", "is:closed"}, {"is:theirs", "is:ours", "is:note"}
    rivals = (states if toggle in states else sides) - {toggle}
    return " ".join([*(whole for _, whole in parts if whole.lower() not in rivals), toggle])


def _without(parts: list[tuple[str, str]], unwanted: str) -> str:
    return " ".join(whole for _, whole in parts if whole.lower() != unwanted.lower())
