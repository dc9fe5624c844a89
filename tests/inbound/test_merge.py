"""Merge and split move mails, lose no deadline, and can be taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.inbound.merge import merge, regroupings, split, undo
from mailer.model import ConversationState, DraftState, Message, ReplyClock
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
BO = "bo@customer.test"


def mails_of(session: Session, conversation: int) -> list[int]:
    here = select(Message.id).where(Message.conversation_id == conversation)
    return [number or 0 for number in session.exec(here.order_by(col(Message.id)))]


def due(session: Session, conversation: int) -> list[datetime]:
    running = select(ReplyClock.due_at).where(
        ReplyClock.conversation_id == conversation,
        ReplyClock.kind == "first_answer",
        col(ReplyClock.stopped_at).is_(None),
    )
    return list(session.exec(running))


def test_a_merge_moves_all_mails_and_the_earlier_deadline(session: Session) -> None:
    first = build.asked(session, NOW)
    second = build.asked(session, LATER, number="#1002", sender=BO)
    made = merge(session, first.conversation, into=second.conversation, agent_id=first.agent, now=LATER)
    assert mails_of(session, second.conversation) == sorted([first.mail, second.mail])
    source, target = (build.conversation_of(session, one.conversation) for one in (first, second))
    assert (source.state, source.reason) == (
        ConversationState.CLOSED,
        f"merged into conversation {second.conversation}",
    )
    assert target.state == ConversationState.NEEDS_ANSWER
    assert [draft.state for one in (first, second) for draft in build.drafts(session, one.conversation)] == [
        DraftState.STALE,
        DraftState.STALE,
    ]
    assert due(session, first.conversation) == []
    assert due(session, second.conversation) == [NOW + timedelta(hours=24)]
    assert [one.id for one in regroupings(session, second.conversation)] == [made]


def test_a_merge_can_be_undone_once(session: Session) -> None:
    first = build.asked(session, NOW)
    second = build.asked(session, LATER, number="#1002", sender=BO)
    made = merge(session, first.conversation, into=second.conversation, agent_id=None, now=LATER)
    assert undo(session, made, now=LATER) == first.conversation
    assert mails_of(session, first.conversation) == [first.mail]
    assert mails_of(session, second.conversation) == [second.mail]
    for case in (first, second):
        assert build.conversation_of(session, case.conversation).state == ConversationState.NEEDS_ANSWER
    assert regroupings(session, first.conversation) == []
    with pytest.raises(Conflict, match="undone already"):
        undo(session, made, now=LATER)


def test_the_drafts_come_again_after_a_merge_and_after_its_undoing(session: Session) -> None:
    first = build.asked(session, NOW)
    second = build.customer_mail(session, LATER, order=first.order)
    made = merge(session, second.conversation_id, into=first.conversation, agent_id=None, now=LATER)
    assert build.draft_all(session, LATER) == 1
    assert build.pending(session, first.conversation).answers_id == second.id
    undo(session, made, now=LATER)
    assert build.draft_all(session, LATER) == 2


def test_a_split_gives_some_mails_a_conversation_of_their_own_and_can_be_undone(session: Session) -> None:
    case = build.asked(session, NOW)
    other = build.customer_mail(session, LATER, conversation=case.conversation)
    made = split(session, case.conversation, messages=[other.id or 0], agent_id=case.agent, now=LATER)
    session.flush()
    twin = other.conversation_id
    assert twin != case.conversation
    assert mails_of(session, case.conversation) == [case.mail]
    assert build.conversation_of(session, twin).state == ConversationState.NEEDS_ANSWER
    assert undo(session, made, now=LATER) == case.conversation
    assert mails_of(session, case.conversation) == [case.mail, other.id]
    assert build.conversation_of(session, twin).state == ConversationState.CLOSED


@pytest.mark.parametrize("chosen", [[], ["all"], [999]])
def test_a_split_of_nothing_of_all_and_of_strange_mails_is_refused(session: Session, chosen: list[object]) -> None:
    case = build.asked(session, NOW)
    messages = [case.mail if one == "all" else int(str(one)) for one in chosen]
    with pytest.raises(InputError):
        split(session, case.conversation, messages=messages, agent_id=None, now=NOW)


def test_nothing_is_moved_while_an_answer_leaves(session: Session) -> None:
    case, _ = build.approved(session, NOW)
    other = build.customer_mail(session, NOW, sender=BO)
    with pytest.raises(Conflict, match="on its way"):
        merge(session, case.conversation, into=other.conversation_id, agent_id=None, now=NOW)


def test_a_merge_into_itself_twice_and_into_nothing_is_refused(session: Session) -> None:
    case = build.asked(session, NOW)
    other = build.customer_mail(session, NOW, sender=BO)
    with pytest.raises(Conflict, match="itself"):
        merge(session, case.conversation, into=case.conversation, agent_id=None, now=NOW)
    with pytest.raises(NotFound):
        merge(session, case.conversation, into=999, agent_id=None, now=NOW)
    merge(session, other.conversation_id, into=case.conversation, agent_id=None, now=NOW)
    session.flush()
    with pytest.raises(NotFound):
        undo(session, 999, now=NOW)


def clocks(session: Session, conversation: int) -> dict[str, datetime]:
    running = select(ReplyClock).where(ReplyClock.conversation_id == conversation, col(ReplyClock.stopped_at).is_(None))
    return {clock.kind: clock.due_at for clock in session.exec(running)}


def test_of_two_clocks_of_a_kind_the_one_that_breaks_first_goes_on_and_undoing_lets_both_run(session: Session) -> None:
    first = build.asked(session, NOW)
    second = build.asked(session, LATER, number="#1002", sender=BO)
    mine, theirs = clocks(session, first.conversation), clocks(session, second.conversation)
    made = merge(session, first.conversation, into=second.conversation, agent_id=None, now=LATER)
    assert clocks(session, first.conversation) == {}
    assert clocks(session, second.conversation) == mine
    undo(session, made, now=LATER + timedelta(hours=1))
    assert clocks(session, first.conversation) == mine
    assert clocks(session, second.conversation) == theirs


def test_a_clock_that_stands_still_gives_way_to_one_that_runs(session: Session) -> None:
    first = build.asked(session, NOW)
    second = build.asked(session, LATER, number="#1002", sender=BO)
    for clock in session.exec(select(ReplyClock).where(ReplyClock.conversation_id == first.conversation)):
        clock.paused_at = NOW
    theirs = clocks(session, second.conversation)
    merge(session, first.conversation, into=second.conversation, agent_id=None, now=LATER)
    assert clocks(session, second.conversation) == theirs


def test_a_clock_goes_with_the_mail_that_started_it(session: Session) -> None:
    case = build.asked(session, NOW)
    for clock in session.exec(select(ReplyClock).where(ReplyClock.conversation_id == case.conversation)):
        clock.stopped_at = NOW
    other = build.customer_mail(session, LATER, conversation=case.conversation)
    build.draft_all(session, LATER)
    started = session.exec(select(ReplyClock).where(col(ReplyClock.stopped_at).is_(None))).all()
    for clock in started:
        clock.started_at = LATER
    here = clocks(session, case.conversation)
    made = split(session, case.conversation, messages=[other.id or 0], agent_id=None, now=LATER)
    assert clocks(session, case.conversation) == {}
    assert clocks(session, other.conversation_id) == here
    undo(session, made, now=LATER)
    assert clocks(session, case.conversation) == here
