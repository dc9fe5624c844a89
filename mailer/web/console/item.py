"""One conversation: what the customer wrote, what we propose, and what it stands on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session, col, select
from starlette.responses import Response

from mailer.calendars import parse_zone
from mailer.inbound.merge import regroupings
from mailer.model import Agent, Delivery, OrderLine, Regrouping, ReturnRequest
from mailer.replies.queue import Item, item
from mailer.web.console.back import Back
from mailer.web.console.draft_sight import part_of
from mailer.web.console.due import due_of
from mailer.web.console.forms import Id
from mailer.web.console.known import Known, known_of
from mailer.web.console.letters import in_time, mails
from mailer.web.console.looking import Look
from mailer.web.console.notes import Noted, notes_of
from mailer.web.console.panes import in_panes, news_alone, seconds_left
from mailer.web.console.presets import presets
from mailer.web.console.recipients import Recipients, recipients_of
from mailer.web.console.returns import STATES as RETURNS
from mailer.web.console.returns import return_of
from mailer.web.console.wishes import wish_values
from mailer.web.console.words import FAULTS, PARCEL, Notice, Standing, standing, told
from mailer.web.desk import Here, Reader

router = APIRouter()


@dataclass(frozen=True)
class Passage:
    """One delivery as it is shown."""

    id: int
    recipient: str
    standing: Standing


@dataclass(frozen=True)
class Sight:
    """What one look at an item shows."""

    item: Item
    lines: list[OrderLine]
    author: str
    undo: Delivery | None
    regroupings: list[Regrouping]
    the_return: ReturnRequest | None
    notes: list[Noted]
    recipients: Recipients | None
    known: Known


def passages_of(found: Item, now: datetime) -> list[Passage]:
    """What became of the answers of one item."""
    return [Passage(entry.id or 0, entry.recipient, standing(entry, now)) for entry in found.deliveries]


@router.get("/conversations/{conversation_id}")
async def show_item(
    request: Request,
    here: Here,
    person: Reader,
    looking: Look,
    conversation_id: Id,
    edit: bool = False,
    undo: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    kept: bool = False,
    notice: Notice | None = None,
    back: Back = "",
) -> Response:
    """The page of one conversation; `edit` opens the draft's text, `undo` offers to take a delivery back.

    `kept` takes up a person's words that something newer overtook.
    """
    now = here.clock.now()
    is_plain = not edit and not kept
    if is_plain and (news := await news_alone(request, here, person, conversation_id, undo, notice=notice, back=back)):
        return news
    ours = frozenset(sender.address.lower() for sender in here.settings.senders.values())
    sight = await here.db.read(look, conversation_id, undo=undo, viewer=person.agent_id, ours=ours, now=now)
    found = sight.item
    part = await here.db.read(part_of, found, here.catalog, now=now)
    return await in_panes(
        request,
        here,
        person,
        looking,
        conversation_id,
        sight=sight,
        item=found,
        parcel=PARCEL,
        entries=in_time(mails(found, now), sight.notes),
        passages=passages_of(found, now),
        told=told(found.draft.facts) if found.draft else [],
        **wish_values(found),
        due_at=due_of(found, now),
        part=part,
        shown=None,
        kept_text=found.kept_words.text if kept and found.kept_words else "",
        edit=edit and person.may_decide,
        undo=sight.undo,
        undo_standing=standing(sight.undo, now) if sight.undo else None,
        undo_seconds=seconds_left(sight.undo, now),
        notice=notice,
        back=back,
        the_return=sight.the_return,
        return_states=RETURNS,
        faults=FAULTS,
        snoozes=list(presets(now, parse_zone(person.zone or here.settings.shop.zone))),
    )


def look(
    session: Session, conversation_id: int, *, undo: int | None, viewer: int, ours: frozenset[str], now: datetime
) -> Sight:
    """One consistent picture of an item, as this person sees it. Raises NotFound."""
    found = item(session, conversation_id)
    moved = regroupings(session, conversation_id)
    author = session.get(Agent, found.draft.written_by) if found.draft and found.draft.written_by else None
    return Sight(
        item=found,
        lines=_lines(session, found),
        author=author.name if author else "",
        undo=session.get(Delivery, undo) if undo else None,
        regroupings=moved,
        the_return=return_of(session, found.order.id if found.order else None),
        notes=notes_of(session, _with_merged(conversation_id, moved), viewer, now=now),
        recipients=recipients_of(found, ours),
        known=known_of(session, found),
    )


def _with_merged(conversation_id: int, moved: Sequence[Regrouping]) -> set[int]:
    """Notes stay where they were written; they are shown with the mails that were moved from there."""
    return {conversation_id, *(one.source_id for one in moved if one.target_id == conversation_id)}


def _lines(session: Session, found: Item) -> list[OrderLine]:
    if found.order is None:
        return []
    return list(session.exec(select(OrderLine).where(OrderLine.order_id == found.order.id).order_by(col(OrderLine.id))))
