"""States and facts as sentences, as tables of cases."""

from datetime import datetime, timedelta

import pytest

from mailer.model import Delivery, DeliveryState, ParcelState
from mailer.replies.queue import Tab
from mailer.web.console.words import EMPTY, PARCEL, TABS, Fact, Notice, Told, Tone, fact_name, standing, told


def delivery(state: DeliveryState, now: datetime, attempt: int = 0) -> Delivery:
    return Delivery(
        key="k",
        message_id=1,
        recipient="ana@shop.test",
        state=state,
        attempt=attempt,
        undo_until=now + timedelta(seconds=5),
        queued_at=now,
        next_attempt_at=now + timedelta(minutes=5),
        settled_at=now,
        reason="450 later",
    )


def test_every_state_has_its_words(now: datetime) -> None:
    words = {state: standing(delivery(state, now), now).words for state in DeliveryState}
    assert all(words.values())
    assert words[DeliveryState.SENT] == "accepted by the relay"
    assert words[DeliveryState.UNKNOWN] == "unknown: the relay may have it"
    claims = {state for state, said in words.items() if said.startswith("accepted")}
    assert claims == {DeliveryState.SENT}


def test_a_reply_is_held_until_its_undo_is_over(now: datetime) -> None:
    held = delivery(DeliveryState.UNDOABLE, now)
    early = standing(held, now)
    assert (early.words, early.at, early.may_undo) == ("held, undo until", held.undo_until, True)
    late = standing(held, now + timedelta(seconds=5))
    assert (late.words, late.may_undo) == ("about to be queued", False)


@pytest.mark.parametrize(("attempt", "words"), [(0, "queued"), (1, "deferred, next try at")])
def test_a_deferred_reply_says_when_it_goes_again(now: datetime, attempt: int, words: str) -> None:
    found = standing(delivery(DeliveryState.QUEUED, now, attempt), now)
    assert found.words == words
    assert found.tone is Tone.WAIT


def test_only_an_unknown_reply_is_for_a_person_to_decide(now: datetime) -> None:
    deciding = [state for state in DeliveryState if standing(delivery(state, now), now).may_decide]
    assert deciding == [DeliveryState.UNKNOWN]


def test_facts_keep_their_source_and_time(now: datetime) -> None:
    stored = {"parcels.0.expected_on": {"value": "2026-11-24", "source": "DHL", "at": now.isoformat()}}
    assert told(stored) == [Told("DHL", now, [Fact("parcel 1 expected on", "2026-11-24")])]


@pytest.mark.parametrize(
    ("path", "name"), [("order.number", "order number"), ("items.1.title", "item 2 title"), ("x", "x")]
)
def test_facts_have_names_for_reading(path: str, name: str) -> None:
    assert fact_name(path) == name


def test_nothing_lacks_its_words() -> None:
    assert set(TABS) == set(EMPTY) == set(Tab)
    assert set(PARCEL) == set(ParcelState)
    assert all(notice.words for notice in Notice)
