"""What people type becomes clauses; nothing of it is an error."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.insight.query import Clause, chunks, parse

BERLIN = ZoneInfo("Europe/Berlin")


def clauses(text: str, *, typing: bool = False) -> list[Clause]:
    return parse(text, UTC, typing=typing).clauses


def of(*terms: str, begins: bool = False, is_not: bool = False) -> Clause:
    return Clause(terms, begins, is_not)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Refund Élise", [of("refund"), of("elise")]),
        ('"where is my"', [of("where", "is", "my")]),
        ("“where is”", [of("where", "is")]),
        ('-dhl -"not yet"', [of("dhl", is_not=True), of("not", "yet", is_not=True)]),
        ("deliv*", [of("deliv", begins=True)]),
        ("d*", [of("d")]),
        ("物流信息", [of("物流", "流信", "信息")]),
        ("退", [of("退", begins=True)]),
        ("订单1001号", [of("订单", "单", "1001", "号", begins=True)]),
        ("AB-1001", [of("ab", "1001")]),
        ("#1001", [of("1001")]),
        ("<Ana@Shop.test>", [of("ana@shop.test")]),
        ("from:Ana to:shop.test", [of("f:ana"), of("t:shop", "t:test")]),
        ("from：ana", [of("f:ana")]),
        ('subject:"my order"', [of("s:my", "s:order")]),
        ("lang:DE intent:refund", [of("l:de"), of("i:refund")]),
        ("is:ours -is:theirs", [of("d:out"), of("d:in", is_not=True)]),
        ("AND OR NOT NEAR(a, 5)", [of("and"), of("or"), of("not"), of("near", "a"), of("5")]),
        ("foo:bar", [of("foo", "bar")]),
        ("!!! ** - \" ' ; ) ^ :", []),
        ('a" OR 1=1 --', [of("a"), of("or", "1", "1")]),
    ],
)
def test_clauses(text: str, found: list[Clause]) -> None:
    assert clauses(text) == found


def test_the_last_word_is_a_beginning_while_one_types() -> None:
    assert clauses("my ord", typing=True) == [of("my"), of("ord", begins=True)]
    assert clauses("my ord ", typing=True) == [of("my"), of("ord")]
    assert clauses('"my ord', typing=True) == [of("my", "ord", begins=True)]
    assert clauses('"my ord"', typing=True) == [of("my", "ord")]
    assert clauses("ana@sh", typing=True) == [of("ana@sh", begins=True)]


def test_states_days_and_orders() -> None:
    query = parse("is:open after:2026-11-02 before:24.12.2026 order:#1001", BERLIN)
    assert (query.states, query.orders) == ({"open"}, ["#1001"])
    assert query.since == datetime(2026, 11, 1, 23, tzinfo=UTC)
    assert query.until == datetime(2026, 12, 23, 23, tzinfo=UTC)
    assert parse("-is:closed", UTC).states == {"open", "waiting"}
    assert parse("is:open is:closed", UTC).states == set()
    assert parse("after:2026-11", UTC).since == datetime(2026, 11, 1, tzinfo=UTC)


def test_what_cannot_be_read_is_told_and_left_out() -> None:
    query = parse("after:yesterday is:late before:2026-13-40 -order:1 after:9999-12-31 x", UTC)
    assert [kind for kind, _ in query.unread] == ["date", "state", "date", "order", "date"]
    assert query.clauses == [of("x")]


def test_chunks_give_back_what_was_typed() -> None:
    assert chunks('is:open "a b" from:ana x:y') == [("is", "is:open"), ("", '"a b"'), ("from", "from:ana"), ("", "x:y")]


@given(st.text(), st.booleans())
def test_nothing_is_an_error(text: str, typing: bool) -> None:
    query = parse(text, BERLIN, typing=typing)
    chunks(text)
    assert all(clause.terms and all(clause.terms) for clause in query.clauses)
    assert not any(sign in term for clause in query.clauses for term in clause.terms for sign in " \"'\\\x00")
