"""What customers read in the mails of flows is what people read and agreed to; see golden_lifecycle.py."""

import re
from pathlib import Path

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.check import SHIPPED
from mailer.rendering.check_lifecycle import broken_html, check_lifecycle
from mailer.rendering.tone import lint
from tests.build import TEMPLATES
from tests.rendering.golden_lifecycle import GOLDEN, WHOLE, golden, mails, page, place, whole
from tests.rendering.test_golden import NEVER

CATALOG = Catalog(TEMPLATES)
NAMES = list(CATALOG.lifecycle())
KEYS = sorted({Path(name).name.split(".")[0] for name in NAMES})


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_reads_as_agreed(name: str) -> None:
    """A text that is wanted otherwise: `make golden`, read the difference, commit it."""
    assert place(name).is_file(), f"{place(name).name} is not there: run `make golden`, and read it"
    assert golden(CATALOG, name) == place(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("stem", WHOLE)
def test_the_html_of_some_is_as_agreed(stem: str) -> None:
    assert page(CATALOG, stem) == whole(stem).read_text(encoding="utf-8")


def test_each_agreed_text_has_its_template() -> None:
    assert set(GOLDEN.glob("*.txt")) == {place(name) for name in NAMES}
    assert len(KEYS) == 13
    assert {f"lifecycle/{key}.{locale}.html" for key in KEYS for locale in SHIPPED} == {*NAMES}


def test_the_shipped_mails_have_no_mistakes() -> None:
    assert check_lifecycle(CATALOG) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_state_reads_well(name: str) -> None:
    locale = name.rsplit(".", 2)[1]
    # What names the five stars asks for none of them.
    stars = re.compile(
        "|".join(re.escape(words) for key, words in CATALOG.words(locale)[1].items() if key[-1].isdigit())
    )
    for state, mail in mails(CATALOG, name):
        plain = stars.sub("", re.sub(r"<(?:https|mailto):\S+>", "link", mail.text))
        for words in (mail.subject, mail.preheader, plain):
            found = NEVER.search(words)
            assert found is None, f"{state}: {found[0]!r} in\n{words}"
            assert lint(words, locale) == []
        assert broken_html(mail.html) == []
        assert len(mail.html) < 20_000


@pytest.mark.parametrize("name", NAMES)
def test_the_text_has_every_link_of_the_html(name: str) -> None:
    _, mail = next(mails(CATALOG, name))
    seen = re.sub(r"<a [^>]*aria-hidden[^>]*>", "", mail.html)
    links = {link.replace("&amp;", "&") for link in re.findall(r'<a [^>]*href="([^"]*)"', seen)}
    assert links == set(re.findall(r"<((?:https|mailto):[^>]*)>", mail.text))


@pytest.mark.parametrize("key", KEYS)
def test_a_mail_says_the_same_in_every_language(key: str) -> None:
    states = {
        locale: {state for state, _ in mails(CATALOG, f"lifecycle/{key}.{locale}.html")} - {"informal"}
        for locale in SHIPPED
    }
    assert states == dict.fromkeys(SHIPPED, states["en"])
