"""What holds where the file and the published text both changed is said by a person."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from mailer.errors import Conflict
from mailer.rendering.catalog import Catalog
from mailer.rendering.revision import own_draft, published_revision
from mailer.rendering.standing import gone_apart, history, settle, standing
from tests import build
from tests.rendering.revisions import NAME, published, templates_in


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return templates_in(tmp_path)


def apart(session: Session, catalog: Catalog, now: datetime) -> str:
    """The published text has one more line at its end, the file at its head; the file's hash."""
    file = catalog.text(NAME)
    published(session, file + "Ours.\n", now, catalog)
    assert not standing(session, catalog, NAME).both_changed
    changed = file.replace("+++\n", '+++\nbefore = "Look."\n', 1)
    (catalog.directory / NAME).write_text(changed, encoding="utf-8")
    return standing(session, catalog, NAME).file_sha256


def test_both_changed_is_told_with_three_columns(session: Session, now: datetime, catalog: Catalog) -> None:
    apart(session, catalog, now)
    found = standing(session, catalog, NAME)
    assert found.both_changed
    assert {"file", "published", "same"} == {block.kind for block in found.columns}
    assert found.merged is not None
    assert 'before = "Look."' in found.merged
    assert found.merged.endswith("Ours.\n")
    assert [one.name for one in gone_apart(session, catalog)] == [NAME]


def test_the_published_text_is_kept(session: Session, now: datetime, catalog: Catalog) -> None:
    file = apart(session, catalog, now)
    person = build.agent(session, now)
    with pytest.raises(Conflict):
        settle(session, NAME, "published", catalog=catalog, file_sha256="0", agent_id=person, now=now)
    settle(session, NAME, "published", catalog=catalog, file_sha256=file, agent_id=person, now=now)
    found = standing(session, catalog, NAME)
    assert not found.both_changed
    assert found.text.endswith("Ours.\n")


def test_the_file_is_kept(session: Session, now: datetime, catalog: Catalog) -> None:
    file = apart(session, catalog, now)
    settle(session, NAME, "file", catalog=catalog, file_sha256=file, agent_id=build.agent(session, now), now=now)
    assert published_revision(session, NAME) is None
    assert standing(session, catalog, NAME).sha256 == file
    assert [(one.author, one.retirer) for one in history(session, NAME)] == [("maria", "maria")]


def test_a_text_of_ones_own_becomes_a_draft_upon_the_new_file(
    session: Session, now: datetime, catalog: Catalog
) -> None:
    file = apart(session, catalog, now)
    person = build.agent(session, now)
    settle(session, NAME, "own", catalog=catalog, file_sha256=file, agent_id=person, now=now, text="mine")
    draft = own_draft(session, NAME, person)
    assert draft is not None
    assert (draft.text, draft.base_sha256) == ("mine", file)
    assert standing(session, catalog, NAME).both_changed


def test_nothing_published_stands_as_its_file(session: Session, catalog: Catalog) -> None:
    found = standing(session, catalog, NAME)
    assert (found.text, found.columns, found.file_changed) == (catalog.text(NAME), [], False)
    assert standing(session, catalog, "replies/none_such.en.md").is_new
