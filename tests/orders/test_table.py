"""What spreadsheets do to CSV is undone."""

import io

import pytest

from mailer.errors import InputError
from mailer.orders.source import BadOrder
from mailer.orders.table import Line, by_order, first, header_of, lines_of, newest_of


def lines(text: str | bytes) -> list[tuple[int, dict[str, str]]]:
    file = (
        io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
        if isinstance(text, bytes)
        else io.StringIO(text)
    )
    return [(line.number, dict(line.values)) for line in lines_of(file, ("number", "title"), ("number",))]


@pytest.mark.parametrize(
    "text",
    [
        "number,title\n1,Hat\n",
        "\ufeffNumber , TITLE\n1, Hat \n",
        "number;title\n1;Hat\n",
        "number\ttitle\n1\tHat",
        '"number","title"\n"1","Hat"\n',
        "title,colour,number\nHat,red,1\n",
    ],
)
def test_a_table_is_read_whatever_the_spreadsheet(text: str) -> None:
    assert lines(text) == [(2, {"number": "1", "title": "Hat"})]


def test_a_line_is_known_by_where_it_begins() -> None:
    assert [number for number, _ in lines('number,title\n1,"Hat\nwide"\n2,Shirt\n\n3,Socks\n')] == [2, 4, 6]


def test_short_and_empty_lines_are_no_mistake() -> None:
    assert lines("number,title\n1\n,\n\n") == [(2, {"number": "1"})]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no column names"),
        ("\n1,2\n", "no column names"),
        ("title\nHat\n", "the column number is missing"),
        ("number,number\n1,2\n", "the column number stands there twice"),
        ("number,titel\n1,Hat\n", 'there is no column "titel". Did you mean title?'),
        (b"number,title\n1,H\xfct\n", "save it as CSV UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        lines(text)
    assert problem in str(caught.value)


def test_the_header_is_known_without_case() -> None:
    assert header_of(io.StringIO("Name,Lineitem name\n")) == ["name", "lineitem name"]


def test_lines_of_one_number_come_together_and_those_without_are_told() -> None:
    table = [Line(2, {"n": "#1"}), Line(3, {"n": "2"}), Line(4, {}), Line(5, {"n": "1"})]
    groups = list(by_order(table, "n"))
    assert groups == [BadOrder("", ("line 4: n: missing",)), [table[0], table[3]], [table[1]]]


def test_the_first_line_that_says_something_counts() -> None:
    assert first([Line(2, {}), Line(3, {"a": "x"}), Line(4, {"a": "y"})], "a") == "x"
    assert first([Line(2, {})], "a") == ""


def test_the_newest_time_leaves_out_what_is_none() -> None:
    table = [Line(2, {"a": "2026-11-02T09:00:00Z", "b": "soon"}), Line(3, {"a": "2026-11-02T10:00:00+02:00"})]
    assert newest_of(table, ("a", "b")) == "2026-11-02T09:00:00+00:00"
    assert newest_of(table, ("b",)) is None
