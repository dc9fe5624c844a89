"""A text goes into service by its hash and its verdict, once; any other way is a Conflict that changes nothing."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.revision import (
    LARGEST_TEXT,
    Overtaken,
    Unconfirmed,
    discard,
    due_revisions,
    edition_now,
    fail_scheduled,
    own_draft,
    publish,
    published_revision,
    roll_back,
    save_draft,
    schedule,
    unschedule,
)
from tests import build
from tests.rendering.revisions import MAIL, NAME, drafted, published, verdict

HOUR = timedelta(hours=1)
CATALOG = Catalog(build.TEMPLATES)


def test_a_person_has_one_draft_of_a_template_and_a_second_window_loses(session: Session, now: datetime) -> None:
    person = build.agent(session, now)
    first = save_draft(session, NAME, "a", agent_id=person, expected_version=0, catalog=CATALOG, now=now)
    assert (first.version, first.base_text) == (1, CATALOG.text(NAME))
    second = save_draft(session, NAME, "b\r\n", agent_id=person, expected_version=1, catalog=CATALOG, now=now)
    assert (second.id, second.version, second.text) == (first.id, 2, "b\n")
    for version in (0, 1):
        with pytest.raises(Conflict, match="another window"):
            save_draft(session, NAME, "c", agent_id=person, expected_version=version, catalog=CATALOG, now=now)
    other = build.agent(session, now, "bo")
    assert save_draft(session, NAME, "c", agent_id=other, expected_version=0, catalog=CATALOG, now=now).id != first.id


@pytest.mark.parametrize(
    "name", ["../x.en.md", "replies/x.md", "replies/X.en.md", "/etc/passwd", "replies/a.en.html", ""]
)
def test_a_name_that_leads_elsewhere_is_refused(session: Session, now: datetime, name: str) -> None:
    with pytest.raises(InputError, match="no name of a template"):
        drafted(session, MAIL, now, CATALOG, name)


def test_a_text_too_long_is_refused(session: Session, now: datetime) -> None:
    with pytest.raises(InputError, match="longer than"):
        drafted(session, "ä" * LARGEST_TEXT, now, CATALOG)


def test_publishing_numbers_it_and_retires_the_one_before(session: Session, now: datetime) -> None:
    first = published(session, MAIL, now, CATALOG)
    assert (first.number, first.state, edition_now(session)) == (1, TemplateState.PUBLISHED, 1)
    second = published(session, MAIL + "More.\n", now + HOUR, CATALOG)
    session.refresh(first)
    assert (first.state, first.retired_at) == (TemplateState.RETIRED, now + HOUR)
    assert (second.number, edition_now(session)) == (2, 2)
    assert own_draft(session, NAME, second.author_id) is None


def test_only_the_text_that_was_seen_and_checked_is_published(session: Session, now: datetime) -> None:
    draft = drafted(session, MAIL, now, CATALOG)
    person = draft.author_id

    def attempt(sha256: str = draft.sha256, **said: tuple[str, ...]) -> TemplateRevision:
        judged = verdict(session, MAIL, **said)
        return publish(session, draft.id or 0, sha256=sha256, verdict=judged, agent_id=person, now=now)

    with pytest.raises(Conflict, match="changed since you looked"):
        attempt("0" * 64)
    with pytest.raises(InputError, match="line 3: bad"):
        attempt(mistakes=("line 3: bad",))
    with pytest.raises(Unconfirmed) as raised:
        attempt(warnings=("line 4: harsh",))
    assert raised.value.warnings == ("line 4: harsh",)
    with pytest.raises(Overtaken):
        publish(
            session, draft.id or 0, sha256=draft.sha256, verdict=verdict(session, "other"), agent_id=person, now=now
        )
    assert published_revision(session, NAME) is None
    judged = verdict(session, MAIL, warnings=("line 4: harsh",))
    done = publish(
        session, draft.id or 0, sha256=draft.sha256, verdict=judged, agent_id=person, now=now, confirm=True, note="Why"
    )
    assert (done.confirmed, done.note) == (["line 4: harsh"], "Why")
    with pytest.raises(Conflict, match="this revision is published"):
        attempt()


def test_a_verdict_beside_older_texts_does_not_count(session: Session, now: datetime) -> None:
    draft = drafted(session, MAIL, now, CATALOG)
    judged = verdict(session, MAIL)
    published(session, "+++\n+++\nHello,\n", now, CATALOG, "blocks/greeting.en.md")
    with pytest.raises(Overtaken):
        publish(session, draft.id or 0, sha256=draft.sha256, verdict=judged, agent_id=draft.author_id, now=now)


def test_what_is_in_service_is_not_published_again(session: Session, now: datetime) -> None:
    published(session, MAIL, now, CATALOG)
    with pytest.raises(Conflict, match="in service already"):
        published(session, MAIL, now, CATALOG)


def test_a_discarded_draft_makes_room(session: Session, now: datetime) -> None:
    draft = drafted(session, MAIL, now, CATALOG)
    with pytest.raises(Conflict):
        discard(session, draft.id or 0, agent_id=draft.author_id, expected_version=7, now=now)
    discard(session, draft.id or 0, agent_id=draft.author_id, expected_version=1, now=now)
    assert own_draft(session, NAME, draft.author_id) is None
    assert drafted(session, MAIL, now, CATALOG).id != draft.id
    with pytest.raises(NotFound):
        discard(session, 999, agent_id=draft.author_id, expected_version=1, now=now)


def test_a_scheduled_text_is_due_at_its_moment_and_may_be_taken_back(session: Session, now: datetime) -> None:
    draft = drafted(session, MAIL, now, CATALOG)
    judged = verdict(session, MAIL)

    def plan(at: datetime) -> TemplateRevision:
        who = draft.author_id
        return schedule(
            session, draft.id or 0, sha256=draft.sha256, verdict=judged, publish_at=at, agent_id=who, now=now
        )

    with pytest.raises(InputError, match="still to come"):
        plan(now)
    plan(now + HOUR)
    assert due_revisions(session, now=now) == []
    assert [one.id for one in due_revisions(session, now=now + HOUR)] == [draft.id]
    assert unschedule(session, draft.id or 0, now=now).state == TemplateState.DRAFT
    assert due_revisions(session, now=now + HOUR) == []
    plan(now + HOUR)
    drafted(session, "another", now, CATALOG)
    with pytest.raises(Conflict, match="another draft"):
        unschedule(session, draft.id or 0, now=now)
    fail_scheduled(session, draft.id or 0, "it broke", now=now)
    assert (draft.state, draft.reason) == (TemplateState.DISCARDED, "it broke")


def test_rolling_back_publishes_the_old_text_as_a_new_number(session: Session, now: datetime) -> None:
    published(session, MAIL, now, CATALOG)
    published(session, MAIL + "More.\n", now, CATALOG)
    person = build.agent(session, now)

    def back(number: int | None, text: str = MAIL, **said: tuple[str, ...]) -> TemplateRevision | None:
        judged = verdict(session, text, **said)
        return roll_back(
            session, NAME, to_number=number, verdict=judged, catalog=CATALOG, agent_id=person, now=now + HOUR
        )

    with pytest.raises(InputError, match="unknown by now"):
        back(1, mistakes=("unknown by now",))
    with pytest.raises(NotFound):
        back(9)
    with pytest.raises(Conflict, match="in service already"):
        back(2)
    done = back(1, warnings=("harsh",))
    assert done is not None
    assert (done.number, done.text, done.note) == (3, MAIL, "as number 1")
    assert back(None) is None
    assert published_revision(session, NAME) is None
    assert edition_now(session) == 4
    last = back(2, MAIL + "More.\n")
    assert last is not None
    assert last.number == 4


def test_what_has_no_file_cannot_go_back_to_it(session: Session, now: datetime, tmp_path: Path) -> None:
    name = "replies/brand_new.en.md"
    assert published(session, MAIL, now, CATALOG, name).base_sha256 == ""
    with pytest.raises(Conflict, match="no file to go back to"):
        roll_back(session, name, to_number=None, verdict=None, catalog=CATALOG, agent_id=1, now=now)
