"""One order moved through the days of a flow, without a database: every send, hold, wait and skip with its reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mailer.calendars import parse_span
from mailer.errors import InputError
from mailer.flows.case import ALWAYS_TOLD, Happening, parse_expected, parse_happening, parse_start
from mailer.flows.decide import Decision, Exit, Hold, Send, Situation, Skip, Wait, decide, look_again, may_enter
from mailer.flows.definition import Case, Flow, Step
from mailer.flows.events import subject_of
from mailer.flows.timing import after, due_at, zones_for
from mailer.flows.values import NAMES, condition_values, run_after
from mailer.hours import Calendar, weekdays

# A Monday in winter, in the middle of the morning, so that a plain case meets neither night nor summer time.
_START = "2027-01-04 10:00"
# No passage is followed for longer.
_LONGEST_DAYS = 800
_OPENS = {"conversation.opened": "conversation.open", "return.requested": "return.open", "delay.opened": "delay.open"}
_SETTLES = {
    "conversation.closed": "conversation.open",
    "return.settled": "return.open",
    "return.refused": "return.open",
    "delay.settled": "delay.open",
}
# Where the word of an Event is not the state that conditions read.
_STATES = {
    "order.placed": "not_shipped",
    "order.shipped": "in_transit",
    "shipment.shipped": "label",
    "shipment.scanned": "picked_up",
}


@dataclass(frozen=True)
class ShopTerms:
    """What a simulation takes from the shop: its country, its zone, its business days."""

    country: str
    zone: ZoneInfo
    calendar: Calendar


_BERLIN = ZoneInfo("Europe/Berlin")
# What the cases of a flow's file are told of.
SAMPLE_SHOP = ShopTerms("DE", _BERLIN, weekdays(_BERLIN))


@dataclass(frozen=True)
class Line:
    """Something that happened to a passage: `what` is one of `case.WORDS`, `day` counts dates from the start."""

    at: datetime
    day: int
    what: str
    step: str = ""
    reason: str = ""


def simulate(
    flow: Flow,
    case: Case,
    shop: ShopTerms = SAMPLE_SHOP,
    *,
    days: int = _LONGEST_DAYS,
    tick: Callable[[], None] = lambda: None,
) -> list[Line]:
    """What the flow does with this order, in the order of time; what is left open after so many days stays so.

    `tick` is called at each moment, and ends a story that takes too long by raising.
    """
    story = _Story(flow, case, shop)
    end = story.start + timedelta(days=days)
    while (now := story.next_moment()) is not None and now <= end:
        tick()
        story.move_to(now)
    return story.lines


def failure(flow: Flow, case: Case, shop: ShopTerms = SAMPLE_SHOP, *, tick: Callable[[], None] = lambda: None) -> str:
    """How a flow's own test differs from what it expects; empty when it does not."""
    expected = [parse_expected(text) for text in case.expect]
    told = {*ALWAYS_TOLD, *(one.word for one in expected)}
    lines = [line for line in simulate(flow, case, shop, tick=tick) if line.what in told]
    same = len(lines) == len(expected) and all(
        one.word == line.what and one.step in ("", line.step) and one.day in (None, line.day)
        for one, line in zip(expected, lines, strict=True)
    )
    return "" if same else f"expected {_said(case.expect)}; it does {_said([_short(line) for line in lines])}"


def start_of(flow: Flow, case: Case, shop: ShopTerms = SAMPLE_SHOP) -> datetime:
    """When the case begins."""
    return parse_start(case.start or _START).replace(tzinfo=_zones(flow, case, shop)[0]).astimezone(UTC)


def wall(line: Line, flow: Flow, case: Case, shop: ShopTerms) -> datetime:
    """When it happened, on the recipient's wall."""
    return line.at.astimezone(_zones(flow, case, shop)[0])


@dataclass
class _Passage:
    """One subject on its way through the flow."""

    number: int
    entered_at: datetime
    values: dict[str, dict[str, Any]]
    step: Step | None
    due_at: datetime
    again: bool
    by_fallback: bool = False
    run: dict[str, Any] = field(default_factory=dict)
    # When to ask again; None: only at an Event.
    wake_at: datetime | None = None
    told: tuple[str, str] = ("", "")


