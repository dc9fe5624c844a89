"""A new template begins as a draft that reads well enough to be written on."""

from datetime import datetime

import pytest
from sqlmodel import Session

from mailer.errors import Conflict, InputError
from mailer.rendering.begin import begin_locale, begin_template, skeleton
from mailer.rendering.catalog import Catalog
from mailer.rendering.critique import examine
from mailer.rendering.names import made_name, parse_name
from mailer.rendering.revision import own_draft
from mailer.rendering.show import About, show
from tests import build
from tests.rendering.revisions import drafted

CATALOG = Catalog(build.TEMPLATES)


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        *(("replies", "reply"), ("replies", "acknowledgement"), ("blocks", "")),
        *(("lifecycle", "transactional"), ("lifecycle", "feedback"), ("lifecycle", "marketing")),
    ],
)
def test_a_skeleton_can_be_shown_and_has_no_mistakes(use: str, kind: str) -> None:
    name = made_name(use, "brand_new", "en")
    catalog = CATALOG.with_text(name.path, skeleton(name, kind))
    assert [one.told for one in examine(catalog, name.path, skeleton(name, kind)) if one.is_mistake] == []
    if use != "blocks":
        assert "here" in show(catalog, name.path, About()).text


def test_a_kind_that_it_cannot_have_is_refused() -> None:
    with pytest.raises(InputError, match="its kind is one of"):
        skeleton(made_name("replies", "a", "en"), "marketing")
    with pytest.raises(InputError):
        skeleton(parse_name("kit.html"))


def test_a_copy_speaks_through_the_blocks_of_its_language(session: Session, now: datetime) -> None:
    person = build.agent(session, now)
    name = made_name("replies", "brand_new", "de")
    like = "replies/order_status.en.md"
    draft = begin_template(session, name, like=like, catalog=CATALOG, agent_id=person, now=now)
    assert ".en.md" not in draft.text
    again = begin_template(session, name, like=like, catalog=CATALOG, agent_id=person, now=now)
    assert again.id == draft.id
    with pytest.raises(Conflict, match="exists already"):
        begin_template(session, parse_name(like), kind="reply", catalog=CATALOG, agent_id=person, now=now)


def test_a_new_language_begins_with_the_words_that_its_customers_get(session: Session, now: datetime) -> None:
    person = build.agent(session, now)
    draft = begin_locale(session, "replies/order_status.en.md", "de-AT", catalog=CATALOG, agent_id=person, now=now)
    assert draft.name == "replies/order_status.de-AT.md"
    assert draft.base_sha256 == ""
    german = CATALOG.text("replies/order_status.de.md")
    assert draft.text == german.replace(".de.md", ".de-AT.md")
    begin_locale(session, "lifecycle/shipping_notice.en.html", "pt", catalog=CATALOG, agent_id=person, now=now)
    assert own_draft(session, "lifecycle/shipping_notice.pt.html", person) is not None
    for path, locale in (("kit.html", "pt"), ("replies/order_status.en.md", "../x")):
        with pytest.raises(InputError):
            begin_locale(session, path, locale, catalog=CATALOG, agent_id=person, now=now)
    with pytest.raises(Conflict):
        begin_locale(session, "replies/order_status.en.md", "de", catalog=CATALOG, agent_id=person, now=now)
    assert drafted(session, "x", now, CATALOG).id != draft.id
