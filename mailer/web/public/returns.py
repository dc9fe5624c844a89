"""/return/TOKEN: send something back. What may come back until when, the form, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from mailer.errors import InputError
from mailer.feedback import eligibility
from mailer.feedback.eligibility import OUR_FAULTS, REASONS, WISHES, Window
from mailer.feedback.photo import Photo
from mailer.feedback.returns import Asked, Item, Terms, open_return, returnable, terms_of
from mailer.feedback.returns import request as ask_for
from mailer.feedback.visit import by_robot
from mailer.model import Order, OrderLine, ReturnRequest, ReturnState
from mailer.rendering.shop_facts import return_rule
from mailer.web.public.forms import keep_photos, number, read_form_with_photos, text
from mailer.web.public.site import Closed, Here, Opened, Site, opened

router = APIRouter()

_OPEN = (ReturnState.REQUESTED, ReturnState.AGREED, ReturnState.RECEIVED)


@dataclass(frozen=True)
class Sight:
    """What one look at an order shows: what can still come back, by which rule, and a request that there is."""

    lines: Mapping[int, tuple[OrderLine, int]]
    terms: Terms
    newest: ReturnRequest | None

    @property
    def window(self) -> Window:
        """In which time of its life the order is."""
        return eligibility.window(self.terms.rules, self.terms.delivered_on, self.terms.today)

    @property
    def reasons(self) -> list[str]:
        """Those that may be chosen now: after the days only what is our fault."""
        only_faults = self.window in (Window.WARRANTY, Window.OVER)
        return [one for one in REASONS if one in OUR_FAULTS or not only_faults]


@router.api_route("/return/{token}", methods=["GET", "HEAD"])
async def show_return(request: Request, here: Here, token: str) -> Response:
    """The form; or, while a request is open or nothing is left, how it stands."""
    seen = await opened(here, request, token, "return")
    sight = await here.db.read(_look, here, seen)
    if sight.newest is not None and (sight.newest.state in _OPEN or not sight.lines):
        return here.page("returned.html", seen.words, seen=seen, found=sight.newest)
    return _form(here, seen, sight, {})


@router.post("/return/{token}")
async def post_return(request: Request, here: Here, token: str) -> Response:
    """Ask for it; the rule or a person answers."""
    seen = await opened(here, request, token, "return")
    form, photos, wrong = await read_form_with_photos(here, request)
    sight = await here.db.read(_look, here, seen)
    items = _items(form, sight)
    problem = f"photo.{wrong}" if wrong else _problem(items, sight)
    if problem and not (sight.newest and sight.newest.state in _OPEN):
        return _form(here, seen, sight, dict(form), problem=problem)
    found = await here.db.run(_keep, here, seen, items, form, photos)
    if found is None:
        return _form(here, seen, sight, dict(form), problem="return.choose_item")
    here.wake()
    return here.page("returned.html", seen.words, seen=seen, found=found)


def _look(session: Session, here: Site, seen: Opened) -> Sight:
    order = _order(seen)
    if order.canceled_at is not None:
        raise Closed(410, "gone", seen.words.language)
    terms = terms_of(session, seen.book, order, here.settings.feedback.agree_below)
    return Sight(returnable(session, order), terms, open_return(session, order))


def _items(form: FormData, sight: Sight) -> list[Item]:
    """What was chosen: a quantity over nothing."""
    found = []
    for line_id, (_, left) in sight.lines.items():
        quantity = number(form.get(f"quantity_{line_id}"), range(1, left + 1))
        if quantity:
            found.append(Item(line_id, quantity, str(form.get(f"reason_{line_id}") or "")))
    return found


def _problem(items: list[Item], sight: Sight) -> str:
    if not items:
        return "return.choose_item"
    return "" if all(item.reason in sight.reasons for item in items) else "return.choose_reason"


def _keep(
    session: Session, here: Site, seen: Opened, items: list[Item], form: FormData, photos: list[Photo]
) -> ReturnRequest | None:
    """The request; None when the form fits no longer, as another was faster."""
    order = _order(seen)
    wish = str(form.get("wish") or "")
    asked = Asked(
        items=items,
        wish=wish if wish in WISHES else "refund",
        comment=text(form.get("comment")),
        photos=keep_photos(session, photos),
        suspected_robot=by_robot(session, here.keys, seen.link, now=seen.now),
    )
    terms = terms_of(session, seen.book, order, here.settings.feedback.agree_below)
    try:
        return ask_for(session, order, asked, terms, now=seen.now)
    except InputError:
        return None


def _form(here: Site, seen: Opened, sight: Sight, typed: Mapping[str, Any], *, problem: str = "") -> Response:
    if not sight.lines:
        return here.page(
            "note.html", seen.words, title=seen.words("return.title"), text=seen.words("return.nothing_left")
        )
    rules, arrived = sight.terms.rules, sight.terms.delivered_on
    until = eligibility.last_day(rules, arrived)
    paid_by = return_rule(seen.book, _order(seen).country, "paid_by")
    return here.page(
        "return.html",
        seen.words,
        status=400 if problem else 200,
        seen=seen,
        sight=sight,
        typed=typed,
        problem=problem,
        wishes=WISHES,
        until=until,
        days_left=(until - seen.today).days if until else None,
        warranty=eligibility.warranty_until(rules, arrived),
        paid_by=paid_by[1] if paid_by else "",
        terms=here.settings.feedback,
    )


def _order(seen: Opened) -> Order:
    if seen.about.order is None:
        raise Closed(410, "gone", seen.words.language)
    return seen.about.order
