"""A mail in a frame: the styles that came with it are named by their hash, and nothing else is let in."""

from base64 import b64encode
from hashlib import sha256

from mailer.web.console.frames import mail_frame, style_hashes


def named(style: str) -> str:
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


def test_attributes_and_elements_are_named_as_a_browser_reads_them() -> None:
    html = '<style>a { color: red }</style><p style="color: &quot;x&quot;">1</p><p STYLE=plain style="second">2'
    told = style_hashes(html)
    assert told.startswith("'unsafe-hashes' ")
    for style in ("a { color: red }", 'color: "x"', "plain"):
        assert named(style) in told
    assert named("second") not in told


def test_a_mail_without_styles_allows_none() -> None:
    assert style_hashes("<p>plain</p>") == ""
    policy = mail_frame("<p>plain</p>").headers["content-security-policy"]
    assert "style-src" not in policy
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox")


def test_the_frame_is_shown_by_us_alone() -> None:
    answer = mail_frame('<p style="color: red">plain</p>')
    assert named("color: red") in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
