"""How texts name files, and what becomes of it: pure rules as tables."""

import pytest

from mailer.errors import InputError
from mailer.rendering.attachment import (
    Attachment,
    Enclosed,
    attachment_mistakes,
    drawn,
    enclosed_in,
    file_name,
    is_file_name,
    names,
    placed,
    refuse_unfit,
    said_plainly,
    within,
)

A, B = "a" * 64, "b" * 64
AT = "https://care.shop.example"
TITLES = {"en": "Size chart", "de": "Größentabelle"}
FILES = {A: Attachment(A, 60, TITLES, AT, b"one"), B: Attachment(B, 50, {"en": "Terms"}, AT, b"two")}
TEXT = f"See [Size chart](attached:{A}/size-chart.pdf)."
LINK = f"See [Größe](linked:{A}/größe.pdf)."
HTML = f'<p><a href="attached:{A}/size-chart.pdf">Size &amp; <b>chart</b></a></p>'


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Size chart (2026).PDF", "Size-chart-2026.pdf"),
        ("größen tabelle.pdf", "größen-tabelle.pdf"),
        ("尺码表.pdf", "尺码表.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\files\\a.pdf", "a.pdf"),
        ('x";\r\nBcc: a.pdf', "x-Bcc-a.pdf"),
        ("exe\u202efdp.pdf", "exe-fdp.pdf"),
        ("---.pdf", ""),
        ("", ""),
        ("x" * 300, "x" * 80 + ".pdf"),
    ],
)
def test_what_a_file_is_called(given: str, name: str) -> None:
    assert file_name(given) == name
    assert is_file_name(name) is bool(name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, [Enclosed("attached", A, "size-chart.pdf", "Size chart", 60)]),
        (LINK, [Enclosed("linked", A, "größe.pdf", "Größe", 60)]),
        (HTML, [Enclosed("attached", A, "size-chart.pdf", "Size & chart", 60)]),
        (TEXT + TEXT, [Enclosed("attached", A, "size-chart.pdf", "Size chart", 60)]),
        (f"[x](attached:{A}/x.exe) [y](attached:{A[:9]}/y.pdf)", []),
        (f"[x](attached:{A}/../x.pdf) [y](attached:{A}/y.pdf.exe)", []),
    ],
)
def test_what_a_mail_carries(text: str, found: list[Enclosed]) -> None:
    assert enclosed_in(text, FILES) == found
    assert names(text) == {(one.sha256, one.name) for one in found}


def test_bytes_go_only_with_what_is_attached() -> None:
    assert within(TEXT + LINK, FILES) == [("size-chart.pdf", b"one")]


@pytest.mark.parametrize(
    ("text", "plain", "html"),
    [
        (TEXT, "See Size chart (size-chart.pdf).", "See Size chart (size-chart.pdf)."),
        (
            LINK,
            f"See Größe <{AT}/files/{A}/gr%C3%B6%C3%9Fe.pdf>.",
            f'See <a href="{AT}/files/{A}/gr%C3%B6%C3%9Fe.pdf">Größe</a>.',
        ),
        (f"[x](linked:{'c' * 64}/x.pdf)", f"[x](linked:{'c' * 64}/x.pdf)", f"[x](linked:{'c' * 64}/x.pdf)"),
    ],
)
def test_how_an_answer_says_it(text: str, plain: str, html: str) -> None:
    assert said_plainly(text, FILES) == plain
    assert drawn(text, FILES) == html


def test_how_the_mail_of_a_flow_says_it() -> None:
    assert placed(HTML, FILES) == "<p>Size &amp; <b>chart</b> (size-chart.pdf)</p>"
    styled = f'<a class="button" style="color: red" href="linked:{A}/s.pdf" title="x">Size chart</a>'
    link = f'<a class="button" style="color: red" href="{AT}/files/{A}/s.pdf" title="x">Size chart</a>'
    assert placed(styled, FILES) == link


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"[x](attached:{'c' * 64}/x.pdf)", "the file x.pdf is not there"),
        (f"look at attached:{A}/x.pdf", "write a file as"),
        (f"{TEXT} [Terms](attached:{B}/t.pdf)", "110 bytes together; at most 100"),
    ],
)
def test_what_cannot_be_sent(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        refuse_unfit("reply", text, FILES, 100)


def test_what_is_linked_to_weighs_nothing() -> None:
    refuse_unfit("reply", f"{TEXT} [Terms](linked:{B}/t.pdf)", FILES, 100)


@pytest.mark.parametrize(
    ("name", "locale", "text", "told"),
    [
        ("replies/x.en.md", "en", TEXT, []),
        ("replies/x.de.md", "de", f"\n\n{TEXT}", [(3, "say in words (de) what size-chart.pdf is")]),
        ("replies/x.de.md", "de", f"[Größentabelle](attached:{A}/a.pdf)", []),
        ("replies/x.de-AT.md", "de-AT", f"[Größentabelle](attached:{A}/a.pdf)", []),
        ("replies/x.de.md", "de", f"[Maße](attached:{A}/a.pdf)", []),
        ("replies/x.en.md", "en", f"[ ](attached:{A}/a.pdf)", [(1, "say what a.pdf is")]),
        ("lifecycle/x.en.html", "en", f'<a href="linked:{A}/a.pdf"><b></b></a>', [(1, "say what a.pdf is")]),
        ("lifecycle/x.en.html", "en", f"<a href='linked:{A}/a.pdf'>x</a>", [(1, "write a file as <a href=")]),
        ("lifecycle/x.en.html", "en", TEXT, [(1, "write a file as <a href=")]),
        ("replies/x.en.md", "en", HTML, [(1, "write a file as [Size chart]")]),
        ("replies/x.en.md", "en", f"[x](attached:{'c' * 64}/x.pdf)", [(1, "the file x.pdf is not there")]),
        ("replies/x.en.md", "en", f"{TEXT}[Terms](attached:{B}/t.pdf)", [(0, "110 bytes together")]),
    ],
)
def test_what_is_told_of_a_template(name: str, locale: str, text: str, told: list[tuple[int, str]]) -> None:
    found = list(attachment_mistakes(text, name, locale, FILES, 100))
    assert [line for line, _ in found] == [line for line, _ in told], found
    assert all(words in said for (_, said), (_, words) in zip(found, told, strict=True)), found


def test_a_link_needs_the_public_listener() -> None:
    files = {A: Attachment(A, 60, TITLES)}
    ((_, words),) = attachment_mistakes(LINK, "replies/x.en.md", "en", files, 100)
    assert "[web] public_url" in words
