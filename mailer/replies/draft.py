"""A conversation that needs an answer gets its draft, or a person, or silence, with the reason.

Read, worked with no transaction open, and recorded only if no newer mail came meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, describe
from mailer.errors import InputError
from mailer.model import (
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
    in_precedence,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.fact import general
from mailer.rendering.facts import Facts, Subject, rests_on
from mailer.rendering.marked import Mark
from mailer.rendering.render import MissingFacts, Rendered, compose_reply, facts_in
from mailer.rendering.where import where_to_add, worth_adding
from mailer.replies.case import Case, House, last_answer, newest_mail, waiting_cases
from mailer.replies.close import say_closed
from mailer.replies.due import end_clocks, on_mail
from mailer.replies.policy import HOLDING, ORDER_UNKNOWN, Answer, Holding, NeedsPerson, Silent, choose, speaks_of_orders
from mailer.replies.refresh import NEEDS_FACTS, ask_again, lacking, outdated, refresh

log = structlog.get_logger()

_BATCH = 50
_UNDER_WAY = (
    DeliveryState.UNDOABLE,
    DeliveryState.QUEUED,
    DeliveryState.HELD,
    DeliveryState.SENDING,
    DeliveryState.HANDING_OVER,
    DeliveryState.UNKNOWN,
)


@dataclass(frozen=True)
class Text:
    """A reply as it was filled, and what the agent is to know beside it."""

    rendered: Rendered
    subject: Subject
    facts: Facts
    reason: str = ""
    # Where each fact stands in it.
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What to record for a case."""

    case: Case
    outcome: Text | NeedsPerson | Silent


async def draft_waiting(db: Database, clock: Clock, catalog: Catalog, house: House) -> bool:
    """Draft a batch, those whose facts or templates changed anew; False when nothing waited."""
    if old := await db.read(outdated, _BATCH, catalog, now=clock.now()):
        await db.run(refresh, old, catalog, now=clock.now())
    if incomplete := await db.read(lacking, _BATCH):
        await db.run(ask_again, incomplete, now=clock.now())
    cases = await db.read(waiting_cases, _BATCH, house, now=clock.now())
    proposals = [propose(case, catalog, house) for case in cases]
    now = clock.now()
    await db.run_each(lambda session, batch: record(session, batch, house, now=now), proposals, set_aside)
    return bool(cases)


def propose(case: Case, catalog: Catalog, house: House) -> Proposal:
    """What to answer, worked out on values alone."""
    verdict = choose(case.asked)
    if isinstance(verdict, NeedsPerson | Silent):
        return Proposal(case, verdict)
    reason = verdict.note if isinstance(verdict, Answer) else verdict.reason
    try:
        text = compose(case, verdict.keys, catalog, house)
    except MissingFacts as error:
        return Proposal(case, _without_the_facts(case, verdict, error, catalog, house))
    except InputError as error:
        return Proposal(case, NeedsPerson(str(error)))
    except Exception as error:
        log.exception("render_failed", conversation=case.conversation_id)
        return Proposal(case, NeedsPerson(f"the template failed: {describe(error)}"))
    return Proposal(case, replace(text, reason=_joined(reason, case.note)))


def compose(case: Case, keys: Sequence[str], catalog: Catalog, house: House, *, with_blanks: bool = False) -> Text:
    """The text from these templates, with nothing in it that this sender may not hear. Raises InputError.

    `with_blanks`: where a needed fact is not known its blank stands, for a person to fill in.
    """
    subject, facts, values = _tellable(case, keys)
    told = {**facts.values(), **values, "shop.name": house.name}
    if house.agent:
        told["agent.name"] = house.agent
    catalog = catalog.chosen(house.keys, f"conversation:{case.conversation_id}")
    rendered = compose_reply(catalog, keys, case.languages, told, case.storefront, with_blanks=with_blanks)
    marks = facts_in(catalog, keys, case.languages, told, case.storefront, rendered.text)
    return Text(rendered, subject, facts, marks=tuple(marks))


def record(session: Session, proposals: Sequence[Proposal], house: House, *, now: datetime) -> None:
    """Write what was proposed. A case that a newer mail overtook is left for the next round."""
    for proposal in proposals:
        conversation = _unchanged(session, proposal.case)
        if conversation is not None:
            _record_one(session, conversation, proposal, house, now)


def write_draft(
    session: Session, conversation: Conversation, case: Case, text: Text, *, now: datetime, begun_by: int | None = None
) -> Draft:
    """The draft that now waits for a person. What it says of an order stays readable again from `rests_on`.

    `begun_by`: who fills in its blanks; it is left to them.
    """
    rendered = text.rendered
    told = case.disclosure is Disclosure.ORDER
    facts = text.facts.relevant(rendered.paths)
    draft = Draft(
        conversation_id=case.conversation_id,
        answers_id=case.newest_id,
        text=rendered.text,
        drafted=rendered.text,
        marks=[mark.stored() for mark in text.marks],
        template=rendered.template,
        template_hash=rendered.made_from.get(rendered.template),
        made_from=dict(rendered.made_from),
        locale=rendered.locale,
        wanted_locale=rendered.wanted_locale,
        order_id=case.subject.order_id if told else None,
        disclosure=case.disclosure,
        recipient=case.sender,
        recipient_name=case.sender_name,
        facts=facts.stored(),
        fingerprint=facts.fingerprint,
        rests_on=rests_on(text.subject, rendered.paths, text.facts),
        intents=_answered(case),
        holding=rendered.holding,
        asks=rendered.asks,
        before=rendered.before,
        missing=_would_help(rendered, facts),
        written_by=begun_by,
        created_at=now,
        # The moment of the facts: what changes after it is seen by `refresh`.
        updated_at=case.read_at,
    )
    session.add(draft)
    session.flush()
    answered_by(session, draft)
    conversation.state, conversation.reason = ConversationState.DRAFTED, text.reason
    return draft


