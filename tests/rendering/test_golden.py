"""What customers read, in every language and state, is what people read and agreed to; see golden.py."""

import re
from pathlib import Path

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.check import SHIPPED
from mailer.rendering.context import flatten
from mailer.rendering.page import Page
from mailer.rendering.render import MissingFacts, render_named, to_html
from mailer.rendering.tone import lint
from tests.build import TEMPLATES
from tests.rendering.golden import GOLDEN, golden, mails, place
from tests.rendering.states import STATES, states

CATALOG = Catalog(TEMPLATES)
NAMES = list(CATALOG.names())
KEYS = sorted({Path(name).name.split(".")[0] for name in NAMES})
# What only programs say.
NEVER = re.compile(
    r"None|True\b|False\b|\{\{|\{%|\{#|_[a-z]+_|\b(?:in_transit|not_shipped|one_fee|window_over)\b"
    r"| \n|\n\n\n|\.\.| \.|,,|\(\)|<>|\d{4}-\d\d-\d\d"
)
NEUTRAL = ("order_unknown", "confirm_sender")


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_reads_as_agreed(name: str) -> None:
    """A text that is wanted otherwise: `make golden`, read the difference, commit it."""
    path = place(name)
    assert path.is_file(), f"{path.name} is not there: run `make golden`, and read it"
    assert golden(CATALOG, name) == path.read_text(encoding="utf-8")


def test_each_agreed_text_has_its_template() -> None:
    assert set(GOLDEN.glob("??/*.txt")) == {place(name) for name in NAMES}


def test_each_mail_is_there_in_every_language() -> None:
    files = {*NAMES, *CATALOG.blocks()}
    keys = {name.rsplit(".", 2)[0] for name in files}
    assert {f"{key}.{locale}.md" for key in keys for locale in SHIPPED} - files == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_text_holds_what_only_programs_say(name: str) -> None:
    for state, mail in mails(CATALOG, name):
        found = NEVER.search(re.sub(r"<https://\S+>", "link", mail.text))
        assert found is None, f"{state}: {found[0]!r} in\n{mail.text}"
        assert "<p>" in to_html(mail.text)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_sounds_wrong(name: str) -> None:
    locale = name.rsplit(".", 2)[1]
    assert {state: found for state, mail in mails(CATALOG, name) if (found := lint(mail.text, locale))} == {}


@pytest.mark.parametrize("name", NAMES)
def test_each_needed_fact_is_named_when_it_is_missing(name: str) -> None:
    template = CATALOG.read(name)
    key = Path(name).name.split(".")[0]
    facts = next(facts for state, facts in states(CATALOG, template) if state == "delivered")
    frame = CATALOG.find("blocks/frame", [template.locale])
    parts = [part for one in (template, frame) for part in Page(CATALOG, one, [], {}, "main").parts]
    needs = {path for part in parts for path in flatten(part.needs)}
    assert "shop.name" in needs
    for path in needs:
        with pytest.raises(MissingFacts) as raised:
            render_named(CATALOG, key, [template.locale], {**facts, path: None})
        (said,) = raised.value.missing
        assert said.startswith(f"{path}: ")
        assert len(said) > len(path) + 10


@pytest.mark.parametrize("locale", SHIPPED)
@pytest.mark.parametrize("key", NEUTRAL)
def test_the_neutral_reply_names_nothing_of_an_order(key: str, locale: str) -> None:
    known = {path: value for path, value in STATES["delivered"].items() if not path.startswith("customer.")}
    nothing = {path: value for path, value in STATES["none"].items() if path.startswith(("shop.", "agent."))}
    assert render_named(CATALOG, key, [locale], known).text == render_named(CATALOG, key, [locale], nothing).text
    for word in ("#1001", "Linen shirt", "Lagerweg", "DHL", "JD014"):
        assert word not in render_named(CATALOG, key, [locale], STATES["delivered"]).text


@pytest.mark.parametrize("key", KEYS)
def test_a_mail_says_the_same_in_every_language(key: str) -> None:
    """The same states make a difference, and the agent is told the same."""
    told = {
        locale: {
            state: (mail.before, mail.holding, mail.asks)
            for state, mail in mails(CATALOG, f"replies/{key}.{locale}.md")
        }
        for locale in SHIPPED
    }
    for locale in SHIPPED:
        both = told["en"].keys() & told[locale].keys()
        assert {state: told[locale][state] for state in both} == {state: told["en"][state] for state in both}
        # Formal and informal is no difference in English; an English name may be one elsewhere.
        missing = {state for state in told["en"].keys() - told[locale].keys() if not state.startswith("little_known")}
        assert missing == set(), f"{locale} says in these states what it says in others"
