"""Another answer than the one that waits: drafted again as things are now, or from a template that a person chose."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Conversation, ConversationState, Draft, DraftState
from mailer.rendering.catalog import Catalog
from mailer.rendering.facts import read_facts
from mailer.rendering.render import MissingFacts
from mailer.replies.case import Case, House, case_of, newest_mail
from mailer.replies.draft import Text, compose, propose, record, retire_pending, write_draft
from mailer.replies.due import on_mail


@dataclass(frozen=True)
class Choice:
    """A template that might answer: its languages, and the facts that it lacks, each with where to add it."""

    key: str
    locales: tuple[str, ...]
    missing: tuple[str, ...] = ()


async def draft_again(db: Database, clock: Clock, catalog: Catalog, house: House, conversation_id: int) -> None:
    """Let the conversation be answered as things are now. What a person wrote is kept. Raises Conflict."""
    await db.run(ask_again, conversation_id, now=clock.now())
    case = await db.read(case_for, conversation_id, house, now=clock.now())
    proposals = [propose(case, catalog, house)]
    await db.run(record, proposals, house, now=clock.now())


def ask_again(session: Session, conversation_id: int, *, now: datetime) -> None:
    """Let this conversation be drafted anew. Raises NotFound, and Conflict where an answer is on its way."""
    conversation = _open(session, conversation_id)
    conversation.state, conversation.updated_at = ConversationState.NEEDS_ANSWER, now


def case_for(session: Session, conversation_id: int, house: House, *, now: datetime, locale: str = "") -> Case:
    """The conversation as drafting finds it, to be answered in that language first. Raises NotFound, Conflict."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    case = case_of(session, conversation, house, now=now)
    if case is None:
        raise Conflict("nobody wrote here, or the newest mail is not read yet; look again in a moment")
    if not locale or case.languages[0] == locale:
        return case
    subject = replace(case.subject, language=locale)
    languages = tuple(dict.fromkeys((locale, *case.languages)))
    return replace(case, subject=subject, languages=languages, facts=read_facts(session, subject, now=now))


def choices(case: Case, catalog: Catalog, house: House) -> list[Choice]:
    """Every reply template: those that can be filled first, the ones for what the mails want before the others."""
    locales: dict[str, list[str]] = {}
    for name in catalog.names():
        key, locale, _ = PurePosixPath(name).name.rsplit(".", 2)
        if PurePosixPath(name).parts[0] == "replies" and catalog.read(name).kind == "reply":
            locales.setdefault(key, []).append(locale)
    found = [Choice(key, tuple(sorted(known)), _missing(case, key, catalog, house)) for key, known in locales.items()]
    return sorted(found, key=lambda one: (bool(one.missing), one.key not in case.intents, one.key))


def begin(case: Case, key: str, catalog: Catalog, house: House) -> Text:
    """The text from a template that a person chose, with blanks for the facts that it lacks. Raises InputError."""
    try:
        return compose(case, [key], catalog, house)
    except MissingFacts as error:
        try:
            return compose(case, [key], catalog, house, with_blanks=True)
        except InputError:
            # It reckons with what is not known.
            raise error from None


def take(
    session: Session,
    case: Case,
    text: Text,
    house: House,
    *,
    agent_id: int,
    instead_of: int | None,
    now: datetime,
) -> int:
    """The draft from the template that a person chose, instead of the one that they saw; its id. Raises Conflict."""
    conversation = _open(session, case.conversation_id)
    newest = newest_mail(session, case.conversation_id)
    if newest is None or newest.id != case.newest_id:
        raise Conflict("the customer wrote again; look at the newer mail first")
    waiting = _pending(session, case.conversation_id)
    if (waiting.id if waiting else None) != instead_of:
        raise Conflict("another draft took the place of the one that you saw; look at it first")
    retire_pending(session, case.conversation_id, f"agent {agent_id} chose another template", now=now)
    on_mail(session, case.conversation_id, case.intents, house.clocks, received_at=case.received_at)
    conversation.updated_at = now
    by = agent_id if text.rendered.blanks else None
    return write_draft(session, conversation, case, text, now=now, begun_by=by).id or 0


def keys_of(made_from: Sequence[str]) -> list[str]:
    """The templates of a draft in their order, as in order_status."""
    names = (PurePosixPath(name) for name in made_from)
    return list(dict.fromkeys(name.name.split(".")[0] for name in names if name.parent.name == "replies"))


def _missing(case: Case, key: str, catalog: Catalog, house: House) -> tuple[str, ...]:
    try:
        compose(case, [key], catalog, house)
    except MissingFacts as error:
        return tuple(error.missing)
    except InputError as error:
        return (str(error),)
    return ()


def _open(session: Session, conversation_id: int) -> Conversation:
    wanted = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    conversation = session.exec(wanted).first()
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    if conversation.state is ConversationState.DRAFTED and _pending(session, conversation_id) is None:
        raise Conflict("an answer was approved already; take it back first, or write your own")
    return conversation


def _pending(session: Session, conversation_id: int) -> Draft | None:
    wanted = select(Draft).where(Draft.conversation_id == conversation_id, col(Draft.state) == DraftState.PENDING)
    return session.exec(wanted).first()
