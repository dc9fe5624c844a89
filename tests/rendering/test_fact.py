"""Facts as nouns: the fingerprint changes when a value does, and only what a text rests on is compared."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.rendering.facts import Fact, Facts, Subject, Turn, Value, differences, rests_on

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def fact(path: str, value: Value) -> Fact:
    return Fact(path, value, "shop", NOW)


ALL = Facts(
    (fact("order.state", "in_transit"), fact("parcels.0.state", "customs"), fact("parcels.1.state", "label")),
    (Turn("order.late", NOW + timedelta(days=1)), Turn("offers.*.name", NOW + timedelta(hours=1))),
)


@pytest.mark.parametrize(
    ("patterns", "paths"),
    [
        ([], set()),
        (["order.state"], {"order.state"}),
        (["parcels.*.state"], {"parcels.0.state", "parcels.1.state"}),
        (["parcels.0.state"], {"parcels.0.state", "parcels.1.state"}),
        (["parcels"], set()),
        (["parcels.*"], set()),
        (["order.*"], set()),
        (["order.state", "order.late", "asked.country"], {"order.state"}),
    ],
)
def test_a_text_rests_on_the_facts_of_its_patterns(patterns: list[str], paths: set[str]) -> None:
    assert set(ALL.relevant(patterns).values()) == paths


def test_time_matters_only_to_what_rests_on_it() -> None:
    assert ALL.until == NOW + timedelta(hours=1)
    assert ALL.relevant(["order.late"]).until == NOW + timedelta(days=1)
    assert ALL.relevant(["order.state"]).until is None


def test_the_fingerprint_changes_with_a_value_and_only_then() -> None:
    one = Facts((fact("order.state", "in_transit"),))
    later = Facts((Fact("order.state", "in_transit", "carrier", NOW + timedelta(days=1)),))
    assert one.fingerprint == later.fingerprint
    assert one.fingerprint != Facts((fact("order.state", "delivered"),)).fingerprint
    assert one.fingerprint != Facts((fact("order.state", "in_transit"), fact("order.late", True))).fingerprint


def test_a_difference_is_said_in_words() -> None:
    before = Facts((fact("order.state", "in_transit"), fact("gone", 1), fact("order.return_open", True))).stored()
    after = Facts((fact("order.state", "delivered"), fact("new", 0), fact("order.return_open", False)))
    assert differences(before, after) == [
        "order.state was in_transit, is delivered",
        "gone was 1, is unknown",
        "order.return_open was yes, is no",
        "new was unknown, is 0",
    ]
    assert differences(after.stored(), after) == []


def test_a_subject_survives_being_stored() -> None:
    subject = Subject(7, (3, 4), "JP", "japan", "pt-BR", 9)
    kept = rests_on(subject, ["parcels.0.state", "order.late"], ALL)
    assert Subject.of(kept) == subject
    assert kept["paths"] == ["order.late", "parcels.*.state"]
    assert kept["until"] == "2026-11-23T10:00:00+00:00"
    assert rests_on(subject, [], ALL)["until"] is None
    assert Subject.of({}) == Subject()
