"""Which sent answers are looked at again, and by whom."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.errors import Conflict, InputError
from mailer.insight import quality
from mailer.insight.quality import RUBRIC, is_drawn, risk
from mailer.model import Approval, Level, QualitySample, Role
from mailer.web import auth
from tests.insight.test_reports import answered
from tests.web.build import case


@pytest.mark.parametrize(
    ("intent", "level", "written", "similarity", "weight"),
    [
        ("order_status", Level.HIGH, False, 0.9, 1.0),
        ("order_status", Level.LOW, False, 0.9, 2.0),
        ("complaint_dispute", Level.HIGH, True, None, 4.0),
        ("complaint_dispute", Level.MEDIUM, True, 0.2, 6.0),
    ],
)
def test_risky_answers_weigh_more(
    intent: str, level: Level, written: bool, similarity: float | None, weight: float
) -> None:
    found = risk(intent, level, written_by_person=written, similarity=similarity)
    assert found.weight == weight
    assert found.why


def test_the_hash_decides() -> None:
    hashes = [f"{number:064x}" for number in range(16**12 * 0 + 1)] + ["f" * 64, "0" * 64]
    assert not is_drawn("f" * 64, 0.5, 1.0)
    assert is_drawn("0" * 64, 0.001, 1.0)
    assert all(is_drawn(one, 1.0, 1.0) for one in hashes)


def test_an_answer_is_drawn_once_and_scored_by_a_colleague(session: Session, now: datetime) -> None:
    ana, bo = (auth.add_agent(session, name, Role.AGENT, now) for name in ("ana", "bo"))
    answered(session, case(session, now), now - timedelta(hours=1), ana)
    session.exec(select(Approval)).one().sha256 = "0" * 64
    session.flush()
    assert [quality.draw(session, share=0.03, now=now) for _ in range(2)] == [1, 0]
    (waiting,) = quality.waiting(session)
    number = waiting.sample.id or 0
    points = dict.fromkeys(RUBRIC, 2)
    with pytest.raises(Conflict):
        quality.score(session, number, points, remark="", agent_id=ana, now=now)
    for wrong in ({}, {**points, "kind": 3}, {**points, "more": 1}):
        with pytest.raises(InputError):
            quality.score(session, number, wrong, remark="", agent_id=bo, now=now)
    quality.score(session, number, {**points, "kind": 1}, remark=" well done ", agent_id=bo, now=now)
    session.flush()
    assert quality.waiting(session) == []
    kept = session.get_one(QualitySample, number)
    assert (kept.remark, kept.scored_by, kept.scores["kind"]) == ("well done", bo, 1)
