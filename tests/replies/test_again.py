"""A reply that did not arrive as a draft again: what changed since is seen first, and never are there two answers."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Delivery, DeliveryState, Order
from mailer.replies.again import draft_again
from mailer.replies.approve import approve
from tests import build

HOUR = timedelta(hours=1)


def end(session: Session, delivery_id: int) -> None:
    session.get_one(Delivery, delivery_id).state = DeliveryState.FAILED


def pay_back(session: Session, order_id: int, now: datetime) -> None:
    order = session.get_one(Order, order_id)
    order.canceled_at, order.recorded_at = now, now


def test_a_change_since_the_first_try_is_seen_before_the_second(db: Database, now: datetime) -> None:
    case, delivery = db.run_here(build.approved, now)
    db.run_here(end, delivery)
    db.run_here(pay_back, case.order, now + HOUR)
    db.run_here(draft_again, delivery, agent_id=case.agent, now=now + HOUR)
    draft = db.read_here(build.pending, case.conversation)
    with pytest.raises(Conflict, match="the facts changed since this was written"):
        db.run_here(approve, draft.id, version=1, agent_id=case.agent, terms=build.TERMS, now=now + HOUR, done=True)


def test_while_an_answer_is_on_its_way_there_is_no_other(db: Database, now: datetime) -> None:
    case, delivery = db.run_here(build.approved, now)
    db.run_here(end, delivery)
    db.run_here(draft_again, delivery, agent_id=case.agent, now=now)
    db.run_here(build.approve_again, case, now)
    with pytest.raises(Conflict, match="on its way"):
        db.run_here(draft_again, delivery, agent_id=case.agent, now=now)