class _Story:
    """The order, what happened to it so far, and its passages."""

    def __init__(self, flow: Flow, case: Case, shop: ShopTerms) -> None:
        self.flow, self.shop, self.order = flow, shop, case.order
        self.zones = _zones(flow, case, shop)
        self.start = self.now = start_of(flow, case, shop)
        happenings = sorted((parse_happening(text) for text in case.events), key=lambda one: one.after)
        self.coming = [(self.start + one.after, one) for one in happenings]
        self.facts = _facts(case.order, shop)
        self.open: set[tuple[str, int]] = set()
        self.happened: list[tuple[datetime, Happening]] = []
        self.fallbacks: list[tuple[datetime, Happening]] = []
        self.passages: list[_Passage] = []
        self.written = [self.start + parse_span(text) for text in case.order.get("written", ())]
        self.lines: list[Line] = []

    @property
    def home(self) -> bool:
        return bool(self.facts["order"]["home"])

    def next_moment(self) -> datetime | None:
        """When something is to be looked at next; the earliest of what comes, and what a passage waits for."""
        waiting = [one.wake_at for one in self.passages if one.step and one.wake_at]
        return min((*(at for at, _ in self.coming), *(at for at, _ in self.fallbacks), *waiting), default=None)

    def move_to(self, now: datetime) -> None:
        """Let happen what happens then, and decide every step that is to be decided."""
        self.now = now
        while self.coming and self.coming[0][0] <= now:
            self._happen(self.coming.pop(0)[1])
        for entry in [one for one in self.fallbacks if one[0] <= now]:
            self.fallbacks.remove(entry)
            self._enter(entry[1], by_fallback=True)
        for passage in self.passages:
            self._advance(passage)

    def _happen(self, event: Happening) -> None:
        self._note_facts(event)
        self.happened.append((self.now, event))
        for passage in self.passages:
            if self._concerns(event, passage):
                passage.run = run_after(passage.run, event.kind, dict(event.data))
        trigger = self.flow.trigger
        if event.kind == trigger.event:
            number = self._number(event)
            self.fallbacks = [one for one in self.fallbacks if self._number(one[1]) != number]
            self._enter(event)
        elif trigger.fallback and event.kind == trigger.fallback.event:
            wait = trigger.fallback.wait.of(home=self.home)
            self.fallbacks.append((after(self.now, wait, self.shop.calendar), event))

    def _note_facts(self, event: Happening) -> None:
        """What conditions read of the order, its parcels, delays and returns after this, and what is open."""
        group, _, word = event.kind.partition(".")
        facts, names = self.facts.setdefault(group, {}), NAMES.get(group, {})
        facts.update({name: value for name, value in event.data if name in names})
        if word in names:
            facts[word] = True
        if "state" in names and word not in ("refunded", "partly_refunded"):
            facts["state"] = _STATES.get(event.kind, word)
        if event.kind in _OPENS:
            self.open.add((_OPENS[event.kind], event.number))
        self.open.discard((_SETTLES.get(event.kind, ""), event.number))

    def _number(self, event: Happening) -> int:
        """Which subject of the flow an Event is about; there is one order and one customer."""
        return event.number if subject_of(event.kind) == self.flow.trigger.per else 1

    def _concerns(self, event: Happening, passage: _Passage) -> bool:
        return subject_of(event.kind) != self.flow.trigger.per or event.number == passage.number

    def _enter(self, event: Happening, *, by_fallback: bool = False) -> None:
        number, first = self._number(event), self.flow.steps[0]
        before = [one for one in self.passages if one.number == number]
        values = self._values({}, event)
        if before and before[-1].by_fallback and before[-1].step == first and not by_fallback:
            self._bring_forward(before[-1])
            return
        if reason := self._stays_outside(before, values):
            self._tell("refuse", reason=reason)
            return
        due = self._due(first, at_once=by_fallback)
        self.passages.append(_Passage(number, self.now, values, first, due, bool(before), by_fallback))
        self._tell("enter", reason=f"{event.kind}, and no {self.flow.trigger.event}" if by_fallback else event.kind)

    def _bring_forward(self, passage: _Passage) -> None:
        """The trigger came after all, and nothing is decided yet: the passage goes by its own times."""
        passage.by_fallback, passage.entered_at = False, self.now
        passage.due_at = self._due(self.flow.steps[0])
        self._tell("wait", self.flow.steps[0].id, f"{self.flow.trigger.event} after all; its own wait counts")

    def _stays_outside(self, before: list[_Passage], values: Mapping[str, Any]) -> str:
        again = self.flow.reenter_after
        if before and (again is None or before[-1].step or self.now < before[-1].entered_at + again):
            return "it has been in already"
        try:
            return may_enter(self.flow, values)
        except InputError as error:
            return str(error)

    def _advance(self, passage: _Passage) -> None:
        """Decide as many steps as can be decided at this moment."""
        while passage.step:
            situation = self._situation(passage, passage.step)
            decision = self._decision(passage, situation)
            if passage.told[0] == "hold" and not isinstance(decision, Hold):
                self._tell("release", passage.step.id, "nothing is open any more")
            if isinstance(decision, Wait | Hold):
                passage.wake_at = look_again(situation, decision)
                told = ("hold" if isinstance(decision, Hold) else "wait", f"{passage.step.id}: {decision.reason}")
                if told != passage.told:
                    self._tell(told[0], passage.step.id, decision.reason)
                passage.told = told
                return
            self._settle(passage, passage.step, decision)

    def _decision(self, passage: _Passage, situation: Situation) -> Decision:
        """As the daemon decides: what is open matters from when the step is due; a delay is told where they asked."""
        decision = decide(situation)
        if isinstance(decision, Hold) and self.now < passage.due_at and passage.told[0] != "hold":
            return decide(replace(situation, open=frozenset()))
        if isinstance(decision, Send) and self.flow.trigger.per == "delay" and "conversation.open" in situation.open:
            return Skip("the customer has asked already: the answer there tells it")
        return decision

    def _settle(self, passage: _Passage, step: Step, decision: Send | Skip | Exit) -> None:
        """What is decided stays so; the wait of the next step begins."""
        self._tell(_word(decision), step.id, decision.reason)
        passage.told = ("", "")
        passage.step = None if isinstance(decision, Exit) else self.flow.after(step.id)
        if isinstance(decision, Send) and self.flow.kind != "transactional":
            self.written.append(self.now)
        if passage.step:
            passage.due_at = self._due(passage.step)
        elif not isinstance(decision, Exit):
            self._tell("finish")

    def _situation(self, passage: _Passage, step: Step) -> Situation:
        seen = [
            event.kind
            for at, event in self.happened
            if self._concerns(event, passage) and not (passage.again and at < passage.entered_at)
        ]
        values = {**passage.values, **self._values(passage.run)}
        return Situation(
            flow=self.flow,
            step=step,
            due_at=passage.due_at,
            entered_at=passage.entered_at,
            now=self.now,
            values={**values, "event": passage.values["event"]},
            zones=self.zones,
            happened=frozenset(seen),
            open=frozenset(matter for matter, _ in self.open),
            blocked=self._blocked(),
            written=tuple(self.written),
        )

    def _due(self, step: Step, *, at_once: bool = False) -> datetime:
        zone, calendar = self.zones[0], self.shop.calendar
        return due_at(step, self.now, home=self.home, zone=zone, calendar=calendar, at_once=at_once)

    def _values(self, run: Mapping[str, Any], event: Happening | None = None) -> dict[str, dict[str, Any]]:
        given = {**self.facts, "run": run}
        return condition_values(given, event.kind if event else "", dict(event.data) if event else {})

    def _blocked(self) -> str:
        """Why nobody may write there: what the case says, and the two rules that hold for every shop."""
        if told := str(self.order.get("blocked", "")):
            return told
        if self.flow.kind != "transactional" and self.facts["order"]["marketplace"]:
            return "a marketplace's customers get no such mail"
        if self.flow.kind == "marketing" and not self.facts["customer"]["marketing_consent"]:
            return "no consent to marketing"
        opted_out = {dict(one.data).get("stream") for _, one in self.happened if one.kind == "customer.opted_out"}
        return f"opted out of {self.flow.kind}" if opted_out & {self.flow.kind, "all"} else ""

    def _tell(self, what: str, step: str = "", reason: str = "") -> None:
        day = (self.now.astimezone(self.zones[0]).date() - self.start.astimezone(self.zones[0]).date()).days
        self.lines.append(Line(self.now, day, what, step, reason))


