"""A conversation that was put aside comes back: in time, by a mail, by its parcel, and before a deadline breaks."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.errors import Conflict, InputError
from mailer.model import Conversation, ConversationState, ReplyClock, Snooze
from mailer.replies.approve import approve, reject
from mailer.replies.due import warn
from mailer.replies.queue import Tab, counts, waiting
from mailer.replies.snooze import CLOCK_IS_NEAR, TIME_IS_OVER, snooze, unsnooze, wake_due
from tests.build import CLOCKS, TERMS, Asked, asked, customer_mail, parcel, shop_order

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def case(session: Session) -> Asked:
    return asked(session, NOW)


def talk(session: Session) -> Conversation:
    return session.exec(select(Conversation)).one()


def test_what_is_put_aside_is_in_a_tab_of_its_own(session: Session, case: Asked) -> None:
    until = NOW + timedelta(hours=1)
    snooze(session, case.conversation, waits_for=Snooze.UNTIL, until=until, agent_id=case.agent, now=NOW)
    assert waiting(session, Tab.TO_APPROVE) == []
    assert [one.conversation_id for one in waiting(session, Tab.SNOOZED)] == [case.conversation]
    assert (counts(session)[Tab.TO_APPROVE], counts(session)[Tab.SNOOZED]) == (0, 1)
    unsnooze(session, case.conversation)
    assert len(waiting(session, Tab.TO_APPROVE)) == 1
    with pytest.raises(Conflict, match="not snoozed"):
        unsnooze(session, case.conversation)


def test_it_wakes_when_its_time_is_over(session: Session, case: Asked) -> None:
    until = NOW + timedelta(hours=1)
    snooze(session, case.conversation, waits_for=Snooze.UNTIL, until=until, agent_id=case.agent, now=NOW)
    assert wake_due(session, now=until - timedelta(seconds=1)) == 0
    assert wake_due(session, now=until) == 1
    assert (talk(session).snoozed_for, talk(session).woken_because) == (None, TIME_IS_OVER)


def test_a_clock_that_is_about_to_break_wakes_it(session: Session, case: Asked) -> None:
    snooze(session, case.conversation, waits_for=Snooze.REPLY, agent_id=case.agent, now=NOW)
    due_at = min(clock.due_at for clock in session.exec(select(ReplyClock)))
    near = due_at - timedelta(hours=1)
    assert wake_due(session, now=near) == 0
    warn(session, CLOCKS, now=near)
    assert wake_due(session, now=near) == 1
    assert talk(session).woken_because == CLOCK_IS_NEAR


def test_put_aside_again_after_the_warning_it_wakes_when_the_clock_breaks(session: Session, case: Asked) -> None:
    due_at = min(clock.due_at for clock in session.exec(select(ReplyClock)))
    near = due_at - timedelta(hours=1)
    warn(session, CLOCKS, now=near)
    later = near + timedelta(minutes=1)
    snooze(session, case.conversation, waits_for=Snooze.PARCEL, agent_id=case.agent, now=later)
    assert wake_due(session, now=later + timedelta(minutes=1)) == 0
    assert wake_due(session, now=due_at) == 1


def test_a_newer_mail_wakes_it(session: Session, case: Asked) -> None:
    snooze(session, case.conversation, waits_for=Snooze.REPLY, agent_id=case.agent, now=NOW)
    customer_mail(session, NOW + timedelta(hours=1), conversation=case.conversation)
    talk(session).wake("the customer wrote")
    assert talk(session).snoozed_for is None


def test_a_scan_wakes_what_waits_for_the_parcel(session: Session, case: Asked) -> None:
    snooze(session, case.conversation, waits_for=Snooze.PARCEL, agent_id=case.agent, now=NOW)
    shipped = NOW - timedelta(days=4)
    shop_order(session, NOW, fulfillments=[parcel(shipped)])
    assert talk(session).snoozed_for is Snooze.PARCEL
    moved = parcel(shipped, "carrier_picked_up", "in_transit", "out_for_delivery")
    shop_order(session, NOW, updated_at=NOW.isoformat(), fulfillments=[moved])
    assert talk(session).woken_because == "the parcel moved: out for delivery"


@pytest.mark.parametrize("until", [None, NOW, NOW - timedelta(days=1), NOW + timedelta(days=91)])
def test_a_moment_must_make_sense(session: Session, case: Asked, until: datetime | None) -> None:
    with pytest.raises(InputError, match="90 days"):
        snooze(session, case.conversation, waits_for=Snooze.UNTIL, until=until, agent_id=case.agent, now=NOW)


def test_nothing_is_put_aside_where_nothing_waits(session: Session, case: Asked) -> None:
    talk(session).state = ConversationState.CLOSED
    with pytest.raises(Conflict, match="nothing in it waits"):
        snooze(session, case.conversation, waits_for=Snooze.REPLY, agent_id=case.agent, now=NOW)


def test_without_a_parcel_nobody_waits_for_one(session: Session, case: Asked) -> None:
    talk(session).order_id = None
    with pytest.raises(InputError, match="no parcel"):
        snooze(session, case.conversation, waits_for=Snooze.PARCEL, agent_id=case.agent, now=NOW)


def test_a_decision_ends_it(session: Session, case: Asked) -> None:
    snooze(session, case.conversation, waits_for=Snooze.REPLY, agent_id=case.agent, now=NOW)
    approve(session, case.draft, version=1, agent_id=case.agent, terms=TERMS, now=NOW)
    assert talk(session).snoozed_for is None


def test_a_rejection_ends_it_too(session: Session, case: Asked) -> None:
    snooze(session, case.conversation, waits_for=Snooze.REPLY, agent_id=case.agent, now=NOW)
    reject(session, case.draft, version=1, agent_id=case.agent, reason="", now=NOW)
    assert talk(session).snoozed_for is None
