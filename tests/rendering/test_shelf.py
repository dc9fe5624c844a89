"""What is published is what mails are made from: at once, everywhere, and never broken."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Draft, DraftState, TemplateRevision, open_alarms
from mailer.rendering.catalog import Catalog
from mailer.rendering.revision import roll_back
from mailer.rendering.shelf import ALARM, TemplateShelf, service_catalog
from mailer.replies.draft import draft_waiting
from tests import build
from tests.rendering.revisions import MAIL, NAME, published, templates_in

HOUR = timedelta(hours=1)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return templates_in(tmp_path)


@pytest.fixture
def shelf(db: Database, clock: FrozenClock, catalog: Catalog) -> TemplateShelf:
    return TemplateShelf(db, clock, catalog.directory)


async def test_it_looks_again_only_when_something_was_published(
    db: Database, shelf: TemplateShelf, catalog: Catalog, now: datetime
) -> None:
    assert not await shelf.read()
    db.run_here(published, MAIL, now, catalog)
    before = shelf.catalog.still()
    assert await shelf.read()
    assert not await shelf.read()
    assert shelf.catalog.text(NAME) == MAIL
    assert before.text(NAME) == catalog.text(NAME) != MAIL


async def test_the_published_text_wins_everywhere(
    db: Database, shelf: TemplateShelf, catalog: Catalog, now: datetime
) -> None:
    db.run_here(published, "+++\n+++\nWell hello,\n", now, catalog, "blocks/greeting.en.md")
    db.run_here(published, "new = 'word'\n", now, catalog, "words/en.toml")
    db.run_here(published, MAIL, now, catalog, "replies/brand_new.pt.md")
    db.run_here(published, MAIL, now, catalog, "storefronts/nordic/replies/order_status.en.md")
    await shelf.read()
    live = shelf.catalog
    assert live.words("en") == ("words/en.toml", {"new": "word"})
    assert live.find("replies/brand_new", ["pt-BR"]).name == "replies/brand_new.pt.md"
    assert "replies/brand_new.pt.md" in list(live.names())
    assert live.find("replies/order_status", ["en"], "nordic").name.startswith("storefronts/nordic/")
    assert live.sha256("blocks/greeting.en.md") != catalog.sha256("blocks/greeting.en.md")
    greeting = live.environment().get_template("blocks/greeting.en.md").render()
    assert greeting.strip() == "Well hello,"


async def test_a_draft_is_made_from_what_is_published_and_stale_when_that_changes(
    db: Database, shelf: TemplateShelf, catalog: Catalog, clock: FrozenClock, now: datetime
) -> None:
    file = catalog.text(NAME)
    case = db.run_here(build.asked, now)

    async def round_of_drafting() -> Draft:
        clock.current += timedelta(seconds=1)
        await shelf.read()
        for _ in range(2):
            await draft_waiting(db, clock, shelf.catalog, build.HOUSE)
        return db.read_here(build.pending, case.conversation)

    first = await round_of_drafting()
    assert first.template_hash == catalog.sha256(NAME)
    db.run_here(published, file + "Published, this is.\n", now, catalog)
    second = await round_of_drafting()
    assert second.id != first.id
    assert "Published, this is." in second.text
    assert second.template_hash == shelf.catalog.sha256(NAME)
    assert db.read_here(build.drafts, case.conversation)[0].reason == f"the template changed: {NAME}"
    # Back to the file: it is drafted from the file again.
    person = db.run_here(build.agent, now)
    db.run_here(roll_back, NAME, to_number=None, verdict=None, catalog=catalog, agent_id=person, now=now)
    third = await round_of_drafting()
    assert third.text == first.text
    assert [one.state for one in db.read_here(build.drafts, case.conversation)] == [
        DraftState.STALE,
        DraftState.STALE,
        DraftState.PENDING,
    ]


async def test_a_broken_text_leaves_the_last_good_one_in_service(
    db: Database, shelf: TemplateShelf, catalog: Catalog, clock: FrozenClock, now: datetime
) -> None:
    db.run_here(published, MAIL, now, catalog)
    db.run_here(published, MAIL + "More.\n", now, catalog)
    await shelf.read()
    newest = db.read_here(newest_text)

    def spoil(session: Session) -> None:
        # As by hand, or by an older Mailer.
        session.get_one(TemplateRevision, newest).text = "+++\n+++\n{% if %}"

    db.run_here(spoil)
    db.run_here(published, "+++\n+++\nHello,\n", now, catalog, "blocks/greeting.en.md")
    await shelf.read()
    assert shelf.catalog.text(NAME) == MAIL + "More.\n"
    assert [(one.kind, one.subject) for one in db.read_here(open_alarms)] == [(ALARM, NAME)]
    # A process that starts now has only the one before it.
    again = TemplateShelf(db, clock, catalog.directory)
    await again.read()
    assert again.catalog.text(NAME) == MAIL
    assert db.read_here(service_catalog, catalog.directory).text(NAME) == MAIL
    db.run_here(published, MAIL + "Mended.\n", now, catalog)
    await shelf.read()
    assert shelf.catalog.text(NAME) == MAIL + "Mended.\n"
    assert db.read_here(open_alarms) == []


def newest_text(session: Session) -> int:
    wanted = select(TemplateRevision.id).where(TemplateRevision.name == NAME)
    return session.exec(wanted.order_by(col(TemplateRevision.id).desc())).first() or 0
