"""Telling machines that open links from people."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.feedback.robots import all_fetched, kind_of_visit, suspected

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
FIVE = frozenset("12345")


@pytest.mark.parametrize(
    ("method", "headers", "value", "kind"),
    [
        ("GET", {}, "4", "GET:4"),
        ("GET", {}, "", "GET"),
        ("HEAD", {}, "4", "HEAD"),
        ("GET", {"sec-purpose": "prefetch"}, "4", "prefetch"),
        ("GET", {"sec-purpose": "prefetch;prerender"}, "", "prefetch"),
        ("GET", {"purpose": "Prefetch"}, "", "prefetch"),
        ("GET", {"x-moz": "prefetch"}, "", "prefetch"),
        ("GET", {"x-purpose": "preview"}, "", "prefetch"),
        ("GET", {"purpose": "reading"}, "", "GET"),
    ],
)
def test_a_visit_is_counted_under_what_it_is(method: str, headers: dict[str, str], value: str, kind: str) -> None:
    assert kind_of_visit(method, headers, value) == kind


@pytest.mark.parametrize(
    ("seen", "values", "is_robot"),
    [
        ({f"GET:{n}": 1 for n in range(1, 6)}, FIVE, True),
        ({f"GET:{n}": 9 for n in range(1, 5)}, FIVE, False),
        ({"HEAD": 5, "prefetch": 5}, FIVE, False),
        ({"GET:0": 1, "GET:1": 1}, frozenset("01"), False),
        ({}, frozenset(), False),
    ],
    ids=["all", "four", "no person's look", "a person tries both", "no question"],
)
def test_whoever_fetches_every_answer_reads_none(seen: dict[str, int], values: frozenset[str], is_robot: bool) -> None:
    assert all_fetched(seen, values) is is_robot


@pytest.mark.parametrize(
    ("visits", "unseen", "seconds", "is_robot"),
    [
        (False, False, 2, False),
        (False, False, 1.9, True),
        (True, False, 60, True),
        (False, True, 60, True),
        (False, False, None, True),
    ],
    ids=["a quick person", "too quick", "fetched all", "fetched the unseen", "never looked"],
)
def test_who_is_suspected(visits: bool, unseen: bool, seconds: float | None, is_robot: bool) -> None:
    first = None if seconds is None else NOW - timedelta(seconds=seconds)
    assert suspected(robot_visits=visits, unseen_fetched=unseen, first_seen=first, now=NOW) is is_robot
