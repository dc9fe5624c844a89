"""Two people decide on the same draft in the same moment: one of them did it, the other is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Delivery, Draft, DraftState
from mailer.replies.approve import approve, edit, reject, undo
from mailer.triage.learn import correct
from tests import build

Verb = Callable[[Session], object]


def at_once(db: Database, verbs: list[Verb]) -> list[object]:
    """Run these in threads that begin together; what each answered, a Conflict as itself."""
    start = Barrier(len(verbs))

    def one(verb: Verb) -> object:
        start.wait(5)
        try:
            return db.run_here(verb)
        except Conflict as error:
            return error

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(one, verbs))


def test_two_agents_at_once_make_exactly_one_delivery(db: Database, now: datetime) -> None:
    for turn in range(5):
        number, sender = f"#{turn}000", f"c{turn}@customer.test"
        case = db.run_here(build.asked, now, number=number, sender=sender, id=str(turn))
        other = db.run_here(build.agent, now, "ben")
        verbs: list[Verb] = [
            lambda session, who=who, draft=case.draft: approve(
                session, draft, version=1, agent_id=who, terms=build.TERMS, now=now
            )
            for who in (case.agent, other, case.agent)
        ]
        answers = at_once(db, verbs)
        assert sum(isinstance(answer, int) for answer in answers) == 1
        assert sum(isinstance(answer, Conflict) for answer in answers) == 2
    made = db.read_here(lambda session: session.exec(select(Delivery.draft_id)).all())
    assert len(made) == len(set(made)) == 5


def test_an_approval_and_an_edit_at_once_never_send_unseen_words(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    answers = at_once(
        db,
        [
            lambda session: approve(session, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now),
            lambda session: edit(session, case.draft, version=1, text="Other.", agent_id=case.agent, now=now),
            lambda session: reject(session, case.draft, version=1, agent_id=case.agent, reason="", now=now),
        ],
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 2


def test_an_approval_and_a_newer_mail_s_draft_at_once_leave_one_live_draft(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(build.customer_mail, now, conversation=case.conversation, order=case.order)
    answers = at_once(
        db,
        [
            lambda session: approve(session, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now),
            lambda session: build.draft_all(session, now),
            lambda session: build.draft_all(session, now),
        ],
    )
    assert isinstance(answers[0], Conflict)
    states = [draft.state for draft in db.read_here(build.drafts, case.conversation)]
    assert states == [DraftState.STALE, DraftState.PENDING]


@pytest.mark.parametrize("turns", [3])
def test_two_undo_at_once_take_it_back_once(db: Database, now: datetime, turns: int) -> None:
    _, delivery_id = db.run_here(build.approved, now)
    answers = at_once(db, [lambda session: undo(session, delivery_id, agent_id=1, now=now)] * turns)
    assert sum(isinstance(answer, Conflict) for answer in answers) == turns - 1
    assert db.read_here(lambda session: session.exec(select(Draft)).one()).state == DraftState.PENDING


def test_a_draft_of_what_a_colleague_corrected_is_not_sent_beside_the_new_one(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)

    def mail(session: Session) -> int:
        return session.get_one(Draft, case.draft).answers_id

    db.run_here(correct, db.read_here(mail), "cancel_order", case.agent, now=now)
    with pytest.raises(Conflict, match="a new draft is on its way"):
        db.run_here(approve, case.draft, version=1, agent_id=case.agent, terms=build.TERMS, now=now)
    assert db.read_here(lambda session: session.exec(select(Delivery.id)).all()) == []
