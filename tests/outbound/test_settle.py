"""What an outcome means for the delivery, its draft, its conversation and the clock."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.model import Bounce, ConversationState, DeliveryState, DraftState, ReplyClock
from mailer.outbound.outcome import Accepted, Cause, Deferred, Outcome, Refused, Unknown
from mailer.outbound.settle import block, expire, settle, withhold
from mailer.replies.approve import write_own
from tests import build

MINUTE = timedelta(minutes=1)
D, C = DeliveryState, ConversationState


# The clocks of a simple question.
RUNNING = {"first_answer": None, "settled": None}


def stopped(session: Session) -> dict[str, datetime | None]:
    return {clock.kind: clock.stopped_at for clock in session.exec(select(ReplyClock))}


def end(session: Session, delivery_id: int, outcome: Outcome, now: datetime) -> None:
    settle(session, build.delivery(session, delivery_id), outcome, now=now)


@pytest.mark.parametrize(
    ("outcome", "state", "reason", "conversation", "clock_stops"),
    [
        (Accepted("250 queued"), D.SENT, "250 queued", C.WAITING, True),
        (Refused("550 nobody", 550), D.FAILED, "(550 nobody)", C.NEEDS_PERSON, False),
        (Unknown("silence"), D.UNKNOWN, "(silence)", C.DRAFTED, False),
        (Deferred("450 later", 450), D.QUEUED, "(450 later)", C.DRAFTED, False),
        (Deferred("gone", None, Cause.RELAY_LOST), D.QUEUED, "(gone)", C.DRAFTED, False),
    ],
)
def test_an_outcome_moves_all_that_hangs_on_it(
    db: Database,
    now: datetime,
    outcome: Outcome,
    state: DeliveryState,
    reason: str,
    conversation: ConversationState,
    clock_stops: bool,
) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(end, delivery_id, outcome, now + MINUTE)
    found = db.read_here(build.delivery, delivery_id)
    assert (found.state, found.owner, found.lease_until) == (state, None, None)
    assert found.reason.endswith(reason)
    assert found.settled_at == (None if state == D.QUEUED else now + MINUTE)
    assert db.read_here(build.conversation_of, case.conversation).state == conversation
    assert db.read_here(stopped) == dict.fromkeys(RUNNING, now + MINUTE if clock_stops else None)
    assert db.read_here(build.drafts, case.conversation)[0].state == DraftState.APPROVED


@pytest.mark.parametrize(("relay", "longest"), [(False, 6 * MINUTE), (True, timedelta(seconds=3))])
def test_a_deferred_mail_is_tried_again_later(db: Database, now: datetime, relay: bool, longest: timedelta) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    cause = Cause.RELAY_SILENT if relay else Cause.GREYLISTED
    db.run_here(end, delivery_id, Deferred("later", None, cause), now)
    assert now < db.read_here(build.delivery, delivery_id).next_attempt_at <= now + longest


def test_a_refusal_is_told_to_a_person_in_the_relay_s_words(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(end, delivery_id, Refused("550 5.1.1 nobody here", 550), now)
    reason = db.read_here(build.conversation_of, case.conversation).reason
    assert reason.startswith("our answer could not be delivered: ")
    assert reason.endswith("(550 5.1.1 nobody here)")


def test_what_was_withheld_needs_an_answer_again(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(lambda session: withhold(session, build.delivery(session, delivery_id), "the facts changed", now=now))
    assert db.read_here(build.delivery, delivery_id).state == D.WITHHELD
    assert db.read_here(build.conversation_of, case.conversation).state == C.NEEDS_ANSWER
    (draft,) = db.read_here(build.drafts, case.conversation)
    assert (draft.state, draft.reason) == (DraftState.STALE, "the facts changed")
    assert db.run_here(build.draft_all, now) == 1


def test_what_expired_goes_to_a_person_with_the_relay_s_last_words(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(end, delivery_id, Deferred("450 greylisted", 450), now)
    db.run_here(lambda session: expire(session, build.delivery(session, delivery_id), "too late", now=now))
    found = db.read_here(build.delivery, delivery_id)
    assert found.state == D.EXPIRED
    assert found.reason.startswith("too late: ")
    assert found.reason.endswith("(450 greylisted)")
    talk = db.read_here(build.conversation_of, case.conversation)
    assert (talk.state, talk.reason) == (C.NEEDS_PERSON, f"our answer could not be delivered: {found.reason}")
    assert db.read_here(build.drafts, case.conversation)[0].state == DraftState.STALE


ENDS = [Accepted("250"), Refused("550", 550)]


@pytest.mark.parametrize("outcome", ENDS, ids=["sent", "refused"])
@pytest.mark.parametrize("stage", ["received", "drafted", "approved"])
def test_a_newer_mail_keeps_its_conversation_whatever_becomes_of_the_older_answer(
    db: Database, now: datetime, outcome: Outcome, stage: str
) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, order=case.order)
    if stage != "received":
        db.run_here(build.draft_all, now)
    if stage == "approved":
        db.run_here(build.approve_again, case, now)
    before = db.read_here(build.conversation_of, case.conversation).state
    db.run_here(end, delivery_id, outcome, now + MINUTE)
    assert db.read_here(build.conversation_of, case.conversation).state == before
    assert db.read_here(stopped) == RUNNING


def test_a_withheld_answer_asks_for_no_third_draft_when_the_newer_mail_s_is_approved(
    db: Database, now: datetime
) -> None:
    case, first = db.run_here(build.approved, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, order=case.order)
    db.run_here(build.draft_all, now)
    second = db.run_here(build.approve_again, case, now)
    db.run_here(lambda session: withhold(session, build.delivery(session, first), "newer", now=now))
    assert db.run_here(build.draft_all, now) == 0
    db.run_here(end, second, Refused("550", 550), now)
    assert db.read_here(build.conversation_of, case.conversation).state == C.NEEDS_PERSON


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_of_two_answers_on_their_way_the_later_one_has_the_last_word(
    db: Database, now: datetime, first_ends_first: bool
) -> None:
    case, first = db.run_here(build.approved, now)
    db.run_here(write_own, case.conversation, text="And one more thing.", agent_id=case.agent, now=now)
    second = db.run_here(build.approve_again, case, now)
    states = []
    for one in (first, second) if first_ends_first else (second, first):
        db.run_here(end, one, Accepted("250"), now)
        states.append(db.read_here(build.conversation_of, case.conversation).state)
    assert states == ([C.DRAFTED, C.WAITING] if first_ends_first else [C.WAITING, C.WAITING])


def test_tries_that_the_relay_spoiled_do_not_make_the_recipient_wait_longer(db: Database, now: datetime) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    for _ in range(20):
        db.run_here(lambda session: setattr(build.delivery(session, delivery_id), "attempt", 21))
        db.run_here(end, delivery_id, Deferred("gone", None, Cause.RELAY_LOST), now)
    db.run_here(end, delivery_id, Deferred("450 later", 450, Cause.GREYLISTED), now)
    found = db.read_here(build.delivery, delivery_id)
    assert (found.deferrals, found.attempt) == (1, 21)
    assert now + 3 * MINUTE < found.next_attempt_at < now + 7 * MINUTE


def test_a_refused_address_is_a_bounce_too_and_a_rule_s_word_is_none(db: Database, now: datetime) -> None:
    for number, (words, cause) in enumerate(
        [("550 5.1.1 no such user", Cause.NO_SUCH_ADDRESS), ("550 5.7.1 spam", Cause.POLICY)]
    ):
        _, delivery_id = db.run_here(
            build.approved, now, number=f"#{number}", sender=f"c{number}@customer.test", id=str(number)
        )
        db.run_here(end, delivery_id, Refused(words, 550, cause), now)
    bounced = db.read_here(lambda session: session.exec(select(Bounce.recipient)).all())
    assert list(bounced) == ["c0@customer.test"]


def test_what_nobody_may_write_to_is_left_to_a_person_with_its_draft(db: Database, now: datetime) -> None:
    case, delivery_id = db.run_here(build.approved, now)
    db.run_here(lambda session: block(session, build.delivery(session, delivery_id), "mail came back", now=now))
    assert db.read_here(build.delivery, delivery_id).state == D.WITHHELD
    talk = db.read_here(build.conversation_of, case.conversation)
    assert (talk.state, talk.reason) == (C.NEEDS_PERSON, "our answer was not sent: mail came back")
    assert db.read_here(build.drafts, case.conversation)[0].state == DraftState.APPROVED


def test_an_acknowledgement_moves_no_conversation_and_stops_no_clock(db: Database, now: datetime) -> None:
    outcomes: list[Outcome] = [Accepted("250"), Refused("550", 550), Unknown("silence"), Deferred("450", 450)]
    for number, outcome in enumerate(outcomes):
        case, delivery_id = db.run_here(
            build.approved, now, number=f"#{number}", sender=f"c{number}@customer.test", id=str(number)
        )
        db.run_here(lambda session, it=delivery_id: setattr(build.delivery(session, it), "kind", "acknowledgement"))
        db.run_here(end, delivery_id, outcome, now)
        db.run_here(lambda session, it=delivery_id: withhold(session, build.delivery(session, it), "x", now=now))
        db.run_here(lambda session, it=delivery_id: expire(session, build.delivery(session, it), "x", now=now))
        assert db.read_here(build.conversation_of, case.conversation).state == C.DRAFTED
    stops = db.read_here(lambda session: session.exec(select(ReplyClock.stopped_at)).all())
    assert list(stops) == [None] * len(RUNNING) * len(outcomes)
