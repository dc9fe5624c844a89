"""What a mail server's refusal means, and how long we leave it in peace after that. Pure.

Providers count: Gmail locks out who comes too often (FAILURES, A22), Microsoft and others lock an account whose
password is wrong too often (A24).
"""

from enum import StrEnum

MOST_REFUSALS = 5

_TOO_MUCH = (
    "too many simultaneous",
    "too many connections",
    "system error",
    "bandwidth limit",
    "rate limit",
    "throttl",
    "[limit]",
    "[overquota]",
    "account is temporarily",
)
_NOT_NOW = ("[unavailable]", "[serverbug]", "[inuse]", "[contactadmin]", "temporary", "try again", "not connected")
_TOKEN_IS_OVER = ("accesstokenexpired", "token expired", "token has expired", "session invalidated")


class Why(StrEnum):
    """Why a server did not serve us."""

    ORDINARY = "ordinary"  # a line cut, a time-out, an error: soon again
    BUSY = "busy"  # it says that we come too often
    REFUSED = "refused"  # it does not know our password or token
    EXPIRED = "expired"  # the access token is over; a fresh one will do
    FOLDER = "folder"  # there is no such folder


def why(words: str, *, at_login: bool) -> Why:
    """What these words of a server mean."""
    said = words.lower()
    if any(sign in said for sign in _TOKEN_IS_OVER):
        return Why.EXPIRED
    if any(sign in said for sign in _TOO_MUCH):
        return Why.BUSY
    if at_login and not any(sign in said for sign in _NOT_NOW):
        return Why.REFUSED
    return Why.ORDINARY


def pause(reason: Why, failures: int) -> float | None:
    """Seconds until the next try after so many failures in a row; None: not again before a person acted."""
    match reason:
        case Why.BUSY:
            return min(3600.0, 900.0 * 2.0 ** (failures - 1))
        case Why.REFUSED if failures >= MOST_REFUSALS:
            return None
        case Why.REFUSED:
            return min(3600.0, 60.0 * 4.0 ** (failures - 1))
        case Why.EXPIRED if failures == 1:
            return 0.0
        case Why.FOLDER:
            return min(60.0, 2.0 * 2.0 ** min(failures, 10))
        case _:
            return min(15.0, 0.5 * 2.0 ** min(failures, 10))


def retry_fetch_after(tries: int) -> float:
    """Seconds until the server is asked again for a mail that it did not give up."""
    return (60.0, 300.0, 1800.0, 7200.0, 21_600.0)[min(tries, 5) - 1] if tries <= 5 else 86_400.0