def retire_pending(session: Session, conversation_id: int, reason: str, *, now: datetime) -> None:
    """Make the pending draft of a conversation stale; its text is kept (PRODUCT, rules 6 and 7)."""
    session.exec(
        update(Draft)
        .where(col(Draft.conversation_id) == conversation_id, col(Draft.state) == DraftState.PENDING)
        .values(state=DraftState.STALE, reason=reason, updated_at=now)
    )


def answered_by(session: Session, draft: Draft) -> None:
    """Note that this draft answers every customer's mail since our last answer that was sent."""
    session.exec(
        update(Message)
        .where(
            col(Message.conversation_id) == draft.conversation_id,
            col(Message.direction) == Direction.IN,
            col(Message.state) == MessageState.TRIAGED,
            col(Message.id) > last_answer(session, draft.conversation_id),
        )
        .values(draft_id=draft.id)
    )


def answer_is_on_its_way(session: Session, conversation_id: int) -> bool:
    """Whether an approved reply of this conversation has not reached its end: a second one would be too much."""
    under_way = (
        select(Delivery.id)
        .join(Draft, col(Draft.id) == Delivery.draft_id)
        .where(Draft.conversation_id == conversation_id, col(Delivery.state).in_(_UNDER_WAY))
    )
    return session.exec(under_way.limit(1)).first() is not None


def set_aside(session: Session, proposal: Proposal, error: str) -> None:
    """A conversation whose draft cannot be written goes to a person, with the reason."""
    conversation = session.get_one(Conversation, proposal.case.conversation_id)
    conversation.state = ConversationState.NEEDS_PERSON
    conversation.reason = f"drafting failed: {error}"


def _tellable(case: Case, keys: Sequence[str]) -> tuple[Subject, Facts, Mapping[str, object]]:
    """What the templates may read. To a stranger who asks after an order not even what he named himself is repeated.

    So an order of somebody else's and one that does not exist get the same words.
    """
    if case.disclosure is Disclosure.ORDER or not speaks_of_orders(keys):
        return case.subject, case.facts, case.values
    kept = tuple(fact for fact in case.facts.facts if not fact.path.startswith("product."))
    return replace(case.subject, product_ids=()), replace(case.facts, facts=kept), {"asked.has_photo": False}


def _without_the_facts(
    case: Case, verdict: Answer | Holding, error: MissingFacts, catalog: Catalog, house: House
) -> Text | NeedsPerson:
    """What can still be said: that we look into it, or that we need the order; else a person is told what to add."""
    needed = f"{NEEDS_FACTS} {'; '.join(error.missing)}"
    smaller = HOLDING if isinstance(verdict, Holding) else ORDER_UNKNOWN if ORDER_UNKNOWN in verdict.keys else None
    if smaller is None or verdict.keys == (smaller,):
        return NeedsPerson(needed)
    reason = verdict.reason if isinstance(verdict, Holding) else verdict.note
    try:
        return replace(compose(case, [smaller], catalog, house), reason=_joined(reason, needed))
    except InputError:
        return NeedsPerson(_joined(reason, needed))


def _unchanged(session: Session, case: Case) -> Conversation | None:
    wanted = select(Conversation).where(Conversation.id == case.conversation_id).with_for_update()
    conversation = session.exec(wanted).one()
    newest = newest_mail(session, case.conversation_id)
    same = newest is not None and newest.id == case.newest_id and conversation.updated_at == case.changed_at
    return conversation if same and conversation.state == ConversationState.NEEDS_ANSWER else None


def _record_one(session: Session, conversation: Conversation, proposal: Proposal, house: House, now: datetime) -> None:
    case, outcome = proposal.case, proposal.outcome
    retire_pending(session, case.conversation_id, _overtaken_by(session, case), now=now)
    conversation.updated_at = now
    if isinstance(outcome, Silent):
        end_clocks(session, case.conversation_id, now=now)
        conversation.state, conversation.reason = ConversationState.CLOSED, outcome.reason
        say_closed(session, conversation, answered=False, now=now)
        return
    on_mail(session, case.conversation_id, case.intents, house.clocks, received_at=case.received_at)
    if isinstance(outcome, NeedsPerson):
        conversation.state = ConversationState.NEEDS_PERSON
        conversation.reason = _joined(outcome.reason, case.note)
    else:
        write_draft(session, conversation, case, outcome, now=now)


def _overtaken_by(session: Session, case: Case) -> str:
    answers = select(Draft.answers_id).where(
        Draft.conversation_id == case.conversation_id, Draft.state == DraftState.PENDING
    )
    return "it was drafted anew" if session.exec(answers).first() == case.newest_id else "a newer mail came"


def _answered(case: Case) -> list[str]:
    return [intent.value for intent in in_precedence(wish.intent for wish in case.asked.sure)]


def _would_help(rendered: Rendered, facts: Facts) -> list[str]:
    """What the templates would have said more, had somebody told us."""
    known = {general(fact.path) for fact in facts.facts}
    needed = [f"{path}: {where_to_add(path)}" for path in rendered.blanks]
    return [*needed, *worth_adding({general(path) for path in rendered.paths} - known - {*rendered.blanks}, known)]


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
