"""A conversation that needs an answer gets its draft, or a person, with the reason.

Read, worked with no transaction open, and recorded only if no newer mail came meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, describe
from mailer.errors import InputError
from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Disclosure,
    Draft,
    DraftState,
    Message,
    MessageState,
    Order,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.facts import Facts, order_facts
from mailer.rendering.render import Rendered, render_reply
from mailer.replies.due import start_clock
from mailer.replies.policy import Answer, Asked, NeedsPerson, choose
from mailer.replies.refresh import outdated, refresh

log = structlog.get_logger()

_BATCH = 50
# An answer in one of these states reached the customer, or may have.
_LEFT_US = (
    DeliveryState.HANDING_OVER,
    DeliveryState.UNKNOWN,
    DeliveryState.SENT,
    DeliveryState.BOUNCED,
    DeliveryState.COMPLAINED,
)


@dataclass(frozen=True)
class House:
    """What the shop itself brings to a reply."""

    name: str
    language: str
    first_answer: timedelta


@dataclass(frozen=True)
class Case:
    """A conversation that needs an answer, as it was when it was read."""

    conversation_id: int
    newest_id: int
    storefront: str
    language: str | None
    sender: str
    sender_name: str
    asked: Asked
    order_id: int | None
    unknown_number: str | None
    facts: Facts


@dataclass(frozen=True)
class Proposal:
    """What to record for a case."""

    case: Case
    outcome: Rendered | NeedsPerson
    disclosure: Disclosure = Disclosure.NONE


async def draft_waiting(db: Database, clock: Clock, catalog: Catalog, house: House) -> bool:
    """Draft a batch, those whose facts changed anew; False when nothing waited."""
    if old := await db.read(outdated, _BATCH):
        await db.run(refresh, old, now=clock.now())
    cases = await db.read(waiting_cases, _BATCH)
    proposals = [propose(case, catalog, house) for case in cases]
    now = clock.now()
    await db.run_each(lambda session, batch: record(session, batch, house, now=now), proposals, set_aside)
    return bool(cases)


def waiting_cases(session: Session, limit: int) -> list[Case]:
    """The conversations that have waited longest and whose mails are all judged."""
    unread = select(Message.id).where(
        Message.conversation_id == Conversation.id, Message.state == MessageState.RECEIVED, col(Message.error).is_(None)
    )
    waiting = select(Conversation).where(Conversation.state == ConversationState.NEEDS_ANSWER, ~unread.exists())
    conversations = session.exec(waiting.order_by(col(Conversation.updated_at)).limit(limit)).all()
    return [case for conversation in conversations if (case := _case(session, conversation)) is not None]


def propose(case: Case, catalog: Catalog, house: House) -> Proposal:
    """What to answer, worked out on values alone."""
    verdict = choose(case.asked)
    if isinstance(verdict, NeedsPerson):
        return Proposal(case, verdict)
    locales = [locale for locale in (case.language, house.language, "en") if locale]
    try:
        rendered = render_reply(catalog, verdict.template, locales, _values(case, verdict, house), case.storefront)
    except InputError as error:
        return Proposal(case, NeedsPerson(str(error)))
    except Exception as error:
        log.exception("render_failed", conversation=case.conversation_id)
        return Proposal(case, NeedsPerson(f"the template failed: {describe(error)}"))
    return Proposal(case, rendered, verdict.disclosure)


def record(session: Session, proposals: Sequence[Proposal], house: House, *, now: datetime) -> None:
    """Write what was proposed. A case that a newer mail overtook is left for the next round."""
    for proposal in proposals:
        conversation = _unchanged(session, proposal.case)
        if conversation is None:
            continue
        retire_pending(session, proposal.case.conversation_id, "a newer mail came", now=now)
        message = session.get_one(Message, proposal.case.newest_id)
        start_clock(session, proposal.case.conversation_id, started_at=message.received_at, limit=house.first_answer)
        conversation.updated_at = now
        if isinstance(proposal.outcome, NeedsPerson):
            conversation.state = ConversationState.NEEDS_PERSON
            conversation.reason = proposal.outcome.reason
        else:
            _write_draft(session, conversation, proposal, proposal.outcome, now)


def retire_pending(session: Session, conversation_id: int, reason: str, *, now: datetime) -> None:
    """Make the pending draft of a conversation stale; its text is kept (PRODUCT, rules 6 and 7)."""
    session.exec(
        update(Draft)
        .where(col(Draft.conversation_id) == conversation_id, col(Draft.state) == DraftState.PENDING)
        .values(state=DraftState.STALE, reason=reason, updated_at=now)
    )


def answered_by(session: Session, draft: Draft) -> None:
    """Note that this draft answers every customer's mail since our last answer that was sent."""
    last_sent = (
        select(Message.id)
        .join(Delivery, col(Delivery.message_id) == Message.id)
        .where(
            Message.conversation_id == draft.conversation_id,
            Delivery.kind == "reply",
            col(Delivery.state).in_(_LEFT_US),
        )
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    since = session.exec(last_sent).first() or 0
    session.exec(
        update(Message)
        .where(
            col(Message.conversation_id) == draft.conversation_id,
            col(Message.direction) == Direction.IN,
            col(Message.state) == MessageState.TRIAGED,
            col(Message.id) > since,
        )
        .values(draft_id=draft.id)
    )


def newest_mail(session: Session, conversation_id: int) -> Message | None:
    """The newest mail that a person wrote in this conversation."""
    wanted = select(Message).where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
    )
    return session.exec(wanted.order_by(col(Message.id).desc()).limit(1)).first()


