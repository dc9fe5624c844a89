"""What each mail led to, read from our rows: no mail may end without a draft or a reason."""

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Direction,
    Disclosure,
    Draft,
    Intent,
    Message,
    MessageState,
    RawMail,
    RawMailState,
    Route,
)

OUTCOMES = ("drafts", "holding", "refused", "needs_person", "silent", "automated", "quarantined", "unexplained")
# States in which nobody waits for the machine; the conversation's reason says why.
_AT_REST = {ConversationState.NEEDS_PERSON: "needs_person", ConversationState.CLOSED: "silent"}
# These name a mistake in the program or a template: it is shown to a person, but explains nothing.
_MISTAKES = ("drafting failed: ", "triage failed: ", "the template failed: ")
# What no words decide, but the structure of the mail.
_BY_ROUTE = {Route.NONE: Intent.AUTO_REPLY.value, Route.BOUNCE: Intent.BOUNCE.value}


@dataclass(frozen=True)
class Outcome:
    """How a mail ended, and why where no draft says so."""

    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" if self.reason else self.name


def outcomes(session: Session) -> list[Outcome]:
    """How each mail that came ended."""
    return [_outcome_of(session, raw_mail) for raw_mail in session.exec(select(RawMail)).all()]


def intents_of(session: Session) -> dict[str, str]:
    """What triage or the route decided for each mail of customers, by its Message-ID."""
    wanted = (
        select(Message.internet_message_id, Message.state, Message.route, Classification.intent)
        .join(Classification, col(Classification.message_id) == Message.id, isouter=True)
        .where(Message.direction == Direction.IN)
    )
    decided = {}
    for message_id, state, route, intent in session.exec(wanted):
        known = intent or (_BY_ROUTE.get(Route(route)) if state == MessageState.AUTOMATED else None)
        if known:
            decided[message_id] = known
    return decided


def by_intent(session: Session) -> dict[str, int]:
    """How many mails wanted what, in the order of precedence."""
    found = Counter(intents_of(session).values())
    return {intent.value: found[intent.value] for intent in Intent if found[intent.value]}


def by_language(session: Session) -> dict[str, int]:
    """How many mails were read as which language."""
    found = session.exec(select(Classification.language)).all()
    return dict(Counter(language or "unknown" for language in found).most_common())


def _outcome_of(session: Session, raw_mail: RawMail) -> Outcome:
    if raw_mail.state == RawMailState.QUARANTINED:
        return Outcome("quarantined")
    message = session.exec(select(Message).where(Message.raw_mail_id == raw_mail.id)).first()
    if message is None:
        return Outcome("unexplained", "it has no row")
    if message.state == MessageState.AUTOMATED:
        return Outcome("automated")
    if message.draft_id is not None:
        return _of_draft(session.get_one(Draft, message.draft_id))
    return _of_conversation(session.get_one(Conversation, message.conversation_id))


def _of_draft(draft: Draft) -> Outcome:
    if draft.holding:
        return Outcome("holding")
    return Outcome("refused" if draft.disclosure == Disclosure.NEUTRAL else "drafts")


def _of_conversation(conversation: Conversation) -> Outcome:
    if conversation.reason.startswith(_MISTAKES):
        return Outcome("unexplained", conversation.reason)
    if conversation.state in _AT_REST and conversation.reason:
        return Outcome(_AT_REST[conversation.state], conversation.reason)
    return Outcome("unexplained", f"its conversation is {conversation.state} without a reason")
