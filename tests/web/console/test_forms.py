"""What browsers send, as tables of cases."""

import pytest

from mailer.web.console.forms import local_path, plain_text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\0b\x1b[31m\x07", "ab[31m"),
        ("tab\there", "tab\there"),
        ("日本語 éà", "日本語 éà"),
        ("", ""),
    ],
)
def test_a_text_has_our_line_ends_and_no_control_characters(typed: str, kept: str) -> None:
    assert plain_text(typed) == kept


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/queue?tab=closed", "/queue?tab=closed"),
        ("/conversations/3", "/conversations/3"),
        ("", "/queue"),
        ("queue", "/queue"),
        ("//evil.test", "/queue"),
        ("/\\evil.test", "/queue"),
        ("/\t/evil.test", "/queue"),
        ("https://evil.test/queue", "/queue"),
        ("javascript:alert(1)", "/queue"),
        ("/\r\nset-cookie: a=b", "/queue"),
    ],
)
def test_a_sign_in_leads_nowhere_else(address: str, place: str) -> None:
    assert local_path(address) == place
