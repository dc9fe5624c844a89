"""Marks around what a template prints: exact places, and the same text without them."""

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.context import flatten
from mailer.rendering.marked import Mark, moved, of_stored, read, with_mark
from mailer.rendering.page import Page
from mailer.rendering.render import compose_reply, facts_in
from mailer.rendering.trial import tries
from tests.build import TEMPLATES

CATALOG = Catalog(TEMPLATES)
NAMES = [name for name in CATALOG.names() if name.endswith((".en.md", ".ja.md")) and "/" in name]


def test_marks_are_read_and_taken_out() -> None:
    text, marks = read(
        f"Order {with_mark('#1', ['order.number'])} of {with_mark('May', ['a', 'b'])}.{with_mark('', ['c'])}"
    )
    assert text == "Order #1 of May."
    assert [(text[one.start : one.end], one.paths) for one in marks] == [("#1", ("order.number",)), ("May", ("a", "b"))]
    assert of_stored([one.stored() for one in marks]) == marks


def test_of_marks_within_marks_the_outer_one_counts() -> None:
    text, marks = read(with_mark(f"a {with_mark('b', ['inner'])} c", ["outer"]))
    assert (text, marks) == ("a b c", [Mark(0, 5, ("outer",))])


def test_a_mark_without_its_beginning_harms_nothing() -> None:
    assert read("a\ue001b\ue001c")[0] != ""


@pytest.mark.parametrize("name", NAMES)
def test_a_text_with_marks_reads_the_same_without_them(name: str) -> None:
    template = CATALOG.read(name)
    plain, marking = (Page(CATALOG, template, [template.locale], {}, "main", marking=one) for one in (False, True))
    needed = {path for part in plain.parts for path in flatten(part.needs)}
    for facts in list(tries(plain.sampled(), needed))[:12]:
        plain.know(facts)
        marking.know(facts)
        assert read(marking.fill())[0] == plain.fill()


def test_each_fact_is_found_where_it_is_printed() -> None:
    facts: dict[str, object] = {
        "order.number": "#1001",
        "order.state": "in_transit",
        "order.placed_on": "2026-11-02",
        "promise.by": "2026-11-24",
        "promise.hours": 48,
        "parcels.0.number": "AB1",
        "parcels.1.number": "AB1",
        "parcels.0.carrier": "DHL",
        "parcels.1.state": "delivered",
        "shop.name": "Linen & Co",
    }
    text = compose_reply(CATALOG, ["order_status"], ["en"], facts).text
    marks = facts_in(CATALOG, ["order_status"], ["en"], facts, "main", text)
    told = {one.paths[0]: text[one.start : one.end] for one in marks}
    assert told["order.number"] == "#1001"
    assert told["order.placed_on"] == "Monday, November 2, 2026"
    assert (told["parcels.0.number"], told["parcels.1.number"], told["parcels.0.carrier"]) == ("AB1", "AB1", "DHL")
    assert facts_in(CATALOG, ["order_status"], ["en"], facts, "main", "another text") == []


def test_marks_move_with_their_words_and_go_with_them() -> None:
    before = "Your order #1001 comes on Monday."
    marks = [Mark(11, 16, ("order.number",)), Mark(26, 32, ("day",))]
    after = "Hello! Your order #1001 comes on Friday."
    kept = moved(marks, before, after)
    assert [(after[one.start : one.end], one.paths) for one in kept] == [("#1001", ("order.number",))]
    assert moved(marks, before, before) == marks
    assert moved(marks, before, "") == []
