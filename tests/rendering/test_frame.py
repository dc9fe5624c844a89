"""A mail in a frame: one scheme, no address to fetch, and exactly its own styles let through."""

import re
from base64 import b64encode
from hashlib import sha256

from mailer.rendering.frame import framed_mail, style_hashes

MAIL = (
    '<html><head><meta name="color-scheme" content="light dark"><style>p { margin: 0 }'
    " @media (prefers-color-scheme: dark) { p { color: #fff } }</style></head>"
    '<body><p style="font-family: &quot;A&quot;">x</p><img src="https://cdn.example/a.png" alt="a"></body></html>'
)


def test_the_scheme_is_the_one_that_was_asked_for() -> None:
    assert "@media all" in framed_mail(MAIL, dark=True).html
    assert "@media not all" in framed_mail(MAIL).html
    assert '<meta name="color-scheme" content="dark">' in framed_mail(MAIL, dark=True).html
    assert "light dark" not in framed_mail(MAIL).html


def test_pictures_are_those_that_we_have() -> None:
    shown = framed_mail(MAIL, pictures={"https://cdn.example/a.png": "data:image/png;base64,AA=="}).html
    assert 'src="data:image/png;base64,AA=="' in shown
    assert 'src=""' in framed_mail(MAIL).html


def test_hashes_are_of_what_the_browser_reads() -> None:
    styles = framed_mail(MAIL).styles
    assert "'unsafe-inline'" not in styles
    assert styles.startswith("'unsafe-hashes' 'sha256-")
    own = b64encode(sha256(b'font-family: "A"').digest()).decode()
    assert f"'sha256-{own}'" in styles
    assert len(re.findall("sha256-", styles)) == 2


def test_a_mail_without_styles_lets_none_through() -> None:
    assert style_hashes("<p>x</p>") == ""
