"""What an outcome means for the mails behind it: how many connections, and how long to leave the relay alone.

Connections grow by addition and shrink by halves (AIMD). A relay or an account in trouble rests, longer each time, and
then one mail asks while the others stay queued.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailer.outbound.outcome import CASES, Accepted, Cause, Outcome, Refused, Scope, Unknown

# After so many refusals for policy, or bodies lost, in a row it is no longer about single mails.
BREAKS_AFTER = 3
_FIRST = {
    Scope.CONNECTIONS: timedelta(seconds=5),
    Scope.RELAY: timedelta(seconds=2),
    Scope.ACCOUNT: timedelta(minutes=1),
}
_LONGEST = {
    Scope.CONNECTIONS: timedelta(minutes=1),
    Scope.RELAY: timedelta(minutes=1),
    Scope.ACCOUNT: timedelta(hours=1),
}
# How long trouble of this kind may last before somebody must know.
_BEARABLE = {
    Scope.CONNECTIONS: timedelta(minutes=15),
    Scope.RELAY: timedelta(minutes=2),
    Scope.ACCOUNT: timedelta(),
}
_JITTER = 0.2


@dataclass(frozen=True)
class Line:
    """How a relay stands with us."""

    connections: float
    failures: int = 0
    refusals: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    cause: str = ""
    words: str = ""

    def lanes(self, most: int) -> int:
        """How many connections may be open."""
        return max(1, min(most, int(self.connections)))


def after(line: Line, outcome: Outcome, *, most: int, now: datetime) -> Line:
    """How the relay stands after this outcome; `most` is the limit of config.toml."""
    if isinstance(outcome, Accepted):
        # One more connection after each round of as many mails as there are connections.
        return Line(connections=min(float(most), line.connections + 1 / max(line.connections, 1.0)))
    scope = _scope(line, outcome)
    if scope is Scope.MAIL:
        return _spoke(line, outcome)
    failures = line.failures + 1
    rest = _spread(outcome.cause, failures, min(_LONGEST[scope], _FIRST[scope] * 2 ** min(failures - 1, 10)))
    return replace(
        line,
        connections=max(1.0, line.connections / 2) if scope is Scope.CONNECTIONS else line.connections,
        failures=failures,
        refusals=line.refusals + (outcome.cause is Cause.POLICY),
        failing_since=line.failing_since or now,
        rests_until=now + rest,
        cause=outcome.cause.value,
        words=outcome.words,
    )


def alarming(line: Line, now: datetime) -> bool:
    """Whether the trouble is of a kind, or lasts so long, that somebody must know."""
    if line.failing_since is None or not line.cause:
        return False
    cause = Cause(line.cause)
    if cause is Cause.POLICY or (_is_unknown(cause) and line.failures >= BREAKS_AFTER):
        return True
    return now - line.failing_since >= _BEARABLE[CASES[cause].scope]


def _scope(line: Line, outcome: Outcome) -> Scope:
    """Whose trouble it is, seen with what went before: three in a row are no accident."""
    if isinstance(outcome, Refused) and outcome.cause is Cause.POLICY and line.refusals + 1 >= BREAKS_AFTER:
        return Scope.ACCOUNT
    if isinstance(outcome, Unknown) and line.failures + 1 >= BREAKS_AFTER:
        return Scope.ACCOUNT
    return CASES[outcome.cause].scope


def _spoke(line: Line, outcome: Outcome) -> Line:
    """The relay answered about one mail, so it is there; a refusal for policy is counted."""
    return Line(connections=line.connections, refusals=line.refusals + (outcome.cause is Cause.POLICY))


def _is_unknown(cause: Cause) -> bool:
    return cause in (Cause.LOST_AFTER_BODY, Cause.SILENT_AFTER_BODY, Cause.UNCLEAR_AFTER_BODY)


def _spread(cause: Cause, failures: int, pause: timedelta) -> timedelta:
    # Not from chance, so that a table of cases can say what happens.
    chance = hashlib.sha256(f"{cause} {failures}".encode()).digest()[0] / 255
    return pause * (1 + _JITTER * (2 * chance - 1))
