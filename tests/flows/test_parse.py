"""A flow's file: what it says is what is read, and every mistake is told with its line and what to do."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.flows.definition import Cap, Fallback, Lapse, Lapses, Step, Trigger
from mailer.flows.form import Mistakes, Table
from mailer.flows.lines import lines_of
from mailer.flows.parse import flow_of, parse_flow, read_flows
from mailer.hours import Interval
from tests.flows.build import SMALL, flow_with, text_with

# As the issue writes it, with both spellings of canceled.
WHOLE = """\
name = "Review invitation"
status = "manual"
kind = "feedback"
sender = "care"
goal = "review.received"
[trigger]
event = "order.delivered"
per = "order"
fallback = { event = "order.shipped", home = "12d", abroad = "21d" }
[enter]
only_if = ["customer.mailable"]
skip_if = ["order.source == 'amazon'", "order.refunded"]
reenter = "after 90d"
[exit]
on = ["order.cancelled", "order.refunded", "review.received"]
pause = ["conversation.open"]
give_up_after = "45d"
[send]
between = "09:00-20:00"
timezone = "Europe/Berlin"
cap = "2 per 24h"
if_capped = "skip"
[[step]]
id = "ask"
wait = { home = "3bd", abroad = "5d" }
at = "10:00"
send = "review_invitation"
[[step]]
id = "remind"
wait = "6h"
if = "not run.rated and not run.replied"
send = "review_reminder"
expires = "48h"
"""


def problems(text: str, flow_id: str = "small") -> list[str]:
    with pytest.raises(InputError) as raised:
        parse_flow(flow_id, text)
    assert raised.value.source == f"{flow_id}.toml"
    return list(raised.value.problems)


def test_everything_that_a_file_says_is_read() -> None:
    flow = parse_flow("review_invitation", WHOLE)
    day = timedelta(days=1)
    fallback = Fallback("order.shipped", Lapses(Lapse(12 * day), Lapse(21 * day)))
    assert flow.trigger == Trigger("order.delivered", "order", fallback)
    assert (flow.id, flow.name, flow.status, flow.kind) == (
        "review_invitation",
        "Review invitation",
        "manual",
        "feedback",
    )
    assert (flow.sender, flow.goal) == ("care", "review.received")
    assert flow.only_if == ("customer.mailable",)
    assert flow.skip_if == ("order.source == 'amazon'", "order.refunded")
    assert flow.reenter_after == 90 * day
    assert flow.exit_on == {"order.canceled", "order.refunded", "review.received"}
    assert flow.give_up_after == 45 * day
    assert flow.window == Interval(540, 1200)
    assert flow.timezone == "Europe/Berlin"
    assert (flow.cap, flow.if_capped) == (Cap(2, day), "skip")
    assert flow.steps == (
        Step("ask", "review_invitation", Lapses(Lapse(business_days=3), Lapse(5 * day)), at=600),
        Step(
            "remind",
            "review_reminder",
            Lapses(Lapse(day / 4), Lapse(day / 4)),
            condition="not run.rated and not run.replied",
            expires=2 * day,
        ),
    )


def test_what_a_file_leaves_out_has_its_default() -> None:
    flow = parse_flow(
        "order_confirmation",
        """
        name = "Confirmation"
        status = "draft"
        kind = "transactional"
        [trigger]
        event = "order.placed"
        per = "order"
        [[step]]
        id = "tell"
        send = "order_confirmation"
        """,
    )
    assert (flow.window, flow.timezone, flow.cap, flow.reenter_after) == (None, "recipient", None, None)
    assert (flow.pause, flow.exit_on, flow.give_up_after) == (frozenset(), frozenset(), None)
    assert flow.steps[0].wait == Lapses()


def test_nobody_is_asked_or_sold_anything_while_something_is_open_whatever_the_file_says() -> None:
    everything = {"conversation.open", "return.open", "delay.open"}
    assert flow_with().pause == everything
    assert flow_with(('kind = "feedback"', 'kind = "marketing"')).pause == everything
    receipt = flow_with(('kind = "feedback"', 'kind = "transactional"'), ('cap = "1 per 24h"\n', ""))
    assert receipt.pause == {"conversation.open"}


def test_the_steps_follow_each_other() -> None:
    flow = parse_flow("review_invitation", WHOLE)
    assert flow.after(None) == flow.steps[0]
    assert flow.after("ask") == flow.steps[1]
    assert flow.after("remind") is None
    assert flow.after("gone") is None
    assert flow.step("gone") is None


MISTAKES = [
    ('name = "Small"', 'name = "Small"\nsendr = "care"', 2, "sendr: there is no such key; did you mean sender?"),
    ('name = "Small"', 'name = ""', 1, 'name: it is missing; say what it is, as in name = "Review invitation"'),
    ('name = "Small"', "name = 7", 1, "name: write a text between quotation marks instead of 7"),
    ('"live"', '"alive"', 2, 'status: "alive" is none; did you mean live?'),
    ('kind = "feedback"', "", 1, "kind: it is missing; write one of transactional, feedback, marketing"),
    ('"order.delivered"', '"order.delivred"', 5, "[trigger] event: "),
    ('per = "order"', 'per = "shipment"', 6, "order.delivered names no shipment; it can be per customer, order"),
    ('per = "order"', 'per = "oder"', 6, '[trigger] per: "oder" is none; did you mean order?'),
    (
        'per = "order"',
        'per = "order"\nfallback = { event = "conversation.closed", home = "3d" }',
        7,
        "[trigger.fallback] event: conversation.closed names no order; it can be per conversation, customer",
    ),
    ('["customer.mailable"]', '["customer.malable"]', 8, "do not know; did you mean customer.mailable?"),
    ('["customer.mailable"]', '["order"]', 8, '"order" reads order, which conditions do not know'),
    ('["customer.mailable"]', '["event.stars == 5"]', 8, "reads event.stars, which conditions do not know"),
    ('["customer.mailable"]', '["shop.open"]', 8, "reads shop.open, which conditions do not know; there are"),
    ('["customer.mailable"]', '"customer.mailable"', 8, '[enter] only_if: write a list of texts, as in ["one", "two"]'),
    ('["order.refunded"]', '["order.refunded =="]', 9, '[enter] skip_if: "order.refunded ==" is no condition: '),
    ('["order.refunded"]', '["x}} {{ order.refunded"]', 9, "is no condition: "),
    ('["order.refunded"]', '["' + "1 + " * 200 + '1"]', 9, "a condition has at most 500 characters"),
    ('["order.refunded"]', '["order.refunded"]\nreenter = "90d"', 10, '"90d" says nothing; write "never"'),
    ('["order.canceled"]', '["order.gone"]', 11, '[exit] on: "order.gone" is none; '),
    ('["conversation.open"]', '["conversation.opened"]', 12, "did you mean conversation.open?"),
    ('"45d"', '"45 moons"', 13, '[exit] give_up_after: "45 moons" is no span of time; write it as in 6h or 3d'),
    ('"45d"', '"45bd"', 13, '[exit] give_up_after: "45bd" is no span of time; write it as in 6h or 3d'),
    ('"45d"', '"99999999d"', 13, "is longer than ten years"),
    ('"09:00-20:00"', '"20:00-09:00"', 15, '[send] between: "20:00-09:00" ends before it starts'),
    ('"recipient"', '"Europe/Berln"', 16, '[send] timezone: "Europe/Berln" is none; write "recipient", '),
    ('"1 per 24h"', '"once a day"', 17, '[send] cap: "once a day" is no cap; write it as in "1 per 24h"'),
    ('"1 per 24h"', '"0 per 24h"', 17, '"0 per 24h" is no cap'),
    ('"1 per 24h"', '"1 per 0h"', 17, "within no time nothing is too much"),
    ('id = "ask"', "", 18, "[[step]] 1 id: it is missing; it tells this step from the others"),
    ('id = "ask"', 'id = "Ask me"', 19, '[[step]] 1 id: "Ask me" is no name: at most 40 small letters'),
    ('"3d"', '"3 business days"', 20, "[[step]] 1 wait: "),
    ('"3d"', '{ home = "3d", away = "5d" }', 20, "[[step]] 1 wait.away: there is no such key; there are home, abroad"),
    ('wait = "3d"', 'at = "25:00"', 20, '[[step]] 1 at: "25:00" is not a time of day'),
    ('wait = "3d"', 'at = "21:00"', 20, "[[step]] 1 at: it lies outside of [send] between, which is 09:00-20:00"),
    ('wait = "3d"', 'expires = "soon"', 20, '[[step]] 1 expires: "soon" is no span of time'),
    ('wait = "3d"', 'coupon = "thanks"', 20, "[[step]] 1 coupon: who is asked for an opinion is given nothing for it"),
    ('send = "review_invitation"', "", 18, "[[step]] 1 send: it is missing; write the mail's name"),
    ('"not run.rated"', '"not run.ratd"', 22, "[[step]] 1 if: "),
    ('"not run.rated"', '" "', 22, "[[step]] 1 if: an empty condition says nothing; remove it"),
    ('kind = "feedback"', 'kind = "transactional"', 17, "[send] cap: receipts and notices know no cap; remove it"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "words"), MISTAKES, ids=[new or old for old, new, _, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_what_to_do(old: str, new: str, line: int, words: str) -> None:
    (told,) = problems(text_with((old, new)))
    assert told.startswith(f"line {line}: ")
    assert words in told


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    broken = text_with(('"live"', '"alive"'), ("order.delivered", "order.gone"), ("45d", "soon"), ("3d", "later"))
    assert [one.split(":")[0] for one in problems(broken)] == ["line 2", "line 5", "line 13", "line 20"]


def test_a_step_stands_there_once() -> None:
    again = SMALL + '[[step]]\nid = "ask"\nsend = "review_reminder"\n'
    assert problems(again) == ['line 24: [[step]] 2 id: "ask" stands there twice']
    assert problems(SMALL.split("[[step]]")[0]) == [
        "line 1: step: there is none; write [[step]] with id, wait and send"
    ]
    assert problems(SMALL.replace("[[step]]", "[step]")) == [
        "line 18: step: write [[step]], with two brackets, over each of them"
    ]


def test_what_is_not_toml_has_its_line_too() -> None:
    (told,) = problems(SMALL.replace('per = "order"', "per = order"))
    assert told.startswith("line 6: it is not TOML: ")


def test_a_flow_is_named_by_its_file() -> None:
    (told,) = problems(SMALL, "Small-Flow")
    assert told == 'line 1: "Small-Flow" is no name for a flow: small letters, digits and _, as in review_invitation'


def test_a_broken_case_is_a_mistake_of_the_file() -> None:
    case = """[[test]]