def set_aside(session: Session, proposal: Proposal, error: str) -> None:
    """A conversation whose draft cannot be written goes to a person, with the reason."""
    conversation = session.get_one(Conversation, proposal.case.conversation_id)
    conversation.state = ConversationState.NEEDS_PERSON
    conversation.reason = f"drafting failed: {error}"


def _case(session: Session, conversation: Conversation) -> Case | None:
    message = newest_mail(session, conversation.id or 0)
    judged = select(Classification).where(Classification.message_id == (message.id if message else None))
    classification = session.exec(judged).first()
    if message is None or classification is None:
        return None
    order = session.get(Order, classification.order_id) if classification.order_id else None
    return Case(
        conversation_id=conversation.id or 0,
        newest_id=message.id or 0,
        storefront=conversation.storefront,
        language=conversation.language,
        sender=message.from_address,
        sender_name=message.from_name,
        asked=Asked(
            intent=classification.intent,
            level=classification.level,
            senders=tuple(message.senders),
            order_address=order.email if order else None,
            dmarc=message.dmarc,
        ),
        order_id=classification.order_id,
        unknown_number=classification.unknown_number,
        facts=order_facts(session, classification.order_id),
    )


def _values(case: Case, answer: Answer, house: House) -> dict[str, object]:
    """What the template may read. Without the right to hear of the order, nothing of it is even passed on."""
    values: dict[str, object] = {"shop.name": house.name}
    if answer.disclosure == Disclosure.ORDER:
        values |= {fact.path: fact.value for fact in case.facts.facts}
        values["asked.unknown_number"] = case.unknown_number
    return values


def _unchanged(session: Session, case: Case) -> Conversation | None:
    wanted = select(Conversation).where(Conversation.id == case.conversation_id).with_for_update()
    conversation = session.exec(wanted).one()
    newest = newest_mail(session, case.conversation_id)
    same = newest is not None and newest.id == case.newest_id
    return conversation if same and conversation.state == ConversationState.NEEDS_ANSWER else None


def _write_draft(
    session: Session, conversation: Conversation, proposal: Proposal, rendered: Rendered, now: datetime
) -> None:
    case = proposal.case
    told = proposal.disclosure == Disclosure.ORDER
    draft = Draft(
        conversation_id=case.conversation_id,
        answers_id=case.newest_id,
        text=rendered.text,
        template=rendered.template,
        locale=rendered.locale,
        template_hash=rendered.sha256,
        order_id=case.order_id if told else None,
        disclosure=proposal.disclosure,
        recipient=case.sender,
        recipient_name=case.sender_name,
        facts=case.facts.stored() if told else {},
        fingerprint=case.facts.fingerprint if told else Facts().fingerprint,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    session.flush()
    answered_by(session, draft)
    conversation.state = ConversationState.DRAFTED
    conversation.reason = ""
