"""The colleague beside the person at the screen decides by the usual verbs."""

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.demo.colleague import _TURNS, Colleague
from mailer.errors import Conflict
from mailer.model import Conversation, Delivery, Dismissal, DraftVersion, Note
from mailer.replies.queue import Tab, waiting
from tests import build
from tests.conftest import NOW


def rows(session: Session, table: type) -> int:
    return len(session.exec(select(table)).all())


@pytest.mark.parametrize("turn", sorted(set(_TURNS)))
async def test_each_turn_does_what_it_is_called(db: Database, turn: str) -> None:
    case = db.run_here(build.asked, NOW)
    ben = Colleague(db, FrozenClock(NOW), build.TERMS, case.agent, mentions="ana", first="")
    line = db.read_here(waiting, Tab.TO_APPROVE)[0]
    await ben.turns[turn](line)
    made = {
        "approve": Delivery, "edit": DraftVersion, "reject": Dismissal, "note": Note,
    }  # fmt: skip
    if turn in made:
        assert db.read_here(rows, made[turn]) > 0
    else:
        assert db.read_here(lambda session: session.get_one(Conversation, case.conversation)).snoozed_until


async def test_a_draft_that_somebody_else_decided_on_is_left_alone(db: Database) -> None:
    case = db.run_here(build.asked, NOW)
    line = db.read_here(waiting, Tab.TO_APPROVE)[0]
    db.run_here(build.approve_again, case, NOW)
    ben = Colleague(db, FrozenClock(NOW), build.TERMS, case.agent, mentions="ana", first="")
    with pytest.raises(Conflict):
        await ben.turns["approve"](line)
    assert db.read_here(rows, Delivery) == 1
