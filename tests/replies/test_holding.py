"""A person who is late gets a holding reply to approve; sending it answers nothing but the first-answer clock."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import ClockKind, ConversationState, Disclosure, Draft, DraftState, ReplyClock
from mailer.outbound.outcome import Accepted
from mailer.outbound.settle import settle
from mailer.rendering.catalog import Catalog
from mailer.replies.approve import reject, write_own
from mailer.replies.case import last_answer
from mailer.replies.holding import held_cases, hold_waiting, holding_text, record_holding
from tests import build

CATALOG = Catalog(build.TEMPLATES)
MINUTE = timedelta(minutes=1)


def lost(session: Session, now: datetime, **facts: object) -> int:
    """A mail of Ana's that nobody could place; its conversation, which needs a person."""
    order = build.shop_order(session, now)
    mail = build.customer_mail(session, now, order=order, intent="other", **facts)  # type: ignore[arg-type]
    build.draft_all(session, now)
    return mail.conversation_id


async def test_a_holding_reply_waits_for_approval_and_the_reason_stays(db: Database, clock: FrozenClock) -> None:
    talk = await db.run(lost, clock.now())
    reason = (await db.read(build.conversation_of, talk)).reason
    assert await hold_waiting(db, clock, CATALOG, build.HOUSE, [talk]) == 1
    draft = await db.read(build.pending, talk)
    assert (draft.holding, draft.recipient, draft.disclosure) == (True, build.ANA, Disclosure.ORDER)
    assert "Anabel" in draft.text
    found = await db.read(build.conversation_of, talk)
    assert (found.state, found.reason) == (ConversationState.DRAFTED, reason)
    assert await hold_waiting(db, clock, CATALOG, build.HOUSE, [talk]) == 0


async def test_once_sent_a_person_still_answers_and_only_the_first_clock_stops(
    db: Database, clock: FrozenClock
) -> None:
    talk = await db.run(lost, clock.now())
    await hold_waiting(db, clock, CATALOG, build.HOUSE, [talk])

    def send(session: Session) -> tuple[str, int]:
        draft = build.pending(session, talk)
        asked = build.Asked(0, 0, talk, draft.id or 0, build.agent(session, clock.now()))
        number = build.approve_again(session, asked, clock.now())
        settle(session, build.delivery(session, number), Accepted("250"), now=clock.now())
        return build.conversation_of(session, talk).reason, last_answer(session, talk)

    reason, answered = await db.run(send)
    found = await db.read(build.conversation_of, talk)
    assert (found.state, answered) == (ConversationState.NEEDS_PERSON, 0)
    assert "nothing in it says" in reason
    clocks = await db.read(lambda session: session.exec(select(ReplyClock)).all())
    assert {clock.kind for clock in clocks if clock.stopped_at} == {ClockKind.FIRST_ANSWER}
    own = await db.run(write_own, talk, text="Mine.", agent_id=1, now=clock.now())
    assert (await db.read(lambda session: session.get_one(Draft, own))).holding is False


async def test_only_conversations_that_need_a_person_are_held(db: Database, clock: FrozenClock) -> None:
    asked = await db.run(build.asked, clock.now())
    assert await hold_waiting(db, clock, CATALOG, build.HOUSE, [asked.conversation, 4711]) == 0


async def test_a_stranger_s_holding_reply_names_nobody(db: Database, clock: FrozenClock) -> None:
    talk = await db.run(lost, clock.now(), sender="eve@evil.test")
    assert await hold_waiting(db, clock, CATALOG, build.HOUSE, [talk]) == 1
    draft = await db.read(build.pending, talk)
    assert "Anabel" not in draft.text
    assert (draft.order_id, draft.disclosure) == (None, Disclosure.NEUTRAL)


async def test_what_came_meanwhile_is_not_held(db: Database, clock: FrozenClock) -> None:
    talk = await db.run(lost, clock.now())
    cases = await db.read(held_cases, [talk], build.HOUSE, now=clock.now())
    texts = [(case, text) for case in cases if (text := holding_text(case, CATALOG, build.HOUSE))]
    assert len(texts) == 1
    await db.run(build.customer_mail, clock.now() + MINUTE, conversation=talk)
    assert await db.run(record_holding, texts, now=clock.now()) == 0


async def test_without_a_template_nothing_is_held_and_the_person_still_sees_the_mail(
    db: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    talk = await db.run(lost, clock.now())
    assert await hold_waiting(db, clock, Catalog(tmp_path), build.HOUSE, [talk]) == 0
    assert (await db.read(build.conversation_of, talk)).state == ConversationState.NEEDS_PERSON


async def test_a_rejected_holding_reply_keeps_why_a_person_is_needed(db: Database, clock: FrozenClock) -> None:
    talk = await db.run(lost, clock.now())
    await hold_waiting(db, clock, CATALOG, build.HOUSE, [talk])
    draft = await db.read(build.pending, talk)
    person = await db.run(build.agent, clock.now())
    await db.run(reject, draft.id, version=1, agent_id=person, reason="I write", now=clock.now())
    found = await db.read(build.conversation_of, talk)
    assert found.state == ConversationState.NEEDS_PERSON
    assert found.reason.startswith("the draft was rejected: I write; nothing in it says")
    assert (await db.read(build.drafts, talk))[0].state == DraftState.DISMISSED
