"""Pages escape what they are given and say times in the shop's zone."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from markupsafe import Markup

from mailer.config import Settings
from mailer.web.languages import Clockwork
from mailer.web.pages import Pages, with_code

PAGES = sorted((Path(__file__).parents[2] / "mailer/web/pages").glob("*.html"))


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 2, 9, 5, tzinfo=UTC), "2 Nov 2026, 09:05"),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "31 Dec 2026, 23:59"),
    ],
)
def test_moments_are_said_without_doubt_of_day_and_month(at: datetime, words: str) -> None:
    assert Clockwork("en").moment(at) == words


def test_a_day_needs_no_time() -> None:
    assert Clockwork("en").day(date(2026, 3, 1)) == "1 Mar 2026"


def test_a_page_escapes_its_values_and_carries_its_status(settings: Settings) -> None:
    page = Pages(settings).render("problem.html", status=409, title="<b>", what="a & b", link=("/queue", "Back"))
    assert page.status_code == 409
    assert b"<h1>&lt;b&gt;</h1>" in page.body
    assert b"Linen &amp; Co" in page.body


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("See whether `mailer run` works, or `mailer check`.",
         "See whether <code>mailer run</code> works, or <code>mailer check</code>."),
        ("said `<img src=x>` and `one", "said <code>&lt;img src=x&gt;</code> and `one"),
        (Markup("<b>run</b> `x`"), "<b>run</b> <code>x</code>"),
        ("no command", "no command"),
    ],
)  # fmt: skip
def test_commands_are_shown_as_code_and_nothing_else_gets_in(words: str, shown: str) -> None:
    assert with_code(words) == shown


def test_a_problem_shows_its_command(settings: Settings) -> None:
    page = Pages(settings).render("problem.html", title="No", what="run `mailer check` <b>", link=("/queue", "Back"))
    assert b"run <code>mailer check</code> &lt;b&gt;" in page.body


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_carries_scripts_styles_or_unescaped_values(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # The bundle is the one script, and it is a file of its own.
    text = text.replace('<script type="module" src="{{ script }}"></script>', "")
    for word in ("<script", "<style", "style=", "onclick", "javascript:", "| safe", "|safe", "autoescape", "http://"):
        assert word not in text, word
    assert "https://" not in text


def test_what_a_row_says_is_neither_html_nor_a_format_when_it_is_said_in_a_language(settings: Settings) -> None:
    environment = Pages(settings)._environment("en", "UTC")
    page = environment.from_string('{{ _(told) }}|{{ _("%(a)s and 100 %%", a=told) }}|{{ _("100 %%") }}')
    assert page.render(told="<b>50 %</b>") == "&lt;b&gt;50 %&lt;/b&gt;|&lt;b&gt;50 %&lt;/b&gt; and 100 %|100 %"
