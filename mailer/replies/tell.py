"""What customers are told of a trouble: one text in each language, filled for each conversation by its own facts.

Read, filled with no transaction open, and recorded where nothing newer came meanwhile and no person writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, select

from mailer.errors import InputError
from mailer.model import Classification, Conversation, ConversationState, Disclosure, Draft, DraftState, Message, Order
from mailer.rendering.environment import mail_environment, reads
from mailer.rendering.fact import Facts, Subject, general, rests_on
from mailer.rendering.facts import read_facts
from mailer.rendering.known import ALWAYS, KNOWN
from mailer.rendering.page import tidy
from mailer.replies.case import newest_mail
from mailer.replies.draft import answer_is_on_its_way, answered_by, retire_pending
from mailer.replies.policy import disclosure_of
from mailer.replies.troubles import OPEN, gathered, the_trouble

_LONGEST = 20_000
NAME = "incident"
# Text, facts by path and language become words. Raises InputError.
Write = Callable[[str, Mapping[str, object], str], str]


@dataclass(frozen=True)
class Concerned:
    """One conversation that a trouble concerns, as it was when it was read."""

    conversation_id: int
    newest: Message
    language: str
    order_id: int | None
    disclosure: Disclosure
    subject: Subject
    facts: Facts
    # Why nothing is written here; empty where it may be.
    why_not: str = ""


@dataclass(frozen=True)
class Told:
    """A text for one of them, or why there is none."""

    concerned: Concerned
    text: str = ""
    paths: tuple[str, ...] = ()
    why_not: str = ""


def write_text(session: Session, trouble_id: int, language: str, text: str, directory: Path) -> None:
    """Keep the text in one language; an empty one takes it out. Raises InputError with what cannot be filled."""
    trouble = the_trouble(session, trouble_id)
    texts = {**trouble.texts, language: tidy(text)} if text.strip() else {**trouble.texts}
    if not text.strip():
        texts.pop(language, None)
    else:
        check_text(text, directory)
    trouble.texts = texts


def check_text(text: str, directory: Path) -> tuple[str, ...]:
    """The facts that a text reads. Raises InputError for one that nobody knows, or that cannot be read as a text."""
    if len(text) > _LONGEST:
        raise InputError(NAME, [f"the text has more than {_LONGEST} characters"])
    found = reads(mail_environment(directory), NAME, text)
    if unknown := [f"line {line}: there is no fact {path}" for path, line in found.items() if not _is_known(path)]:
        raise InputError(NAME, unknown)
    return tuple(found)


def concerned(session: Session, trouble_id: int, *, now: datetime) -> list[Concerned]:
    """Every conversation that waits and that it concerns."""
    trouble = the_trouble(session, trouble_id)
    return [
        one
        for talk, order in gathered(session, trouble)
        if (one := _concerned(session, talk, order, trouble_id, now)) is not None
    ]


def fill(one: Concerned, texts: Mapping[str, str], directory: Path, write: Write) -> Told:
    """Its text by its own facts, on values alone; `write` fills what people wrote within limits."""
    text = texts.get(one.language) or texts.get(one.language.split("-")[0], "")
    if one.why_not or not text:
        return Told(one, why_not=one.why_not or f"there is no text in its language ({one.language})")
    try:
        paths = check_text(text, directory)
    except InputError as error:
        return Told(one, why_not="; ".join(error.problems))
    known, absent = _known(one, paths)
    try:
        words = write(text, {**_leaves(absent, known), **known}, one.language)
    except InputError as error:
        why = "this sender may not hear of the order: " if one.order_id is None else ""
        return Told(one, why_not=f"{why}{', '.join(absent)} not known" if absent else "; ".join(error.problems))
    return Told(one, tidy(words), paths)


def record(session: Session, trouble_id: int, told: Sequence[Told], *, agent_id: int, now: datetime) -> int:
    """Write these drafts, except where something newer came meanwhile; how many were written."""
    trouble = the_trouble(session, trouble_id)
    return sum(
        _record_one(session, one, trouble_id, f"incident: {trouble.subject}", agent_id, now)
        for one in told
        if not one.why_not
    )


def _is_known(path: str) -> bool:
    return general(path) in KNOWN or path in ALWAYS or any(known.startswith(f"{general(path)}.") for known in KNOWN)


def _concerned(session: Session, talk: Conversation, order: Order, trouble_id: int, now: datetime) -> Concerned | None:
    newest = newest_mail(session, talk.id or 0)
    if newest is None or not newest.from_address:
        return None
    language = talk.language or _language(session, newest) or order.language or "en"
    allowed = disclosure_of(newest.senders, order.email)
    told = order.id if allowed is Disclosure.ORDER else None
    subject = Subject(order_id=told, storefront=talk.storefront, language=language, conversation_id=talk.id)
    facts = read_facts(session, subject, now=now)
    why = _speaks_against(session, talk, trouble_id)
    return Concerned(talk.id or 0, newest, language, told, allowed, subject, facts, why)


def _language(session: Session, newest: Message) -> str | None:
    return session.exec(select(Classification.language).where(Classification.message_id == newest.id)).first()


def _speaks_against(session: Session, talk: Conversation, trouble_id: int) -> str:
    if answer_is_on_its_way(session, talk.id or 0):
        return "an answer is on its way there"
    pending = select(Draft).where(Draft.conversation_id == talk.id, Draft.state == DraftState.PENDING)
    draft = session.exec(pending).first()
    # An edited one has a later version than the one that we wrote.
    ours = draft is None or draft.written_by is None or (draft.trouble_id == trouble_id and draft.version == 1)
    if ours:
        return ""
    return "a person has written an answer there"


def _known(one: Concerned, paths: Sequence[str]) -> tuple[dict[str, object], dict[str, None]]:
    """The facts that the text reads, and those that are not known: None, and printing None fails."""
    facts: dict[str, object] = dict(one.facts.values())
    if "customer.first_name" not in facts:
        facts["customer.first_name"] = one.newest.from_name.split(" ")[0] or None
    wanted = {general(name) for name in paths}
    known = {path: value for path, value in facts.items() if general(path) in wanted}
    return known, {path: None for path in paths if "*" not in path and path not in facts}


def _leaves(absent: Mapping[str, None], known: Mapping[str, object]) -> dict[str, object]:
    """Without those that are the beginning of a known path: `parcels` where `parcels.0.state` is known."""
    return {path: None for path in absent if not any(other.startswith(f"{path}.") for other in (*known, *absent))}


def _record_one(session: Session, told: Told, trouble_id: int, reason: str, agent_id: int, now: datetime) -> bool:
    one = told.concerned
    wanted = select(Conversation).where(Conversation.id == one.conversation_id).with_for_update()
    talk = session.exec(wanted).one()
    newest = newest_mail(session, one.conversation_id)
    overtaken = newest is None or newest.id != one.newest.id or talk.state not in OPEN
    if overtaken or _speaks_against(session, talk, trouble_id):
        return False
    retire_pending(session, one.conversation_id, reason, now=now)
    facts = one.facts.relevant(told.paths)
    draft = Draft(
        conversation_id=one.conversation_id,
        answers_id=one.newest.id or 0,
        text=told.text,
        locale=one.language,
        order_id=one.order_id,
        disclosure=one.disclosure,
        recipient=one.newest.from_address,
        recipient_name=one.newest.from_name,
        facts=facts.stored(),
        fingerprint=facts.fingerprint,
        rests_on=rests_on(one.subject, told.paths, one.facts),
        trouble_id=trouble_id,
        written_by=agent_id,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    session.flush()
    answered_by(session, draft)
    talk.state, talk.reason, talk.updated_at = ConversationState.DRAFTED, reason, now
    talk.wake()
    return True
