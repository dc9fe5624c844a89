"""All that can be said against one template is one list: mistakes first, each with its line."""

from pathlib import Path

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.critique import Remark, examine, head_remarks
from tests.build import TEMPLATES

NOTICE = "lifecycle/shipping_notice.en.html"
REVIEW = "lifecycle/review_invitation.en.html"
ANSWER = "replies/order_status.en.md"


def said(name: str, *changes: tuple[str, str], **more: dict[str, str]) -> list[Remark]:
    """The remarks on a shipped template with these changes."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return examine(Catalog(TEMPLATES).with_text(name, text), name, text, **more)


@pytest.mark.parametrize("name", [NOTICE, REVIEW, ANSWER, "blocks/parcel.en.md", "kit.html", "layout.html"])
def test_nothing_is_wrong_with_what_we_ship(name: str) -> None:
    assert said(name) == []


@pytest.mark.parametrize(
    ("name", "change", "line", "words"),
    [
        (NOTICE, ("<h1>", "<p>{{ order.nubmer }}</p><h1>"), 24, "did you mean order.number?"),
        (NOTICE, ("<h1>", "{% if %}<h1>"), 24, "Expected an expression"),
        (NOTICE, ('kind = "transactional"', "kind = transactional"), 2, "Invalid value"),
        (NOTICE, ("<h1>", "<h1>TODO "), 24, '"TODO" is left over'),
        (NOTICE, ("<h1>", '<img src="https://x.example/a.png"><h1>'), 24, "a picture has no words"),
        (NOTICE, ("<h1>", '<a href="http://x.example">x</a><h1>'), 24, "is not encrypted"),
        (NOTICE, ("{% if shipment.number %}", "{% if true %}"), 0, "it prints a value that is not known here"),
        (NOTICE, ("<h1>", f"<p>{'word ' * 21_000}</p><h1>"), 0, "Gmail hides what is beyond"),
        (NOTICE, ("Your order {{ order.number }} is", "Save 10 %: order {{ order.number }} is"), 4, '"Save"'),
        (REVIEW, ("<h1>", "<h1>Get a gift for your review! "), 21, '"gift'),
        (ANSWER, ('kind = "reply"', 'kind = "letter"'), 2, "kind 'letter' is none of"),
    ],
)
def test_a_mistake_has_its_line(name: str, change: tuple[str, str], line: int, words: str) -> None:
    found = said(name, change)
    assert any(one.is_mistake and words in one.words and (not line or one.line == line) for one in found), found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("<h1>", "<h1>You must wait. "), '"You must"'),
        (("<h1>", '<h1 style="color: #bbbbbb">'), "is hard to read in the light scheme"),
        (
            ('subject = """Your', 'subject = """' + "Good news, and more of it, for everybody: " + "Your"),
            "the subject has",
        ),
    ],
)
def test_a_warning_stops_nobody(change: tuple[str, str], words: str) -> None:
    found = said(NOTICE, change)
    assert any(words in one.words and not one.is_mistake for one in found), found
    assert not any(one.is_mistake for one in found)


def test_what_no_flow_can_know_is_told() -> None:
    found = said(NOTICE, never_told={"order.number": "of no flow", "shipment.url": "of no flow"})
    assert [(one.line, one.is_mistake) for one in found] == [(7, True), (14, False)]


@pytest.mark.parametrize(
    ("subject", "preheader", "words"),
    [
        ("A fine subject", "A fine preheader", ""),
        ("A fine subject", "x" * 111, "the preheader has 111"),
        ("A fine subject", "Short", "the preheader is short"),
        ("The same words", "The same words", "repeats the subject"),
    ],
)
def test_heads_fit_into_lists(subject: str, preheader: str, words: str) -> None:
    found = list(head_remarks(subject, preheader, ""))
    assert bool(found) is bool(words)
    assert all(words in one.words for one in found)


def test_a_language_that_is_missing_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "replies"
    folder.mkdir()
    text = '+++\nkind = "acknowledgement"\n+++\nHello.\n'
    (folder / "x.en.md").write_text(text, encoding="utf-8")
    found = examine(Catalog(tmp_path), "replies/x.en.md", text)
    assert ["there is none in de, zh" in one.words for one in found] == [True]
