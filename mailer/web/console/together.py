"""Approve many in one go: groups that are alike, a look at each mail, one decision, one undo."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from pydantic import StringConstraints
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Conversation, Delivery, DeliveryState, Draft, Together
from mailer.replies.queue import Tab, counts
from mailer.replies.together import (
    Card,
    Kind,
    approve_green,
    begin,
    cards,
    may_be_undone,
    note_refused,
    offers,
    undo_together,
)
from mailer.web.auth import SignedIn
from mailer.web.console.forms import Id
from mailer.web.console.words import TABS, Notice
from mailer.web.desk import Decider, Here, Reader

router = APIRouter()

# A draft in the version that was on the screen: `12:1`.
Item = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,8}:[1-9]\d{0,8}$")]


@dataclass(frozen=True)
class Outcome:
    """What became of one go: the mails with their conversations, and what did not go."""

    together: Together
    mails: list[tuple[Delivery, Conversation]]

    def may_undo(self, now: datetime) -> bool:
        """Whether any of them can still be taken back."""
        return any(
            one.state is DeliveryState.UNDOABLE and one.undo_until is not None and one.undo_until > now
            for one, _ in self.mails
        )

    @property
    def undo_until(self) -> datetime | None:
        """Until when."""
        return max((one.undo_until for one, _ in self.mails if one.undo_until), default=None)


@router.get("/together")
async def show_together(
    here: Here,
    person: Reader,
    draft: Annotated[list[int], Query()] = [],  # noqa: B006  # FastAPI copies it
    template: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """What could go together; with a template or drafts chosen, each of those mails as it would be sent."""
    found = await here.db.read(offers)
    ids = draft or next((list(one.draft_ids) for one in found if one.template == template), [])
    return await carousel(here, person, ids, offers=found, tab=Tab.TO_APPROVE)


async def carousel(here: Here, person: SignedIn, ids: list[int], **more: Any) -> Response:
    """The page that shows these drafts one after the other, and what of them does not go."""
    cap, now = here.settings.replies.batch_cap, here.clock.now()
    shown = await here.db.read(cards, ids[:cap], None, here.catalog, now=now)
    kind = _kind(shown)
    goes = [card for card in shown if not card.why_not and Kind.of(card.draft) == kind]
    values: dict[str, Any] = {"offers": [], "tab": None, "trouble": None, "place": "queue", **more}
    return here.pages.render(
        "together.html",
        person=person,
        now=now,
        tabs=TABS,
        counts=await here.db.read(counts),
        undoable=await here.db.read(may_be_undone, person.agent_id, now=now),
        cards=goes,
        left_out=[card for card in shown if card not in goes],
        kind=kind,
        cap=cap,
        over=max(0, len(ids) - cap),
        asked=bool(ids),
        **values,
    )


def _kind(shown: list[Card]) -> Kind:
    """What most of them have in common."""
    kinds = [Kind.of(card.draft) for card in shown if not card.why_not]
    return max(dict.fromkeys(kinds), key=kinds.count, default=Kind())


@router.post("/together")
async def post_together(
    request: Request,
    here: Here,
    person: Decider,
    item: Annotated[list[Item], Form()] = [],  # noqa: B006
    seen: Annotated[list[int], Form()] = [],  # noqa: B006
    template: Annotated[str, Form(max_length=200)] = "",
    trouble: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Approve each of these; what speaks against one stops that one alone."""
    request.state.back = "/together"
    cap = here.settings.replies.batch_cap
    if not 0 < len(item) <= cap:
        raise InputError("together", [f"choose at least one mail and at most {cap}"])
    kind, items = Kind(template, trouble), [_item(one) for one in dict.fromkeys(item)]
    drafts = [draft_id for draft_id, _ in items]
    number = await here.db.run(begin, kind, drafts, agent_id=person.agent_id, now=here.clock.now())
    for draft_id, version in items:
        try:
            if draft_id not in seen:
                raise Conflict("it was not shown to you")
            await _approve(here, person.agent_id, number, draft_id, version, kind)
        except (Conflict, InputError, NotFound) as error:
            await here.db.run(note_refused, number, draft_id, str(error))
    here.wake()
    return RedirectResponse(f"/together/{number}", 303)


def _item(said: str) -> tuple[int, int]:
    draft_id, version = said.split(":")
    return int(draft_id), int(version)


async def _approve(here: Here, agent_id: int, number: int, draft_id: int, version: int, kind: Kind) -> int:
    return await here.db.run(
        approve_green,
        draft_id,
        version=version,
        kind=kind,
        together_id=number,
        catalog=here.catalog,
        agent_id=agent_id,
        terms=here.terms,
        # Each has its whole time to be taken back, however long the others took.
        now=here.clock.now(),
    )


@router.get("/together/{together_id}")
async def show_outcome(here: Here, person: Reader, together_id: Id, notice: Notice | None = None) -> Response:
    """What went, what did not and why; and the undo while there is time."""
    outcome = await here.db.read(_outcome, together_id)
    return here.pages.render(
        "together_done.html",
        person=person,
        now=here.clock.now(),
        tabs=TABS,
        counts=await here.db.read(counts),
        outcome=outcome,
        notice=notice,
    )


def _outcome(session: Session, together_id: int) -> Outcome:
    row = session.get(Together, together_id)
    if row is None:
        raise NotFound(f"there was no approval {together_id} of many mails")
    mails = (
        select(Delivery, Conversation)
        .join(Draft, col(Draft.id) == Delivery.draft_id)
        .join(Conversation, col(Conversation.id) == Draft.conversation_id)
        .where(col(Delivery.id).in_(row.deliveries))
    )
    found = session.exec(mails.order_by(col(Delivery.id))).all()
    return Outcome(row, [(delivery, talk) for delivery, talk in found])


@router.post("/together/{together_id}/undo")
async def post_undo_together(request: Request, here: Here, person: Decider, together_id: Id) -> Response:
    """Take all of it back that still can be."""
    request.state.back = f"/together/{together_id}"
    await here.db.run(undo_together, together_id, agent_id=person.agent_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/together/{together_id}?notice={Notice.UNDONE}", 303)
