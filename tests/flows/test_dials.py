"""Values are turned line by line: remarks and order stay, and what a dial says is what the parser reads."""

from datetime import timedelta

import pytest

from mailer.errors import InputError
from mailer.flows.dials import dials, turned, with_expectations
from mailer.flows.parse import parse_flow
from tests.house.sources import ROOT

INVITATION = (ROOT / "schedules" / "flows" / "review_invitation.toml").read_text(encoding="utf-8")
ALL = sorted((ROOT / "schedules" / "flows").glob("*.toml"))


def value(text: str, place: str) -> str:
    return next(one.value for one in dials(text) if one.place == place)


def test_every_dial_says_what_the_file_says() -> None:
    told = {one.place: one.value for one in dials(INVITATION)}
    assert told["status"] == "draft"
    assert (told["send.between"], told["send.cap"], told["exit.give_up_after"]) == ("09:00-20:00", "1 per 24h", "45d")
    assert (told["trigger.fallback.home"], told["trigger.fallback.abroad"]) == ("12d", "21d")
    assert (told["step.1.wait.home"], told["step.1.wait.abroad"], told["step.1.at"]) == ("3d", "5d", "10:00")
    assert (told["step.2.wait.home"], told["step.2.wait.abroad"], told["step.2.expires"]) == ("7d", "", "")


@pytest.mark.parametrize(
    ("place", "said", "line"),
    [
        ("status", "live", 'status = "live"                     # draft: nothing is sent;'),
        ("step.1.wait.home", "4d", 'wait = { home = "4d", abroad = "5d" } # long enough to have tried it on'),
        ("step.1.wait.abroad", "", 'wait = "3d" # long enough to have tried it on'),
        ("step.2.wait.home", "3bd", 'wait = "3bd"'),
        ("step.2.wait.abroad", "9d", 'wait = { home = "7d", abroad = "9d" }'),
        ("step.2.expires", "48h", 'expires = "48h"'),
        ("trigger.fallback.abroad", "30d", 'fallback = { event = "order.shipped", home = "12d", abroad = "30d" }'),
    ],
)
def test_one_value_is_one_line(place: str, said: str, line: str) -> None:
    text = turned(INVITATION, {place: said})
    assert line in text
    assert value(text, place) == said
    parse_flow("review_invitation", text)
    before, after = INVITATION.split("\n"), text.split("\n")
    assert len(set(before) ^ set(after)) <= 2


def test_what_is_taken_away_is_gone_and_what_is_new_has_its_table() -> None:
    text = turned(INVITATION, {"send.cap": "", "step.1.at": ""})
    flow = parse_flow("review_invitation", text)
    assert (flow.cap, flow.steps[0].at) == (None, None)
    bare = 'name = "N"\nstatus = "draft"\nkind = "transactional"\n[trigger]\nevent = "order.placed"\nper = "order"\n'
    bare += '[[step]]\nid = "a"\nsend = "order_confirmation"\n'
    flow = parse_flow("bare", turned(bare, {"send.between": "08:00-20:00", "step.1.wait.home": "2h"}))
    assert flow.window is not None
    assert flow.steps[0].wait.home.span == flow.steps[0].wait.abroad.span == timedelta(hours=2)


@pytest.mark.parametrize("file", ALL, ids=[one.stem for one in ALL])
def test_turning_nothing_changes_nothing(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert turned(text, {one.place: one.value for one in dials(text)}) == text


@pytest.mark.parametrize("file", ALL, ids=[one.stem for one in ALL])
def test_every_dial_of_every_shipped_flow_can_be_turned_there_and_back(file: object) -> None:
    text = file.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for one in dials(text):
        if one.value and "abroad" not in one.place:
            other = turned(text, {one.place: "wait" if one.choices else "11h"})
            assert turned(other, {one.place: one.value}) == text


def test_nonsense_is_kept_for_the_check_to_tell() -> None:
    text = turned(INVITATION, {"step.1.wait.home": 'soon "ish"'})
    with pytest.raises(InputError, match="no span of time"):
        parse_flow("review_invitation", text)
    assert value(text, "step.1.wait.home") == 'soon "ish"'


def test_what_is_no_value_and_what_goes_over_lines_is_refused() -> None:
    with pytest.raises(InputError, match="no such value"):
        turned(INVITATION, {"name": "x"})
    long = INVITATION.replace('cap = "1 per 24h"', 'cap = """1 per\\\n 24h"""')
    with pytest.raises(InputError, match="over several lines"):
        turned(long, {"send.cap": "2 per 24h"})
    assert dials("no [[toml") == []


def test_expectations_are_written_where_they_stand() -> None:
    text = with_expectations(INVITATION, {1: ["8d send ask", "15d send remind"]})
    assert parse_flow("review_invitation", text).tests[0].expect == ("8d send ask", "15d send remind")
    assert parse_flow("review_invitation", text).tests[1].expect == ("hold ask", "9d send ask", "16d send remind")
