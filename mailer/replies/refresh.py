"""A draft whose facts or template changed is drafted anew; a person's own words are left to the person."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func, select

from mailer.model import Conversation, ConversationState, Draft, DraftState, Order, Product, ShopFact
from mailer.outbound.guard import changed_facts
from mailer.rendering.catalog import Catalog
from mailer.rendering.fact import at_second
from mailer.rendering.facts import Subject, read_facts, rests_on

# How the reason of a conversation begins to say which facts its answer lacks, and where to add them.
NEEDS_FACTS = "Needs facts:"
_LACKS_FACTS = (Conversation.state == ConversationState.NEEDS_PERSON, col(Conversation.reason).contains(NEEDS_FACTS))


def outdated(session: Session, limit: int, catalog: Catalog, *, now: datetime) -> list[int]:
    """The pending drafts of ours that may rest on something else by now: `refresh` looks closely."""
    ours = (Draft.state == DraftState.PENDING, col(Draft.written_by).is_(None))
    rewritten = _rewritten(catalog, list(session.exec(select(_recipe()).where(*ours).distinct())))
    reasons = [*_news(col(Draft.updated_at)), _ran_out(now), _recipe().in_(rewritten)]
    wanted = select(Draft.id).outerjoin(Order, col(Order.id) == Draft.order_id).where(*ours, or_(*reasons))
    return [one for one in session.exec(wanted.order_by(col(Draft.id)).limit(limit)) if one is not None]


def refresh(session: Session, draft_ids: Sequence[int], catalog: Catalog, *, now: datetime) -> None:
    """Make those stale that rest on something else; their conversations need an answer again (PRODUCT, rule 4)."""
    for draft_id in draft_ids:
        _refresh_one(session, draft_id, catalog, now)


def changed_templates(catalog: Catalog, made_from: Mapping[str, str]) -> list[str]:
    """The files that a text was made from and that read otherwise now."""
    return [name for name, sha256 in made_from.items() if not catalog.is_current(name, sha256)]


def lacking(session: Session, limit: int) -> list[int]:
    """The conversations that nobody could draft for want of a fact, and of which we learnt something since."""
    wanted = (
        select(Conversation.id)
        .outerjoin(Order, col(Order.id) == Conversation.order_id)
        .where(*_LACKS_FACTS, or_(*_news(col(Conversation.updated_at))))
    )
    return [one for one in session.exec(wanted.order_by(col(Conversation.id)).limit(limit)) if one is not None]


def ask_again(session: Session, conversation_ids: Sequence[int], *, now: datetime) -> None:
    """Let these be drafted: what was missing may be there now."""
    ids = col(Conversation.id).in_(conversation_ids)
    for conversation in session.exec(select(Conversation).where(ids, *_LACKS_FACTS).with_for_update()):
        conversation.state, conversation.updated_at = ConversationState.NEEDS_ANSWER, now


def _news(since: Mapped[datetime]) -> list[ColumnElement[bool]]:
    """What we learnt after a moment: of the order, of products, of the shop."""
    return [
        col(Order.recorded_at) > since,
        select(func.max(col(Product.changed_at))).scalar_subquery() > since,
        select(func.max(col(ShopFact.changed_at))).scalar_subquery() > since,
    ]


def _ran_out(now: datetime) -> ColumnElement[bool]:
    until: ColumnElement[str] = col(Draft.rests_on)["until"].as_string()
    return until <= at_second(now)


def _rewritten(catalog: Catalog, recipes: Sequence[str]) -> list[str]:
    """Those recipes, as they are stored, of which a text has changed; each edition is looked at once."""
    told = {recipe: json.loads(recipe) for recipe in recipes}
    editions = {edition for made_from in told.values() for edition in made_from.items()}
    old = {(name, sha256) for name, sha256 in editions if not catalog.is_current(name, sha256)}
    return [recipe for recipe, made_from in told.items() if not old.isdisjoint(made_from.items())]


def _recipe() -> ColumnElement[str]:
    """From which files in which edition a draft was made."""
    return cast(col(Draft.made_from), Text)


def _refresh_one(session: Session, draft_id: int, catalog: Catalog, now: datetime) -> None:
    draft = session.get_one(Draft, draft_id)
    # The conversation first, as approving locks it first too.
    locked = select(Conversation).where(Conversation.id == draft.conversation_id).with_for_update()
    conversation = session.exec(locked).one()
    session.refresh(draft, with_for_update=True)
    if draft.state != DraftState.PENDING or draft.written_by is not None:
        return
    draft.updated_at = now
    if reason := _overtaken_by(session, draft, catalog, now):
        draft.state, draft.reason = DraftState.STALE, reason
        conversation.state, conversation.updated_at = ConversationState.NEEDS_ANSWER, now
    elif draft.rests_on:
        # What it told holds for longer now, or is looked at in the next second again.
        subject, paths = Subject.of(draft.rests_on), draft.rests_on.get("paths", ())
        draft.rests_on = {**draft.rests_on, **rests_on(subject, paths, read_facts(session, subject, now=now))}


def _overtaken_by(session: Session, draft: Draft, catalog: Catalog, now: datetime) -> str:
    if changes := changed_facts(session, draft, now=now):
        return f"the facts changed: {'; '.join(changes)}"
    if names := changed_templates(catalog, draft.made_from):
        return f"the template changed: {', '.join(names)}"
    return ""
