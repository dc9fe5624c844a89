"""No input, however it was made, keeps the labelling of lines busy."""

from time import thread_time

import pytest

from mailer.inbound.quote import label
from mailer.inbound.quote_html import mark_quotes
from tests.inbound.quote_attacks import htmls, texts

# Twenty times the aim in CPU time, as build machines are slow; benchmarks/reply_attack.py tells the figure.
LIMIT = 1.0


def test_the_list_is_long() -> None:
    assert len(list(texts())) >= 200


@pytest.mark.parametrize(("name", "text"), list(texts()), ids=[name for name, _ in texts()])
def test_crafted_text_takes_no_long_time(name: str, text: str) -> None:
    start = thread_time()
    labelled = label(text)
    assert thread_time() - start < LIMIT, name
    assert "\n".join(line for _, line in labelled.lines) == text


@pytest.mark.parametrize(("name", "html"), list(htmls()), ids=[name for name, _ in htmls()])
def test_crafted_html_takes_no_long_time(name: str, html: str) -> None:
    start = thread_time()
    marked = mark_quotes(html)
    label(marked, marked=True)
    assert thread_time() - start < LIMIT, name
