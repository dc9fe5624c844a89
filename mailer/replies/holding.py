"""A conversation whose person is late gets a holding reply to approve: that we look into it, by when, and who."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.model import Conversation, ConversationState, Draft, DraftState
from mailer.rendering.catalog import Catalog
from mailer.replies.case import Case, House, case_of, newest_mail
from mailer.replies.draft import Text, compose, write_draft
from mailer.replies.policy import HOLDING

log = structlog.get_logger()


async def hold_waiting(
    db: Database, clock: Clock, catalog: Catalog, house: House, conversation_ids: Sequence[int]
) -> int:
    """Draft a holding reply for each of these that still needs a person; how many there are now."""
    cases = await db.read(held_cases, conversation_ids, house, now=clock.now())
    texts = [(case, text) for case in cases if (text := holding_text(case, catalog, house)) is not None]
    return await db.run(record_holding, texts, now=clock.now())


def held_cases(session: Session, conversation_ids: Sequence[int], house: House, *, now: datetime) -> list[Case]:
    """Those of these conversations in which a person is to write and no draft waits."""
    waiting = select(Conversation).where(
        col(Conversation.id).in_(conversation_ids), Conversation.state == ConversationState.NEEDS_PERSON
    )
    found = session.exec(waiting.order_by(col(Conversation.id))).all()
    cases = [case_of(session, one, house, now=now) for one in found if not _has_draft(session, one)]
    return [case for case in cases if case is not None and case.sender]


def holding_text(case: Case, catalog: Catalog, house: House) -> Text | None:
    """The words for it; None when they cannot be had, which the log tells."""
    try:
        return compose(case, [HOLDING], catalog, house)
    except Exception:
        log.exception("holding_failed", conversation=case.conversation_id)
        return None


def record_holding(session: Session, texts: Sequence[tuple[Case, Text]], *, now: datetime) -> int:
    """Write the drafts. Why a person is needed stays with the conversation: the holding reply answers nothing."""
    written = 0
    for case, text in texts:
        locked = select(Conversation).where(Conversation.id == case.conversation_id).with_for_update()
        conversation = session.exec(locked).one()
        if conversation.state != ConversationState.NEEDS_PERSON or _is_overtaken(session, conversation, case):
            continue
        reason = conversation.reason
        draft = write_draft(session, conversation, case, text, now=now)
        draft.holding = True
        conversation.reason, conversation.updated_at = reason, now
        written += 1
    return written


def _is_overtaken(session: Session, conversation: Conversation, case: Case) -> bool:
    newest = newest_mail(session, case.conversation_id)
    return _has_draft(session, conversation) or newest is None or newest.id != case.newest_id


def _has_draft(session: Session, conversation: Conversation) -> bool:
    pending = select(Draft.id).where(Draft.conversation_id == conversation.id, Draft.state == DraftState.PENDING)
    return session.exec(pending).first() is not None
