"""What colleagues note on a conversation. A note is no mail: no room reads these rows, so nothing can send one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from sqlalchemy import delete
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Agent, Conversation, Mention, Note
from mailer.web.console.forms import Id, Text
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here, NotAllowed, Reader

router = APIRouter()

CHANGEABLE = timedelta(hours=1)
_LONGEST = 10_000


@dataclass(frozen=True)
class Noted:
    """A note as it is shown. `mention` is the number under which the viewer says that they saw their name in it."""

    id: int
    author: str
    text: str
    at: datetime
    changed: bool
    may_change: bool
    mention: int | None


@router.post("/conversations/{conversation_id}/notes")
async def post_note(request: Request, here: Here, person: Decider, conversation_id: Id, text: Text) -> Response:
    """Write a note; colleagues whom it names by @name see a mark in their queue."""
    request.state.back = f"/conversations/{conversation_id}"
    await here.db.run(write, conversation_id, text=text, agent_id=person.agent_id, now=here.clock.now())
    return _back(conversation_id, Notice.NOTED)


@router.post("/notes/{note_id}/text")
async def post_text(request: Request, here: Here, person: Decider, note_id: Id, text: Text) -> Response:
    """Change one's own note, within an hour."""
    found = await here.db.run(change, note_id, text=text, agent_id=person.agent_id, now=here.clock.now())
    return _back(found, Notice.NOTED)


@router.post("/notes/{note_id}/removal")
async def post_removal(here: Here, person: Decider, note_id: Id) -> Response:
    """Take one's own note away, within an hour."""
    found = await here.db.run(remove, note_id, agent_id=person.agent_id, now=here.clock.now())
    return _back(found, Notice.NOTE_REMOVED)


@router.post("/mentions/{mention_id}/seen")
async def post_seen(here: Here, person: Reader, mention_id: Id) -> Response:
    """Say that one saw one's name in a note; the mark in the queue goes."""
    found = await here.db.run(see, mention_id, agent_id=person.agent_id, now=here.clock.now())
    return RedirectResponse(f"/conversations/{found}#mails-title", 303)


def write(session: Session, conversation_id: int, *, text: str, agent_id: int, now: datetime) -> int:
    """Keep a note; its number. Raises NotFound, and InputError for no text or too much."""
    if session.get(Conversation, conversation_id) is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    note = Note(conversation_id=conversation_id, agent_id=agent_id, text=_checked(text), written_at=now)
    session.add(note)
    session.flush()
    _mention(session, note)
    return note.id or 0


def change(session: Session, note_id: int, *, text: str, agent_id: int, now: datetime) -> int:
    """Change the text; the conversation of the note. Raises NotFound, NotAllowed, Conflict when the hour is over."""
    note = _own(session, note_id, agent_id, now)
    note.text, note.changed_at = _checked(text), now
    _mention(session, note)
    return note.conversation_id


def remove(session: Session, note_id: int, *, agent_id: int, now: datetime) -> int:
    """Take the text away; the conversation of the note. Raises NotFound, NotAllowed, Conflict when the hour is over."""
    note = _own(session, note_id, agent_id, now)
    note.text, note.deleted_at = "", now
    session.exec(delete(Mention).where(col(Mention.note_id) == note_id))
    return note.conversation_id


def see(session: Session, mention_id: int, *, agent_id: int, now: datetime) -> int:
    """The named person saw it; the conversation. Raises NotFound, also for somebody else's name."""
    found = session.get(Mention, mention_id)
    if found is None or found.agent_id != agent_id:
        raise NotFound("there is no such mention of you")
    found.seen_at = found.seen_at or now
    return found.conversation_id


def notes_of(session: Session, conversations: Collection[int], agent_id: int, *, now: datetime) -> list[Noted]:
    """The notes on these conversations, the oldest first, as this person sees them."""
    mine = select(Mention).where(
        col(Mention.conversation_id).in_(conversations), Mention.agent_id == agent_id, col(Mention.seen_at).is_(None)
    )
    open_ones = {mention.note_id: mention.id for mention in session.exec(mine)}
    wanted = select(Note, Agent.name).join(Agent, col(Agent.id) == Note.agent_id)
    here = wanted.where(col(Note.conversation_id).in_(conversations), col(Note.deleted_at).is_(None))
    return [
        Noted(
            note.id or 0,
            author,
            note.text,
            note.written_at,
            note.changed_at is not None,
            note.agent_id == agent_id and now < note.written_at + CHANGEABLE,
            open_ones.get(note.id or 0),
        )
        for note, author in session.exec(here.order_by(col(Note.written_at), col(Note.id)))
    ]


def mentioned(session: Session, agent_id: int, conversations: Iterable[int]) -> set[int]:
    """Which of these conversations name this person in a note that they have not seen."""
    wanted = select(Mention.conversation_id).where(
        Mention.agent_id == agent_id,
        col(Mention.seen_at).is_(None),
        col(Mention.conversation_id).in_(list(conversations)),
    )
    return set(session.exec(wanted))


def named_in(text: str, names: Iterable[str]) -> list[str]:
    """The names that stand behind an @ in this text, whole."""
    plain = f"{text.casefold()} "
    return [name for name in names if _stands(f"@{name.casefold()}", plain)]


def _stands(wanted: str, text: str) -> bool:
    place = text.find(wanted)
    while place >= 0:
        if not text[place + len(wanted)].isalnum():
            return True
        place = text.find(wanted, place + 1)
    return False


def _own(session: Session, note_id: int, agent_id: int, now: datetime) -> Note:
    note = session.exec(select(Note).where(Note.id == note_id).with_for_update()).first()
    if note is None or note.deleted_at is not None:
        raise NotFound(f"there is no note {note_id}")
    if note.agent_id != agent_id:
        raise NotAllowed("Only its author changes a note.")
    if now >= note.written_at + CHANGEABLE:
        raise Conflict("a note stays as it is an hour after it was written; write another one")
    return note


def _mention(session: Session, note: Note) -> None:
    """Rows for those whom the text names now; who saw it before need not look again."""
    agents = session.exec(select(Agent).where(col(Agent.disabled_at).is_(None), Agent.id != note.agent_id)).all()
    by_name = {agent.name: agent.id or 0 for agent in agents}
    wanted = {by_name[name] for name in named_in(note.text, by_name)}
    known = {one.agent_id: one for one in session.exec(select(Mention).where(Mention.note_id == note.id))}
    for agent_id in wanted - set(known):
        session.add(Mention(note_id=note.id or 0, conversation_id=note.conversation_id, agent_id=agent_id))
    for agent_id in set(known) - wanted:
        session.delete(known[agent_id])
    session.flush()


def _checked(text: str) -> str:
    plain = text.strip()
    if not plain:
        raise InputError("note", ["there is no text"])
    if len(plain) > _LONGEST:
        raise InputError("note", [f"the text has more than {_LONGEST} characters"])
    return plain


def _back(conversation_id: int, notice: Notice) -> Response:
    return RedirectResponse(f"/conversations/{conversation_id}?notice={notice}#mails-title", 303)
