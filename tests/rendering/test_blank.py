"""A text with blanks: each fact that it lacks is seen in it, and stops approval until a person wrote it."""

from pathlib import Path

import pytest

from mailer.errors import InputError
from mailer.rendering.blank import Blank
from mailer.rendering.catalog import Catalog
from mailer.rendering.context import flatten
from mailer.rendering.fact import general
from mailer.rendering.known import ALWAYS, KNOWN, SAMPLES
from mailer.rendering.page import Page
from mailer.rendering.render import MissingFacts, compose_reply, facts_in
from mailer.replies.unresolved import gaps
from tests.build import TEMPLATES

CATALOG = Catalog(TEMPLATES)
REPLIES = [name for name in CATALOG.names() if name.startswith("replies/") and CATALOG.read(name).kind == "reply"]
HEAD = """+++
kind = "reply"
opening = "Hello {{ order.number }}."
[needs]
order.number = "#1001"
order.state = "delivered"
order.placed_on = 2026-11-02
shop.refund_days = 5
+++
"""
FRAME = "+++\n+++\n{{ opening }}\n\n{{ answers }}\n\nKind regards\n"


def small(folder: Path, body: str) -> Catalog:
    for name in ("replies", "blocks"):
        (folder / name).mkdir()
    (folder / "blocks" / "frame.en.md").write_text(FRAME, encoding="utf-8")
    (folder / "replies" / "a.en.md").write_text(HEAD + body, encoding="utf-8")
    return Catalog(folder)


def test_what_is_missing_stands_in_its_place_and_what_only_decides_above(tmp_path: Path) -> None:
    body = "{% if order.state == 'delivered' %}It came{% else %}It comes{% endif %}, {{ order.placed_on | day }}."
    catalog = small(tmp_path, body)
    facts = {"shop.refund_days": 5}
    with pytest.raises(MissingFacts):
        compose_reply(catalog, ["a"], ["en"], facts)
    mail = compose_reply(catalog, ["a"], ["en"], facts, with_blanks=True)
    assert mail.text == "Hello [order.number].\n\n[order.state]\n\nIt comes, [order.placed_on].\n\nKind regards\n"
    assert mail.blanks == ("order.number", "order.state", "order.placed_on")
    assert [gap.words for gap in gaps(mail.text)] == ["[order.number]", "[order.state]", "[order.placed_on]"]


def test_a_value_beside_a_blank_is_marked_and_what_holds_a_blank_is_not(tmp_path: Path) -> None:
    catalog = small(tmp_path, "{{ shop.refund_days }} days, {{ order.number + '/' + order.placed_on }}.")
    facts = {"shop.refund_days": 5, "order.state": "delivered", "order.number": "#7"}
    text = compose_reply(catalog, ["a"], ["en"], facts, with_blanks=True).text
    marks = facts_in(catalog, ["a"], ["en"], facts, "main", text)
    assert [text[mark.start : mark.end] for mark in marks] == ["#7", "5"]
    assert [gap.words for gap in gaps(text, marks)] == ["[order.placed_on]"]


def test_a_template_that_reckons_with_what_is_missing_is_not_begun(tmp_path: Path) -> None:
    catalog = small(tmp_path, "{{ shop.refund_days + 1 }} {{ order.number }} {{ order.placed_on | day }}")
    with pytest.raises(InputError, match="numbers only"):
        compose_reply(catalog, ["a"], ["en"], {}, with_blanks=True)


def test_the_blank_of_every_fact_is_seen_as_a_gap() -> None:
    # Whether the shop is formal is always known.
    for path in set(KNOWN) - {"formal"}:
        blank = Blank.of(path.replace("*", "0"))
        assert [gap.words for gap in gaps(f"It is {blank}.")] == [blank], path


@pytest.mark.parametrize("name", [name for name in REPLIES if name.endswith((".en.md", ".zh.md"))])
def test_our_own_templates_begin_without_any_of_what_they_need(name: str) -> None:
    template = CATALOG.read(name)
    key, locale = name.removeprefix("replies/").split(".")[:2]
    samples = Page(CATALOG, template, [locale], {}, "main").sampled()
    always = {path: SAMPLES[path] for path in ALWAYS if path in SAMPLES}
    for state in ("not_shipped", "in_transit", "delivered", "canceled"):
        full = {**samples, **always, **({"order.state": state} if "order.state" in samples else {})}
        needed = {path for part in CATALOG.parts(template, "main") for path in flatten(part.needs)}
        for absent in [*({path} for path in needed), needed]:
            facts = {path: value for path, value in full.items() if path not in absent}
            mail = compose_reply(CATALOG, [key], [locale], facts, with_blanks=True)
            marks = facts_in(CATALOG, [key], [locale], facts, "main", mail.text)
            assert marks or not facts
            shown = {gap.words for gap in gaps(mail.text, marks)}
            assert {Blank.of(path) for path in mail.blanks} == shown
            assert {general(path) for path in mail.blanks} == {general(path) for path in absent - always.keys()}
