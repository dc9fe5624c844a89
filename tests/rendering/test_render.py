"""Wishes become one mail; what is missing is named; what people typed stays text; and the HTML. See test_golden.py."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.rendering.catalog import Catalog
from mailer.rendering.check import SHIPPED
from mailer.rendering.page import tidy
from mailer.rendering.render import MissingFacts, compose_reply, render_named, render_reply, to_html
from tests.build import TEMPLATES
from tests.rendering.states import STATES

WORDS = {
    "blocks/frame.en.md": "+++\n[needs]\nshop.name = 'L'\n+++\n"
    "Hello\n\n{{ opening }}\n\n{{ answers }}\n\n{{ shop.name }}\n",
    "blocks/frame.de.md": "+++\n+++\nHallo\n\n{{ opening }}\n\n{{ answers }}\n",
    "blocks/last.en.md": "+++\n[needs]\npromise.by = 2026-11-24\n+++\nBy {{ promise.by | day }}.\n",
    "replies/a.en.md": "+++\nopening = 'Thanks for {{ order.number }}.'\n"
    "before = 'Do A for {{ order.number }}.'\nasks = true\n"
    "[needs]\norder.number = '#1'\n[[optional.items]]\ntitle = 'Shirt'\n+++\nA {{ order.number }}.\n\n"
    "{% for one in items if one.title %}\n- {{ one.title }}\n{% endfor %}\n\n{% include 'blocks/last.en.md' %}\n",
    "replies/b.en.md": "+++\nopening = 'Sorry.'\nbefore = '{% if order.late %}Do B.{% endif %}'\n"
    "holding = '{% if order.late %}yes{% endif %}'\n[needs]\nshop.since = 2012\n[optional]\norder.late = true\n+++\n"
    "B {{ shop.since }}.\n\n{% include 'blocks/last.en.md' %}\n",
    "replies/a.de.md": "+++\nopening = 'Danke.'\n+++\nA auf Deutsch.\n",
    "replies/late.en.md": "+++\nopening = 'Hm.'\n+++\n{{ order.number }}\n",
}
FACTS: dict[str, object] = {
    "shop.name": "Linen & Co",
    "shop.since": 2012,
    "order.number": "#1001",
    "promise.by": "2026-11-24",
    "items.0.title": "Shirt",
    "items.1.title": "Hat",
}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    for name, text in WORDS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Catalog(tmp_path)


def test_one_wish_is_framed_with_its_opening(catalog: Catalog) -> None:
    mail = compose_reply(catalog, ["a"], ["en"], FACTS)
    assert mail.text == (
        "Hello\n\nThanks for #1001.\n\nA #1001.\n\n- Shirt\n- Hat\n\nBy Tuesday, November 24, 2026.\n\nLinen & Co\n"
    )
    assert (mail.template, mail.locale, mail.wanted_locale) == ("replies/a.en.md", "en", None)
    assert (mail.before, mail.holding, mail.asks) == ("Do A for #1001.", False, True)
    assert set(mail.paths) == {"order.number", "items.*.title", "promise.by", "shop.name"}
    assert mail.made_from == {
        name: catalog.sha256(name) for name in ("replies/a.en.md", "blocks/last.en.md", "blocks/frame.en.md")
    }


def test_several_wishes_are_one_mail_in_their_sequence_and_say_nothing_twice(catalog: Catalog) -> None:
    mail = compose_reply(catalog, ["b", "a"], ["en"], {**FACTS, "order.late": True})
    assert mail.text == (
        "Hello\n\nSorry.\n\nB 2012.\n\nBy Tuesday, November 24, 2026.\n\nA #1001.\n\n- Shirt\n- Hat\n\nLinen & Co\n"
    )
    assert (mail.before, mail.holding, mail.asks) == ("Do B.\nDo A for #1001.", True, True)
    assert compose_reply(catalog, ["b"], ["en"], FACTS).holding is False


@pytest.mark.parametrize(
    ("keys", "locales", "locale", "wanted"),
    [
        (["a"], ["de", "en"], "de", None),
        (["a"], ["de-AT", "en"], "de", None),
        (["a", "b"], ["de", "en"], "en", "de"),
        (["b"], ["pt-BR", "de", "en"], "en", "pt-BR"),
        (["a"], ["pt", "de", "en"], "de", "pt"),
        (["a"], ["en"], "en", None),
    ],
)
def test_all_answers_are_in_one_language_and_a_substitute_is_told(
    catalog: Catalog, keys: list[str], locales: list[str], locale: str, wanted: str | None
) -> None:
    mail = compose_reply(catalog, keys, locales, FACTS)
    assert (mail.locale, mail.wanted_locale) == (locale, wanted)


def test_dates_are_those_of_the_customers_country_where_the_words_are_of_its_language(catalog: Catalog) -> None:
    assert "Tuesday, 24 November 2026" in compose_reply(catalog, ["b"], ["en-GB"], FACTS).text.replace(
        "Tuesday 24", "Tuesday, 24"
    )
    assert "Tuesday, November 24, 2026" in compose_reply(catalog, ["b"], ["zz", "en"], FACTS).text


def test_every_missing_fact_of_every_wish_is_named_with_the_place_to_add_it(catalog: Catalog) -> None:
    with pytest.raises(MissingFacts) as raised:
        compose_reply(catalog, ["a", "b"], ["en"], {"shop.since": "", "order.number": None})
    assert [one.split(":")[0] for one in raised.value.missing] == [
        "order.number",
        "promise.by",
        "shop.since",
        "shop.name",
    ]
    assert "shop.since: add `since` under [shop] in config.toml" in raised.value.missing
    assert "templates/replies/a.en.md + templates/replies/b.en.md" in str(raised.value)


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({}, ["list.0.a"]),
        ({"list.0.b": 1}, ["list.0.a"]),
        ({"list.0.a": 1, "list.1.b": 1}, ["list.1.a"]),
        ({"list.0.a": 0, "list.1.a": False}, []),
    ],
)
def test_what_a_list_needs_is_needed_of_each_element(
    tmp_path: Path, facts: dict[str, object], missing: list[str]
) -> None:
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "x.en.md").write_text("+++\n[[needs.list]]\na = 1\n+++\nwords\n")
    try:
        render_reply(Catalog(tmp_path), "x", ["en"], facts)
    except MissingFacts as error:
        assert list(error.paths) == missing
    else:
        assert missing == []


def test_a_fact_that_is_not_declared_cannot_be_read_since_nobody_would_watch_it(catalog: Catalog) -> None:
    with pytest.raises(InputError, match=r"templates/replies/late\.en\.md: line 4: "):
        compose_reply(catalog, ["late"], ["en"], FACTS)


def test_a_storefronts_own_words_and_blocks_come_first(catalog: Catalog) -> None:
    for name, words in (("replies/b", "Nordic {% include 'blocks/last.en.md' %}"), ("blocks/last", "fjord\n")):
        path = catalog.directory / "storefronts" / "nordic" / f"{name}.en.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"+++\nopening = 'Hej.'\n+++\n{words}")
    mail = compose_reply(catalog, ["b", "a"], ["en"], FACTS, "nordic")
    assert "Hej.\n\nNordic fjord\n\nA #1001." in mail.text
    assert set(mail.made_from) == {
        "storefronts/nordic/replies/b.en.md",
        "storefronts/nordic/blocks/last.en.md",
        "replies/a.en.md",
        "blocks/frame.en.md",
    }
    assert "Nordic" not in compose_reply(catalog, ["b"], ["en"], FACTS).text


def test_a_changed_block_changes_what_a_mail_is_made_from(catalog: Catalog) -> None:
    before = compose_reply(catalog, ["a"], ["en"], FACTS).made_from
    path = catalog.directory / "blocks" / "last.en.md"
    path.write_bytes(path.read_bytes().replace(b"By", b"Until").replace(b"\n", b"\r\n"))
    mail = compose_reply(catalog, ["a"], ["en"], FACTS)
    assert {name for name in before if before[name] != mail.made_from[name]} == {"blocks/last.en.md"}
    assert mail.made_from["blocks/last.en.md"] == catalog.sha256("blocks/last.en.md")
    assert "Until Tuesday" in mail.text
    path.unlink()
    assert catalog.sha256("blocks/last.en.md") == ""


EVIL = [
    "{{7*7}}",
    "{{ 7 * 7 }}",
    "{% include 'blocks/last.en.md' %}",
    "{{ ''.__class__ }}",
    "{# gone #}",
    "<b>bold</b>",
    "**bold** _it_ `code`",
    "# head",
    "[click](https://evil.test)",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("typed", EVIL)
@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("order_status", "customer.first_name"),
        ("order_status", "items.0.title"),
        ("order_status", "order.number"),
        ("order_status", "asked.unknown_number"),
        ("stock", "asked.product"),
        ("product_question", "product.details"),
        ("exchange", "asked.size"),
        ("wholesale", "asked.company"),
        ("website_safety", "shop.name"),
    ],
)
def test_what_people_typed_is_neither_run_nor_markup(key: str, path: str, typed: str) -> None:
    """In a name, a number, a product, and in the frame, which is filled with text that was filled before."""
    facts = {**STATES["in_transit"], "asked.unknown_number": "#7", path: typed}
    if path == "asked.product":
        facts = {one: value for one, value in facts.items() if not one.startswith("product.")}
    mail = compose_reply(Catalog(TEMPLATES), [key, "positive_feedback"], ["en"], facts)
    assert typed.replace("<", "").replace(">", "") in mail.text or "://" in typed
    assert "49" not in mail.text
    html = to_html(mail.text)
    for markup in ("<b", "<strong", "<em", "<code", "<h1", 'href="https://evil'):
        assert markup not in html.replace("<br", "").replace("<body", "")


@pytest.mark.parametrize(
    "typed", ["Ana https://evil.test", "www.evil.test", "Ana\r\nBcc: x@evil.test", "http://evil.test/a"]
)
def test_a_web_address_in_a_name_is_not_sent_on(typed: str) -> None:
    """Whoever forges a sender must not choose a link that we write to their victim."""
    mail = compose_reply(
        Catalog(TEMPLATES), ["order_unknown"], ["en"], {"shop.name": "L", "customer.first_name": typed}
    )
    assert "evil.test" not in mail.text or "://" not in typed
    assert "Bcc" not in mail.text.split("\n")[1:]


def test_the_acknowledgement_is_a_whole_mail_in_every_language() -> None:
    for locale in SHIPPED:
        mail = render_named(
            Catalog(TEMPLATES), "acknowledgement", [locale], {"shop.name": "L & Co", "promise.hours": 24}
        )
        assert "24" in mail.text
        assert mail.text.rstrip().endswith("L & Co")
        assert Catalog(TEMPLATES).read(mail.template).subject


@given(st.text())
def test_tidy_text_ends_with_one_line_break_and_has_no_two_blank_lines(text: str) -> None:
    once = tidy(text)
    assert once.endswith("\n")
    assert "\n\n\n" not in once
    assert tidy(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b>bold</b>",
        "[click](https://evil.test)",
        "![i](https://evil.test/i.png)",
        "[click][1]\n\n[1]: https://evil.test",
        "<javascript:alert(1)>",
        "<data:text/html,x>",
        "<vbscript:x>",
        "&lt;script&gt;",
        "`<script>`",
        "    <script>",
        "```\n<script>\n```",
    ],
)
def test_typed_text_never_becomes_markup_or_a_named_link(text: str) -> None:
    html = to_html(f"Hello {text}\n\n{text}\n")
    for markup in ("<script", "<img", "<b>", "href"):
        assert markup not in html


def test_an_address_in_angle_brackets_is_a_link_to_what_it_shows() -> None:
    html = to_html("Follow it: <https://track.example/JD01?a=1&b=2>\n")
    assert '<a href="https://track.example/JD01?a=1&amp;b=2">https://track.example/JD01?a=1&amp;b=2</a>' in html


def test_paragraphs_lists_and_line_breaks_are_kept() -> None:
    html = to_html("Hello\n\n- one\n- two\n\nKind regards\nLinen & Co\n")
    assert "<li>one</li>" in html
    assert "Kind regards<br />\nLinen &amp; Co" in html
