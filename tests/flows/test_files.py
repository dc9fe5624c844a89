"""Files that change while their flows are in service: the last good version stays, nobody is lost, nothing repeated."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.flows.files import Shelf
from mailer.model import Enrollment, EnrollmentNote, EnrollmentState, FlowText, open_alarms
from tests.flows.line import Line, flow_text

E = EnrollmentState
THREE = "".join(f'[[step]]\nid = "{name}"\nwait = "5d"\nsend = "order_confirmation"\n' for name in ("b", "c"))


class Shop:
    """A line whose flows are those of a folder."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line, self.folder = line, folder
        self.shelf = Shelf(line.db, line.clock, folder)

    def write(self, text: str, name: str = "plain") -> bool:
        (self.folder / f"{name}.toml").write_text(text)
        return self.read()

    def read(self) -> bool:
        changed = asyncio.run(self.shelf.read())
        self.line.flows = dict(self.shelf.flows())
        return changed

    def steps(self) -> list[str]:
        return [one.step for one in self.line.steps()]


@pytest.fixture
def shop(db: Database, clock: FrozenClock, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "flows"
    folder.mkdir()
    yield Shop(Line(db, clock).open(), folder)


def test_a_file_is_read_again_only_when_it_changed(shop: Shop) -> None:
    assert shop.write(flow_text())
    assert not shop.read()
    assert shop.write(flow_text(status="draft"))
    assert shop.line.flows["plain"].status == "draft"


def test_a_broken_file_leaves_the_version_before_in_service_and_says_so(shop: Shop) -> None:
    shop.write(flow_text())
    shop.write(flow_text(kind="nonsense"))
    assert shop.line.flows["plain"].kind == "transactional"
    [alarm] = shop.line.db.read_here(open_alarms)
    assert (alarm.kind, alarm.subject) == ("flow_file", "plain")
    assert "the version before stays in service" in alarm.words
    [text] = shop.line.db.read_here(lambda session: session.exec(select(FlowText)).all())
    assert text.mistakes
    # A worker that starts now has the same.
    again = Shop(shop.line, shop.folder)
    again.read()
    assert again.line.flows["plain"].kind == "transactional"
    shop.write(flow_text())
    assert shop.line.db.read_here(open_alarms) == []


def test_a_file_that_was_never_good_is_not_in_service(shop: Shop) -> None:
    shop.write("nonsense")
    assert shop.line.flows == {}
    assert len(shop.line.db.read_here(open_alarms)) == 1


def test_what_waits_at_a_step_that_is_gone_goes_on_at_the_next(shop: Shop) -> None:
    shop.write(flow_text(more=THREE))
    shop.line.order()
    shop.line.turn()
    assert [one.step for one in shop.line.enrollments()] == ["b"]
    new = '[[step]]\nid = "new"\nsend = "order_confirmation"\n'
    shop.write(flow_text(more=new + '[[step]]\nid = "c"\nwait = "5d"\nsend = "order_confirmation"\n'))
    [enrollment] = shop.line.enrollments()
    assert (enrollment.step, enrollment.state) == ("c", E.ACTIVE)
    assert any(note.startswith("step gone b") for note in shop.line.notes())
    shop.line.wait(days=6)
    assert shop.steps() == ["first", "c"]
    assert len(shop.line.relay.mails) == 2


def test_any_number_of_people_is_moved_with_as_many_statements_as_one(shop: Shop) -> None:
    def many(session: Session) -> None:
        one = session.exec(select(Enrollment)).one().model_dump(exclude={"id"})
        for number in range(300):
            session.add(Enrollment(**{**one, "key": f"other:{number}", "state": (E.ACTIVE, E.PAUSED)[number % 2]}))

    shop.write(flow_text(more=THREE))
    shop.line.order()
    shop.line.turn()
    shop.line.db.run_here(many)
    asked: list[str] = []
    event.listen(shop.line.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    shop.write(flow_text(more='[[step]]\nid = "c"\nwait = "5d"\nsend = "order_confirmation"\n'))
    assert {(one.step, one.state) for one in shop.line.enrollments()} == {("c", E.ACTIVE)}
    assert sum("INSERT INTO enrollment_note" in words for words in asked) == 1
    assert len(asked) < 60
    notes = shop.line.db.read_here(lambda session: session.exec(select(EnrollmentNote)).all())
    assert [one.reason for one in notes if one.what == "step gone"] == [
        "the file has no step b any more; c follows"
    ] * 301


def test_a_new_step_before_the_one_that_waits_is_not_run(shop: Shop) -> None:
    shop.write(flow_text(more='[[step]]\nid = "c"\nwait = "5d"\nsend = "order_confirmation"\n'))
    shop.line.order()
    shop.line.turn()
    shop.write(flow_text(more=THREE))
    shop.line.wait(days=30)
    assert shop.steps() == ["first", "c"]
    assert [one.state for one in shop.line.enrollments()] == [E.FINISHED]


def test_when_all_that_followed_is_gone_it_is_finished(shop: Shop) -> None:
    shop.write(flow_text(more=THREE))
    shop.line.order()
    shop.line.turn()
    shop.write(flow_text())
    assert [(one.state, one.step) for one in shop.line.enrollments()] == [(E.FINISHED, None)]


def test_a_wait_that_was_made_longer_holds_for_who_is_in_it(shop: Shop) -> None:
    shop.write(flow_text(more=THREE))
    shop.line.order()
    shop.line.turn()
    shop.write(flow_text(more=THREE.replace("5d", "9d")))
    shop.line.wait(days=6)
    assert shop.steps() == ["first"]
    shop.line.wait(days=4)
    assert shop.steps() == ["first", "b"]


def test_what_is_queued_of_a_flow_that_becomes_a_draft_is_taken_back(shop: Shop) -> None:
    shop.write(flow_text())
    shop.line.order()
    shop.line.turn("enroll", "advance")
    assert len(shop.line.deliveries()) == 1
    shop.write(flow_text(status="draft"))
    shop.line.turn()
    assert not shop.line.relay.mails
    assert shop.line.enrollments()[0].state is E.PAUSED
    shop.write(flow_text())
    shop.line.turn()
    assert len(shop.line.relay.mails) == 1, "live again, it goes once"


@pytest.mark.parametrize("away", ["draft", "gone"])
def test_who_is_in_a_flow_that_goes_away_waits_until_it_is_back(shop: Shop, away: str) -> None:
    shop.write(flow_text(more=THREE))
    shop.line.order()
    shop.line.turn()
    if away == "draft":
        shop.write(flow_text(more=THREE, status="draft"))
    else:
        (shop.folder / "plain.toml").unlink()
        shop.read()
    shop.line.wait(days=6)
    waiting = shop.line.enrollments()[0]
    # It is looked at again now and then, for what began to wait in the moment in which its file came back.
    assert (waiting.state, waiting.due_at) == (E.PAUSED, waiting.updated_at + timedelta(hours=6))
    shop.write(flow_text(more=THREE))
    shop.line.turn()
    assert shop.steps() == ["first", "b"]
