"""Who opens a link: a person or a machine? Mail scanners fetch what is in a mail; they must not answer for a customer.

Only a POST answers, so that a scanner that fetches everything records nothing. What is here finds the ones that even
send forms; their answers are kept and marked, and people see the mark.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

# Nobody reads a page and answers it within that time.
_TOO_FAST = timedelta(seconds=2)
_HEADERS = ("purpose", "sec-purpose", "x-purpose", "x-moz")
_EARLY = ("prefetch", "preview", "prerender")


def kind_of_visit(method: str, headers: Mapping[str, str], value: str) -> str:
    """Under which word a visit is counted: "HEAD", "prefetch", or "GET" with the answer that the link preselects."""
    if method == "HEAD":
        return "HEAD"
    if any(word in headers.get(name, "").lower() for name in _HEADERS for word in _EARLY):
        return "prefetch"
    return f"GET:{value}" if value else "GET"


def all_fetched(seen: Mapping[str, int], values: frozenset[str]) -> bool:
    """Whether every answer of one question was fetched; a person chooses one or two."""
    return len(values) > 2 and all(f"GET:{value}" in seen for value in values)


def suspected(*, robot_visits: bool, unseen_fetched: bool, first_seen: datetime | None, now: datetime) -> bool:
    """Whether an answer looks like a machine's. `first_seen` is None for whoever answers without having looked."""
    too_fast = first_seen is not None and now - first_seen < _TOO_FAST
    return robot_visits or unseen_fetched or too_fast or first_seen is None
