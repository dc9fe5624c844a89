"""A PDF at the door: let in when it only shows something, refused in words when it acts, and nobody's death."""

from collections.abc import Callable

import pytest

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.rendering.pdf import SECONDS, read_pdf
from tests.rendering.pdfs import BOMBS, GOOD, HOSTILE, pdf

MOST = 10_000_000


@pytest.mark.parametrize("name", GOOD)
def test_what_only_shows_something_is_let_in_as_it_is(name: str) -> None:
    found = read_pdf(GOOD[name], MOST)
    assert (found.data, found.pages) == (GOOD[name], 1)


@pytest.mark.parametrize(("data", "words"), HOSTILE.values(), ids=HOSTILE)
def test_what_acts_or_is_no_pdf_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_pdf(data, MOST)


@pytest.mark.parametrize(("make", "words"), BOMBS.values(), ids=BOMBS)
def test_what_is_too_much_ends_in_its_child_within_the_limit(make: Callable[[], bytes], words: str) -> None:
    data = make()
    start = monotonic()
    with pytest.raises(InputError, match=words):
        read_pdf(data, MOST)
    # Its limit counts work; a busy machine may take five times as long, and starts the child besides.
    assert monotonic() - start < SECONDS * 5 + 30


def test_a_file_that_is_too_large_is_not_read_at_all() -> None:
    with pytest.raises(InputError, match="at most 100 are kept"):
        read_pdf(pdf(), 100)
