"""Whose fault is it that a mail did not arrive? From what a server said: words first, then the enhanced status.

The first status of a report names the true reason in less than half of all bounces (FAILURES D3), and many servers
put everything under 5.7.1, so words that say something definite win over numbers.
"""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources


class FailureKind(StrEnum):
    """Whose fault it is that a mail did not arrive, and whether the next may arrive."""

    HARD = "hard"  # the address or its domain does not exist or takes no mail any more
    SOFT = "soft"  # not now: mailbox full, server in trouble, given up after long trying
    POLICY = "policy"  # the server refuses this mail or this sender; says nothing of the person
    DELAYED = "delayed"  # not yet, the server goes on trying; no failure


@dataclass(frozen=True)
class BouncedRecipient:
    """One address of a bounce, and what became of its mail (RFC 3464, 2.3; empty where nothing was said)."""

    recipient: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    # A FailureKind; a plain word after its way through the child process.
    kind: str = FailureKind.SOFT


_MAX_WORDS = 4_000
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[ \-#:,]|$)")

_HARD_SUBJECTS = {(1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1), (4, 4)}
_POLICY_SUBJECTS = {(1, 7), (1, 8), (2, 3), (3, 4), (1, 9)}


def failure_kind(action: str, status: str, *words: str) -> FailureKind:
    """The class of what a server said of one recipient: the Action and Status of its report, then texts, best first.

    Never raises. Action and Status are those of RFC 3464 and RFC 3463; both may be empty.
    """
    if action.lower().startswith("delay"):
        return FailureKind.DELAYED
    subject = enhanced(status)
    for text in words:
        flat = " ".join(text[:_MAX_WORDS].lower().split())
        found = _by_words(flat, subject or enhanced(flat))
        if found is not None:
            return found
    for each in (subject, *(enhanced(text[:_MAX_WORDS]) for text in words)):
        if each is not None and (found := _by_status(each)) is not None:
            return found
    return FailureKind.SOFT


def enhanced(text: str) -> tuple[int, int, int] | None:
    """The first enhanced status code (RFC 3463) of a text that says more than its class."""
    codes = [(int(a), int(b), int(c)) for a, b, c in _STATUS.findall(text[:_MAX_WORDS])]
    return next((code for code in codes if code[1:] != (0, 0)), None)


def _by_words(flat: str, status: tuple[int, int, int] | None) -> FailureKind | None:
    temporary = status is not None and status[0] == 4
    order = (
        ("size", FailureKind.POLICY),
        ("full", FailureKind.SOFT),
        ("sender", FailureKind.POLICY),
        ("nobody", FailureKind.SOFT if temporary else FailureKind.HARD),
        ("no_host", FailureKind.SOFT if temporary else FailureKind.HARD),
        ("greylisted", FailureKind.SOFT),
        ("policy", FailureKind.POLICY),
        # What a status says is more than "later" can tell.
        ("later", None if status else FailureKind.SOFT),
    )
    return next((kind for group, kind in order if _says(flat, group)), None)


# A report gives the same explanation for each of its recipients.
@lru_cache(maxsize=64)
def _says(flat: str, group: str) -> bool:
    return any(phrase in flat for phrase in _phrases()[group])


@cache
def _phrases() -> dict[str, list[str]]:
    words: dict[str, list[str]] = tomllib.loads(resources.files("mailer").joinpath("failure.toml").read_text("utf-8"))
    return words


def _by_status(status: tuple[int, int, int]) -> FailureKind | None:
    level, subject = status[0], status[1:]
    if level == 4:
        return FailureKind.POLICY if subject[0] == 7 else FailureKind.SOFT
    if subject in _HARD_SUBJECTS:
        return FailureKind.HARD
    if subject in _POLICY_SUBJECTS or subject[0] in (6, 7):
        return FailureKind.POLICY
    return FailureKind.SOFT if subject != (0, 0) else None
