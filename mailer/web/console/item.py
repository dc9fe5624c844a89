"""One conversation: what the customer wrote, what we propose, and what it stands on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select
from starlette.responses import Response

from mailer.calendars import parse_zone
from mailer.inbound.merge import regroupings
from mailer.model import Agent, Delivery, DeliveryState, Direction, Draft, Message, OrderLine, Regrouping
from mailer.rendering.tone import Finding, lint
from mailer.replies.queue import Item, Tab, counts, item, wanted
from mailer.web.console.back import Back
from mailer.web.console.forms import Id
from mailer.web.console.photos import has_photos
from mailer.web.console.presets import presets
from mailer.web.console.wishes import choices, guesses, named
from mailer.web.console.words import FAULTS, PARCEL, TABS, Notice, Standing, standing, told
from mailer.web.desk import Here, Reader

router = APIRouter()


@dataclass(frozen=True)
class Mail:
    """One mail as it is shown: the own words, and the whole only where it holds more; ours with how far it got."""

    id: int
    ours: bool
    standing: Standing | None
    name: str
    address: str
    at: datetime
    subject: str
    words: str
    whole: str
    # Why to look twice at the sender, what could not be read, and the files that came with it.
    warnings: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    authenticated: bool = False
    # Of a large mail of which only the beginning is here: the number of its raw bytes.
    partial: int | None = None
    # Which of its files are photos from one of our pages.
    photos: tuple[int, ...] = ()


@dataclass(frozen=True)
class Passage:
    """One delivery as it is shown."""

    id: int
    recipient: str
    standing: Standing


@dataclass(frozen=True)
class Sight:
    """What one look at an item shows."""

    counts: dict[Tab, int]
    item: Item
    lines: list[OrderLine]
    author: str
    undo: Delivery | None
    regroupings: list[Regrouping]


@router.get("/conversations/{conversation_id}")
async def show_item(
    here: Here,
    person: Reader,
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
    sight = await here.db.read(look, conversation_id, undo=undo)
    found = sight.item
    return here.pages.render(
        "item.html",
        person=person,
        now=now,
        sight=sight,
        item=found,
        tabs=TABS,
        parcel=PARCEL,
        mails=list(mails(found, now)),
        passages=[Passage(entry.id or 0, entry.recipient, standing(entry, now)) for entry in found.deliveries],
        told=told(found.draft.facts) if found.draft else [],
        judged=found.classification,
        wishes=wanted(found.judgements),
        urgent=any(one.urgency == "high" for one in found.judgements),
        guesses=guesses(found.classification) if found.classification else [],
        named=list(named(found.classification)) if found.classification else [],
        choices=choices(found.classification) if found.classification else [],
        findings=findings(found),
        kept_text=found.kept_words.text if kept and found.kept_words else "",
        edit=edit and person.may_decide,
        undo=sight.undo,
        undo_standing=standing(sight.undo, now) if sight.undo else None,
        notice=notice,
        back=back,
        faults=FAULTS,
        snoozes=list(presets(now, parse_zone(person.zone or here.settings.shop.zone))),
    )


def look(session: Session, conversation_id: int, *, undo: int | None) -> Sight:
    """One consistent picture of an item. Raises NotFound."""
    found = item(session, conversation_id)
    author = session.get(Agent, found.draft.written_by) if found.draft and found.draft.written_by else None
    return Sight(
        counts=counts(session),
        item=found,
        lines=_lines(session, found),
        author=author.name if author else "",
        undo=session.get(Delivery, undo) if undo else None,
        regroupings=regroupings(session, conversation_id),
    )


def findings(found: Item) -> list[Finding]:
    """What in the draft's text, whoever wrote it, does not sound as this shop wants to."""
    draft = found.draft
    return lint(draft.text, _language(draft, found)) if draft else []


def _language(draft: Draft, found: Item) -> str:
    return draft.locale or found.conversation.language or "en"


def mails(found: Item, now: datetime) -> Iterator[Mail]:
    """The conversation for reading; what was taken back is no part of it."""
    newest = {entry.message_id: entry for entry in reversed(found.deliveries)}
    for message in found.messages:
        delivery = newest.get(message.id or 0)
        if delivery is None or delivery.state is not DeliveryState.CANCELED:
            yield as_mail(message, standing(delivery, now) if delivery else None)


def as_mail(message: Message, how_far: Standing | None = None) -> Mail:
    """A message as plain text, quotes folded away."""
    words = message.own_words.strip() or message.text.strip()
    whole = message.text.strip()
    return Mail(
        id=message.id or 0,
        ours=message.direction is Direction.OUT,
        standing=how_far,
        name=message.from_name,
        address=message.from_address,
        at=message.received_at,
        subject=message.subject,
        words=words,
        whole=whole if whole != words else "",
        partial=message.raw_mail_id if message.partial else None,
        warnings=tuple(message.warnings),
        defects=tuple(message.defects),
        files=tuple(f"{file['name']} ({_size(file['size'])})" for file in message.files),
        authenticated=message.dmarc == "pass",
        photos=tuple(range(1, len(message.files) + 1)) if has_photos(message) else (),
    )


def _size(count: int) -> str:
    return (
        f"{count} bytes" if count < 1_000 else f"{count // 1_000} KB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
    )


def _lines(session: Session, found: Item) -> list[OrderLine]:
    if found.order is None:
        return []
    return list(session.exec(select(OrderLine).where(OrderLine.order_id == found.order.id).order_by(col(OrderLine.id))))
