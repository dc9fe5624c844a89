"""What servers say, and how long we leave them in peace: the words of Gmail, Microsoft and Dovecot as cases."""

import pytest

from mailer.inbound.patience import Why, pause, retry_fetch_after, why


@pytest.mark.parametrize(
    ("words", "at_login", "meaning"),
    [
        ("[ALERT] Too many simultaneous connections. (Failure)", True, Why.BUSY),
        ("select failed: System Error (Failure)", False, Why.BUSY),
        ("[OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", False, Why.BUSY),
        ("[THROTTLED] slow down", False, Why.BUSY),
        ("b'[AUTHENTICATIONFAILED] Invalid credentials (Failure)'", True, Why.REFUSED),
        ("b'AUTHENTICATE failed.'", True, Why.REFUSED),
        ("b'LOGIN failed.'", True, Why.REFUSED),
        ("[UNAVAILABLE] Temporary authentication failure.", True, Why.ORDINARY),
        ("User is authenticated but not connected.", True, Why.ORDINARY),
        ("Session invalidated - AccessTokenExpired", False, Why.EXPIRED),
        ("timed out", False, Why.ORDINARY),
        ("BAD User is authenticated but not connected.", False, Why.ORDINARY),
        ("", False, Why.ORDINARY),
    ],
)
def test_a_servers_words_have_a_meaning(words: str, at_login: bool, meaning: Why) -> None:
    assert why(words, at_login=at_login) is meaning


@pytest.mark.parametrize(
    ("reason", "pauses"),
    [
        (Why.ORDINARY, [1, 2, 4, 8, 15, 15, 15]),
        (Why.BUSY, [900, 1800, 3600, 3600]),
        (Why.REFUSED, [60, 240, 960, 3600, None, None]),
        (Why.EXPIRED, [0, 2, 4]),
        (Why.FOLDER, [4, 8, 16, 32, 60, 60]),
    ],
)
def test_each_failure_is_followed_by_a_longer_pause_until_the_end(reason: Why, pauses: list[float | None]) -> None:
    assert [pause(reason, failures) for failures in range(1, len(pauses) + 1)] == pauses


def test_a_mail_that_is_not_given_is_asked_for_less_and_less_but_never_forgotten() -> None:
    waits = [retry_fetch_after(tries) for tries in range(1, 9)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (60.0, 86_400.0)