def _facts(order: Mapping[str, Any], shop: ShopTerms) -> dict[str, dict[str, Any]]:
    """What is known of the customer and the order before anything happens."""
    country = order.get("country")
    known = {"mailable": True, "address_known": True, "orders": 1, **order}
    of_order = {
        "home": not country or shop.country in ("", country),
        "state": "not_shipped",
        "marketplace": False,
        **order,
    }
    return {
        "customer": {name: known[name] for name in NAMES["customer"] if name in known}
        | {"marketing_consent": bool(order.get("marketing_consent"))},
        "order": {name: of_order[name] for name in NAMES["order"] if name in of_order},
    }


def _zones(flow: Flow, case: Case, shop: ShopTerms) -> tuple[ZoneInfo, ...]:
    return zones_for(flow, case.order.get("country"), str(case.order.get("province", "")), shop.zone)


def _word(decision: Send | Skip | Exit) -> str:
    return type(decision).__name__.lower()


def _short(line: Line) -> str:
    return f"{line.day}d {line.what} {line.step}".strip()


def _said(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words) or "nothing"


def lines_by_day(lines: list[Line]) -> Iterator[str]:
    """As [[test]] cases write them, to be copied into one."""
    return (_short(line) for line in lines if line.what in ALWAYS_TOLD)