order = { country = "DE", contry = "FR", written = ["soon"] }
events = ["order.delivered", "3d order.gone", "1d rating.received stars=4"]
expect = ["ask 3d", "3d send ask"]
start = "tomorrow"
"""
    told = problems(SMALL + case)
    assert [one.partition(": ")[0] for one in told] == [
        "line 23",
        *["line 24"] * 2,
        *["line 25"] * 3,
        "line 26",
        "line 27",
    ]
    words = "\n".join(told)
    assert "[[test]] 1 name: it is missing; say what it shows" in words
    assert "contry: there is no such key; did you mean country?" in words
    assert '"order.delivered" has no time; write it as in "4d order.delivered"' in words
    assert 'there is no event "order.gone"' in words
    assert '"stars=4" is no data of rating.received; write it as in value=2' in words
    assert '"ask 3d" is no outcome; write it as in "9d send ask"' in words
    assert '"tomorrow" is no start' in words


def test_values_of_a_case_are_of_their_kind() -> None:
    case = """[[test]]
name = "one"
events = ["4d order.delivered"]
order = { country = 49, mailable = "yes", total = 7 }
"""
    assert problems(SMALL + case) == [
        "line 26: [[test]] 1 order.country: write a text between quotation marks instead of 49",
        "line 26: [[test]] 1 order.mailable: write true or false",
    ]


def test_a_broken_file_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "broken.toml").write_text(text_with(('"live"', '"alive"')), encoding="utf-8")
    (tmp_path / "latin.toml").write_bytes('name = "Größe"'.encode("latin-1"))
    (tmp_path / "notes.txt").write_text("not a flow", encoding="utf-8")
    flows, broken = read_flows(tmp_path)
    assert list(flows) == ["small"]
    assert broken["broken"] == ['line 2: status: "alive" is none; did you mean live?']
    assert broken["latin"][0].startswith("line 1: it cannot be read: ")


def test_lines_of_keys_in_tables_lists_and_long_texts() -> None:
    text = 'a = """\nb = 1\n"""\n[one]\nkey = [\n  "x = 1",\n]\n[[two]]\nc = 1\n[[two]]\nc = 2\nd = 3\n'
    assert lines_of(text) == {
        "a": 1,
        "one": 4,
        "one.key": 5,
        "two.1": 8,
        "two.1.c": 9,
        "two.2": 10,
        "two.2.c": 11,
        "two.2.d": 12,
    }


def test_the_same_words_have_the_same_hash_and_others_another() -> None:
    assert flow_with().sha256 == flow_with().sha256
    assert flow_with().sha256 != flow_with(("3d", "4d")).sha256


KEYS = st.sampled_from(
    [
        *(
            "name",
            "status",
            "kind",
            "sender",
            "goal",
            "trigger",
            "enter",
            "exit",
            "send",
            "step",
            "test",
            "event",
            "per",
        ),
        *("fallback", "home", "abroad", "only_if", "skip_if", "reenter", "on", "pause", "give_up_after", "between"),
        *("timezone", "cap", "if_capped", "id", "wait", "at", "if", "coupon", "expires", "order", "events", "expect"),
        *("start", "written", "country"),
    ]
)
TEXTS = st.sampled_from(
    [
        "",
        "3d",
        "3bd",
        "9e9d",
        "10:00",
        "1 per 24h",
        "after 1d",
        "order.placed",
        "order",
        "feedback",
        "UTC",
        "../x",
        "{{",
        "4d x",
    ]
)
VALUES = st.recursive(
    TEXTS | st.text(max_size=8) | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=11))
def test_whatever_a_file_holds_only_mistakes_are_told(values: dict[str, Any]) -> None:
    mistakes = Mistakes({})
    flow = flow_of("small", "", Table(values, "", mistakes))
    # Nothing is without a name, a status, a kind, a trigger and a step at once by chance.
    assert mistakes.told() or flow.steps


@given(st.text(alphabet='ab=[]"{}.\n#1 ', max_size=60))
def test_lines_are_found_in_any_text(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in lines_of(text).values())
