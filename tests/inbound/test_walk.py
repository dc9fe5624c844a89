"""Bytes become a tree of parts, whatever their structure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.inbound.walk import MAX_DEPTH, MAX_PARTS, Part, Walker


def shape(part: Part) -> object:
    """The tree as nested lists; a leaf is its body."""
    return [shape(child) for child in part.children] if part.children else part.data


def tree(raw: bytes) -> object:
    return shape(Walker(raw.replace(b"\n", b"\r\n")).walk())


MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", b""),
        (b"Subject: x\n\nhi", b"hi"),
        (b"no header at all", b"no header at all"),
        (b"From ana Mon Nov 22\nSubject: x\n\nhi", b"hi"),
        (MIXED + b"--b\n\na\n--b\n\nb\n--b--\n", [b"a", b"b"]),
        (MIXED + b"preamble\n--b\n\na\n--b--\nepilogue\n--b\n\nlate", [b"a"]),
        (MIXED + b"--b\n\na\n--b  \n\nb\n--b--", [b"a", b"b"]),
        (MIXED + b"--b\n\na\n--bb\n--b--", [b"a\r\n--bb"]),
        (MIXED + b"--b\n\nnever closed", [b"never closed"]),
        (MIXED + b"--b\n\n--b\n\nb", [b"", b"b"]),
        (MIXED + b"no part", b"no part"),
        (b"Content-Type: multipart/mixed\n\n--b\n\nx", b"--b\r\n\r\nx"),
        (MIXED + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\na\n--b\n\nb\n--b--", [[b"a"], b"b"]),
        (MIXED + b"--b\nContent-Type: message/rfc822\n\nSubject: y\n\n--b--", [b"Subject: y\r\n"]),
        (b"Content-Transfer-Encoding: base64\n\naGk", b"hi"),
        (b"Content-Transfer-Encoding: base64\n\na G\nk=!", b"hi"),
        (b"Content-Transfer-Encoding: quoted-printable\n\nh=69=\n!", b"hi!"),
    ],
)
def test_a_mail_is_cut_at_its_boundaries(raw: bytes, expected: object) -> None:
    assert tree(raw) == expected


def test_old_line_ends_are_lines_too() -> None:
    assert Walker(b"Subject: x\r\rhi\r").walk().body == b"hi\n"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_headers_are_unfolded_and_named_in_lower_case(newline: bytes) -> None:
    raw = newline.join([b"SUBJECT: a", b"\tb", b"From : c", b"X-Empty:", b"", b"hi"])
    root = Walker(raw).walk()
    assert (root.header("subject"), root.header("from"), root.header("x-empty"), root.header("to")) == (
        "a b",
        "c",
        "",
        "",
    )


def test_a_broken_line_does_not_end_a_header_that_goes_on() -> None:
    walker = Walker(b"DKIM-Signature: a\r\nbroken fold\r\nFrom: a@b.test\r\nSubject: x\r\n\r\nhi")
    root = walker.walk()
    assert root.header("subject") == "x"
    assert walker.defects == ["a line within the header is no header line"]


def test_every_from_line_is_read_however_many_lines_stand_before_it() -> None:
    root = Walker(b"X: y\r\n" * 600 + b"From: a@b.test\r\nFrom: c@d.test\r\n\r\nhi").walk()
    assert [value for name, value in root.raw_headers if name == "from"] == [b" a@b.test", b" c@d.test"]


@pytest.mark.parametrize(("levels", "refused"), [(MAX_DEPTH - 1, False), (MAX_DEPTH + 1, True), (500, True)])
def test_depth_has_a_bound(levels: int, refused: bool) -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)) + b"\nhi"
    if refused:
        with pytest.raises(InputError, match="levels"):
            Walker(raw).walk()
    else:
        assert Walker(raw).walk().children


@pytest.mark.parametrize(("count", "refused"), [(MAX_PARTS - 1, False), (MAX_PARTS, True), (20_000, True)])
def test_the_number_of_parts_has_a_bound(count: int, refused: bool) -> None:
    raw = MIXED + b"--b\n\nx\n" * count
    if refused:
        with pytest.raises(InputError, match="parts"):
            Walker(raw).walk()
    else:
        assert len(Walker(raw).walk().children) == count


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b\n",
                b"--b--\n",
                b"--c\n",
                b"\n",
                b"x\n",
                MIXED,
                b"\0",
                b"Content-Type: multipart/alternative; boundary=c\n",
                b"--",
            ]
        )
    )
)
def test_any_order_of_pieces_is_a_tree(pieces: list[bytes]) -> None:
    try:
        tree(MIXED + b"".join(pieces))
    except InputError as error:
        assert error.problems
