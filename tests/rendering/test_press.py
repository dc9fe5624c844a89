"""From a decision to a text in service, with the real checks in their child; by the clock too."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import InputError
from mailer.model import Measure, TemplateRevision, TemplateState, open_alarms
from mailer.rendering.catalog import Catalog
from mailer.rendering.press import ALARM, Press
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import Unconfirmed, find_revision, publish
from mailer.rendering.shelf import TemplateShelf
from mailer.rendering.standing import caught_up
from tests import build
from tests.rendering.revisions import NAME, drafted, published, templates_in, verdict

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer(1)
    yield made
    made.close()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return templates_in(tmp_path)


@pytest.fixture
def press(db: Database, clock: FrozenClock, catalog: Catalog, renderer: Renderer) -> Press:
    return Press(db, clock, TemplateShelf(db, clock, catalog.directory), renderer)


def draft(db: Database, now: datetime, catalog: Catalog, more: str = "More.\n") -> TemplateRevision:
    return db.run_here(drafted, catalog.text(NAME) + more, now, catalog)


async def test_a_good_text_goes_into_service_and_back(
    db: Database, press: Press, catalog: Catalog, now: datetime
) -> None:
    one = draft(db, now, catalog)
    done = await press.publish(one.id or 0, sha256=one.sha256, agent_id=one.author_id)
    assert (done.number, press.shelf.catalog.text(NAME)) == (1, one.text)
    await press.roll_back(NAME, None, agent_id=one.author_id)
    assert press.shelf.catalog.text(NAME) == catalog.text(NAME)
    again = await press.roll_back(NAME, 1, agent_id=one.author_id)
    assert again is not None
    assert (again.number, press.shelf.catalog.text(NAME)) == (2, one.text)


async def test_mistakes_refuse_and_warnings_ask(db: Database, press: Press, catalog: Catalog, now: datetime) -> None:
    bad = draft(db, now, catalog, "{{ order.nubmer }}\n")
    with pytest.raises(InputError, match=r"did you mean order\.number"):
        await press.publish(bad.id or 0, sha256=bad.sha256, agent_id=bad.author_id, confirm=True)
    harsh = draft(db, now, catalog, "You must be patient.\n")
    with pytest.raises(Unconfirmed, match="You must"):
        await press.publish(harsh.id or 0, sha256=harsh.sha256, agent_id=harsh.author_id)
    await press.publish(harsh.id or 0, sha256=harsh.sha256, agent_id=harsh.author_id, confirm=True)


async def test_it_is_judged_again_when_another_text_came_between(
    db: Database, press: Press, catalog: Catalog, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = draft(db, now, catalog)
    judge, came = press.renderer.judge, []

    async def late(*args: object) -> object:
        found = await judge(*args)  # type: ignore[arg-type]
        if not came:
            came.append(db.run_here(published, "+++\n+++\nHello,\n", now, catalog, "blocks/greeting.en.md"))
        return found

    monkeypatch.setattr(press.renderer, "judge", late)
    await press.publish(one.id or 0, sha256=one.sha256, agent_id=one.author_id)
    assert press.shelf.published.edition == 2


async def test_what_is_scheduled_is_published_at_its_moment(
    db: Database, press: Press, catalog: Catalog, clock: FrozenClock, now: datetime
) -> None:
    one = draft(db, now, catalog)
    await press.schedule(one.id or 0, sha256=one.sha256, publish_at=now + HOUR, agent_id=one.author_id)
    assert await press.publish_due() == 0
    clock.current = now + HOUR
    assert await press.publish_due() == 1
    assert press.shelf.catalog.text(NAME) == one.text


async def test_what_broke_meanwhile_goes_back_with_an_alarm(
    db: Database, press: Press, catalog: Catalog, clock: FrozenClock, now: datetime
) -> None:
    one = draft(db, now, catalog)
    await press.schedule(one.id or 0, sha256=one.sha256, publish_at=now + HOUR, agent_id=one.author_id)
    for block in catalog.directory.glob("blocks/parcel.en.md"):
        block.unlink()
    clock.current = now + HOUR
    assert await press.publish_due() == 1
    failed = db.read_here(find_revision, one.id or 0)
    assert failed.state == TemplateState.DRAFT
    assert "there is no block" in failed.reason
    assert [(alarm.kind, alarm.subject) for alarm in db.read_here(open_alarms)] == [(ALARM, NAME)]


async def test_a_comparison_begins_with_the_same_checks(
    db: Database, press: Press, catalog: Catalog, now: datetime
) -> None:
    one = draft(db, now, catalog)
    begun = await press.compare(
        one.id or 0, sha256=one.sha256, share=20, measure=Measure.NO_RECONTACT, agent_id=one.author_id
    )
    assert press.shelf.published.challengers[NAME].comparison == begun.id
    assert press.shelf.catalog.text(NAME) == catalog.text(NAME)


def test_a_file_that_caught_up_holds_again(session: Session, catalog: Catalog, now: datetime) -> None:
    one = published(session, catalog.text(NAME) + "More.\n", now, catalog)
    assert caught_up(session, catalog, now=now) == []
    (catalog.directory / NAME).write_text(one.text, encoding="utf-8")
    assert caught_up(session, catalog, now=now) == [NAME]
    assert (one.state, one.reason) == (TemplateState.RETIRED, "its file reads the same")
    person = build.agent(session, now)
    fresh = drafted(session, one.text + "x", now, catalog)
    assert fresh.base_text == one.text
    judged = verdict(session, fresh.text)
    publish(session, fresh.id or 0, sha256=fresh.sha256, verdict=judged, agent_id=person, now=now)
