"""May this mail go now? Each question by itself, and that they are asked in their order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mailer.errors import InputError
from mailer.flows.decide import Decision, Exit, Hold, Send, Situation, Skip, Wait, decide, look_again, may_enter
from mailer.flows.values import condition_values
from tests.flows.build import flow_with

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FLOW = flow_with()
# A Thursday at noon, in the window.
NOON = datetime(2027, 1, 7, 12, tzinfo=BERLIN).astimezone(UTC)
EVENING = NOON + 9 * HOUR
EXPIRES = flow_with(('wait = "3d"', 'wait = "3d"\nexpires = "48h"'))
SKIPS = flow_with(('cap = "1 per 24h"', 'cap = "2 per 24h"\nif_capped = "skip"'))
MARKETING = flow_with(('"feedback"', '"marketing"'))
RECEIPT = flow_with(('"feedback"', '"transactional"'), ('cap = "1 per 24h"\n', ""), ('["conversation.open"]', "[]"))

GOES = Send("due since 2027-01-07 11:00 (Europe/Berlin)")


def situation(**changes: Any) -> Situation:
    """A step that may go: due for an hour, by day, with nothing open."""
    flow = changes.pop("flow", FLOW)
    run = changes.pop("run", {})
    plain = Situation(
        flow=flow,
        step=flow.steps[0],
        due_at=NOON - HOUR,
        entered_at=NOON - 3 * DAY - HOUR,
        now=NOON,
        values=condition_values({"run": run}),
        zones=(BERLIN,),
    )
    return replace(plain, **changes)


def full(again: str) -> str:
    return f"at most 1 in 1 d to one address; again {again} (Europe/Berlin)"


CASES: list[tuple[str, dict[str, Any], Decision]] = [
    ("it goes", {}, GOES),
    ("an exit", {"happened": frozenset({"order.canceled", "order.shipped"})}, Exit("order.canceled")),
    ("what ends other flows", {"happened": frozenset({"order.refunded"})}, GOES),
    ("given up", {"entered_at": NOON - 45 * DAY}, Exit("given up after 45 d")),
    ("not yet given up", {"entered_at": NOON - 45 * DAY + HOUR}, GOES),
    ("expired", {"flow": EXPIRES, "due_at": NOON - 2 * DAY}, Skip("expired 2 d after it was due")),
    ("held", {"open": frozenset({"conversation.open"})}, Hold("a conversation of this customer is open")),
    (
        "held by two",
        {"open": frozenset({"delay.open", "return.open"})},
        Hold("a parcel is late; a return is open"),
    ),
    ("a receipt is not held", {"flow": RECEIPT, "open": frozenset({"delay.open"})}, GOES),
    ("not due", {"due_at": NOON + DAY}, Wait(NOON + DAY, "due 2027-01-08 12:00 (Europe/Berlin)")),
    (
        "in the evening",
        {"now": EVENING},
        Wait(EVENING + 12 * HOUR, "quiet hours until 2027-01-08 09:00 (Europe/Berlin)"),
    ),
    ("its condition", {"run": {"rated": True}}, Skip("its condition is not true: not run.rated")),
    ("nobody may write there", {"blocked": "no consent"}, Skip("no consent")),
    ("capped", {"written": [NOON - 20 * HOUR]}, Wait(NOON + 4 * HOUR, full("2027-01-07 16:00"))),
    ("capped until the morning", {"written": [NOON - 15 * HOUR]}, Wait(NOON + 21 * HOUR, full("2027-01-08 09:00"))),
    ("the cap is over", {"written": [NOON - 24 * HOUR]}, GOES),
    ("room for one", {"flow": SKIPS, "written": [NOON - HOUR]}, GOES),
    ("no room", {"flow": SKIPS, "written": [NOON - 3 * HOUR, NOON - HOUR]}, Skip("at most 2 in 1 d to one address")),
    (
        "marketing is capped too",
        {"flow": MARKETING, "written": [NOON]},
        Wait(NOON + 24 * HOUR, full("2027-01-08 12:00")),
    ),
    ("receipts know no cap", {"flow": RECEIPT, "written": [NOON] * 9}, GOES),
    (
        "from far above, the newest count",
        {"written": [NOON - 3 * HOUR, NOON - HOUR]},
        Wait(NOON + 23 * HOUR, full("2027-01-08 11:00")),
    ),
]


@pytest.mark.parametrize(("changes", "decision"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_question(changes: dict[str, Any], decision: Decision) -> None:
    assert decide(situation(**dict(changes))) == decision


# Everything against a step at once, in the order in which it is asked; each with what comes of it.
AGAINST: list[tuple[dict[str, Any], type[Decision], str]] = [
    ({"happened": frozenset({"order.canceled"})}, Exit, "order.canceled"),
    ({"entered_at": NOON - 90 * DAY}, Exit, "given up"),
    ({"due_at": NOON - 9 * DAY}, Skip, "expired"),
    ({"open": frozenset({"return.open"})}, Hold, "a return is open"),
    ({"now": EVENING}, Wait, "quiet hours"),
    ({"values": condition_values({"run": {"rated": True}})}, Skip, "its condition is not true: not run.rated"),
    ({"blocked": "suppressed"}, Skip, "suppressed"),
    ({"written": [NOON]}, Wait, "at most"),
]


@pytest.mark.parametrize("first", range(len(AGAINST)))
def test_the_first_reason_wins(first: int) -> None:
    changes: dict[str, Any] = {"flow": EXPIRES}
    for one, _, _ in AGAINST[first:]:
        changes.update(one)
    decision = decide(situation(**changes))
    assert isinstance(decision, AGAINST[first][1])
    assert AGAINST[first][2] in decision.reason


def test_what_is_not_due_is_held_all_the_same_so_that_people_see_it() -> None:
    assert isinstance(decide(situation(due_at=NOON + DAY, open=frozenset({"conversation.open"}))), Hold)


def test_a_condition_that_fails_keeps_the_mail_back_and_says_why() -> None:
    flow = flow_with(('"not run.rated"', '"run.value > 3"'))
    held = decide(situation(flow=flow))
    assert isinstance(held, Hold)
    assert held.mistake
    assert "run.value > 3" in held.reason
    assert "NoneType" in held.reason
    assert decide(situation(flow=flow, run={"value": 4})) == GOES


def test_who_may_enter() -> None:
    assert may_enter(FLOW, condition_values({"customer": {"mailable": True}})) == ""
    assert may_enter(FLOW, condition_values({})) == "only if customer.mailable"
    refunded = condition_values({"customer": {"mailable": True}, "order": {"refunded": True}})
    assert may_enter(FLOW, refunded) == "skip if order.refunded"
    with pytest.raises(InputError, match=r"order\.total > 3"):
        may_enter(flow_with(('["customer.mailable"]', '["order.total > 3"]')), condition_values({}))


@pytest.mark.parametrize(
    ("changes", "moment"),
    [
        ({"due_at": NOON + DAY}, NOON + DAY),
        # Time itself ends a passage that is held: it is asked again then, though nothing happens.
        ({"open": frozenset({"conversation.open"})}, NOON + 42 * DAY - HOUR),
        ({"open": frozenset({"conversation.open"}), "flow": EXPIRES}, NOON + 2 * DAY - HOUR),
        ({"due_at": NOON + 60 * DAY}, NOON + 42 * DAY - HOUR),
    ],
)
def test_when_to_ask_again(changes: dict[str, Any], moment: datetime) -> None:
    now = situation(**changes)
    decision = decide(now)
    assert isinstance(decision, Wait | Hold)
    assert look_again(now, decision) == moment


def test_what_is_held_without_an_end_waits_for_an_event() -> None:
    flow = flow_with(('give_up_after = "45d"\n', ""))
    assert look_again(situation(flow=flow), Hold("a return is open")) is None
