"""What a person types is kept while they type: versions of a text, each on top of the one that its author saw."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Agent, Conversation, Draft, DraftVersion

LONGEST_TEXT = 50_000
_MOST = 100
# Within this time the versions of one sitting become one; the newest is always there.
_ONE_A = timedelta(minutes=1)


@dataclass(frozen=True)
class Version:
    """A version for reading."""

    number: int
    text: str
    author: str
    saved: bool
    written_at: datetime
    agent_id: int | None = None
    draft_id: int | None = None


def keep(
    session: Session,
    conversation_id: int,
    *,
    draft_id: int | None,
    base: int,
    text: str,
    agent_id: int,
    now: datetime,
    saved: bool = False,
) -> int:
    """Keep a text on top of version `base`; its number.

    Raises Conflict when somebody kept another one meanwhile, InputError when it is too long, NotFound.
    """
    _lock(session, conversation_id)
    if len(text) > LONGEST_TEXT:
        raise InputError("reply", [f"the text has more than {LONGEST_TEXT} characters"])
    newest = _newest(session, conversation_id)
    if newest is not None and newest.number != base:
        raise Conflict(f"{_name(session, newest)} writes here too: version {newest.number} is newer than yours")
    if newest is not None and newest.text == text and newest.draft_id == draft_id:
        newest.saved = newest.saved or saved
        return newest.number
    return _add(session, conversation_id, draft_id, newest, text, agent_id, now, saved=saved)


def note_saved(session: Session, draft: Draft, *, before: str, agent_id: int, now: datetime) -> None:
    """Note the text that a draft has from now on; the first time, the words before it too."""
    conversation, newest = draft.conversation_id, _newest(session, draft.conversation_id)
    if before and not _any_of(session, draft):
        _add(session, conversation, draft.id, newest, before, None, now, saved=True)
        newest = _newest(session, conversation)
    if newest is not None and newest.text.strip() == draft.text.strip() and newest.draft_id == draft.id:
        newest.saved, newest.text = True, draft.text
    else:
        _add(session, conversation, draft.id, newest, draft.text, agent_id, now, saved=True)


def history(session: Session, conversation_id: int) -> list[Version]:
    """All versions, the newest first."""
    wanted = (
        select(DraftVersion, Agent.name)
        .outerjoin(Agent, col(Agent.id) == DraftVersion.agent_id)
        .where(DraftVersion.conversation_id == conversation_id)
        .order_by(col(DraftVersion.number).desc())
        .limit(_MOST)
    )
    return [
        Version(row.number, row.text, name or "", row.saved, row.written_at, row.agent_id, row.draft_id)
        for row, name in session.exec(wanted)
    ]


def restore(
    session: Session, conversation_id: int, number: int, *, draft_id: int | None, agent_id: int, now: datetime
) -> None:
    """Go back to a version: it becomes the newest of this draft, to be written on and saved. Raises NotFound."""
    _lock(session, conversation_id)
    chosen = session.exec(
        select(DraftVersion).where(DraftVersion.conversation_id == conversation_id, DraftVersion.number == number)
    ).first()
    if chosen is None:
        raise NotFound(f"there is no version {number}")
    newest = _newest(session, conversation_id)
    _add(session, conversation_id, draft_id, newest, chosen.text, agent_id, now, saved=False, thin=False)


def drop(
    session: Session, conversation_id: int, *, draft_id: int | None, text: str, agent_id: int, now: datetime
) -> None:
    """Go back to the text that is saved; what was typed stays among the versions."""
    _lock(session, conversation_id)
    newest = _newest(session, conversation_id)
    if newest is not None and not newest.saved:
        _add(session, conversation_id, draft_id, newest, text, agent_id, now, saved=True, thin=False)


def _add(
    session: Session,
    conversation_id: int,
    draft_id: int | None,
    newest: DraftVersion | None,
    text: str,
    agent_id: int | None,
    now: datetime,
    *,
    saved: bool,
    thin: bool = True,
) -> int:
    if newest is not None and thin and not saved:
        _thin_out(session, newest, agent_id, draft_id, now)
    number = newest.number + 1 if newest else 1
    session.add(
        DraftVersion(
            conversation_id=conversation_id,
            number=number,
            draft_id=draft_id,
            text=text,
            agent_id=agent_id,
            saved=saved,
            written_at=now,
        )
    )
    session.flush()
    return number


def _thin_out(
    session: Session, newest: DraftVersion, agent_id: int | None, draft_id: int | None, now: datetime
) -> None:
    """Let the newest go when it and the one before are of the same sitting, and that one is less than a minute old."""
    before = session.exec(
        select(DraftVersion)
        .where(DraftVersion.conversation_id == newest.conversation_id, col(DraftVersion.number) < newest.number)
        .order_by(col(DraftVersion.number).desc())
        .limit(1)
    ).first()
    same = [one for one in (newest, before) if one and not one.saved and one.agent_id == agent_id]
    if len(same) == 2 and before is not None and newest.draft_id == draft_id and now - before.written_at < _ONE_A:
        session.delete(newest)
        session.flush()


def _newest(session: Session, conversation_id: int) -> DraftVersion | None:
    here = select(DraftVersion).where(DraftVersion.conversation_id == conversation_id)
    return session.exec(here.order_by(col(DraftVersion.number).desc()).limit(1)).first()


def _any_of(session: Session, draft: Draft) -> bool:
    of_it = select(DraftVersion.id).where(DraftVersion.draft_id == draft.id, col(DraftVersion.saved))
    return session.exec(of_it.limit(1)).first() is not None


def _name(session: Session, version: DraftVersion) -> str:
    agent = session.get(Agent, version.agent_id) if version.agent_id else None
    return agent.name if agent else "Somebody"


def _lock(session: Session, conversation_id: int) -> None:
    wanted = select(Conversation.id).where(Conversation.id == conversation_id).with_for_update()
    if session.exec(wanted).first() is None:
        raise NotFound(f"there is no conversation {conversation_id}")
