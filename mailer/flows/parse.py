"""A flow's file: read into frozen values, or refused with every mistake at once, each with its line and what to do."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Literal, cast, get_args

from mailer.calendars import parse_span, parse_time_of_day, parse_zone
from mailer.errors import InputError
from mailer.flows.case import parse_case
from mailer.flows.condition import mistakes as condition_mistakes
from mailer.flows.definition import Cap, Case, Fallback, Flow, Kind, Lapse, Lapses, Per, Status, Step, Trigger
from mailer.flows.events import EVENTS, OPEN_MATTERS, SAME, subject_of
from mailer.flows.form import Mistakes, Table
from mailer.flows.lines import lines_of
from mailer.hours import Interval, parse_intervals, say

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FILE_KEYS = ("name", "status", "kind", "sender", "goal", "trigger", "enter", "exit", "send", "step", "test")
_STEP_KEYS = ("id", "wait", "at", "send", "if", "coupon", "expires")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_LONGEST = timedelta(days=3_650)
_LONGEST_ID = 40
# A longer one would not be read.
_LONGEST_FILE = 100_000


def read_flows(directory: Path) -> tuple[dict[str, Flow], dict[str, list[str]]]:
    """The flows of a folder by id, and the mistakes of those files that are broken."""
    flows: dict[str, Flow] = {}
    broken: dict[str, list[str]] = {}
    for path in sorted(directory.glob("*.toml")):
        try:
            flows[path.stem] = parse_flow(path.stem, path.read_text(encoding="utf-8-sig"))
        except InputError as error:
            broken[path.stem] = list(error.problems)
        except (OSError, UnicodeDecodeError) as error:
            broken[path.stem] = [f"line 1: it cannot be read: {error}"]
    return flows, broken


def parse_flow(flow_id: str, text: str) -> Flow:
    """The flow that a file says. Raises InputError with every mistake as "line N: ..."."""
    source = f"{flow_id}.toml"
    try:
        values = tomllib.loads(text[:_LONGEST_FILE])
    except tomllib.TOMLDecodeError as error:
        raise InputError(source, [_unreadable(str(error))]) from None
    mistakes = Mistakes(lines_of(text))
    file = Table(values, "", mistakes)
    if not _NAME.fullmatch(flow_id):
        mistakes.add("", f'"{flow_id}" is no name for a flow: small letters, digits and _, as in review_invitation')
    flow = flow_of(flow_id, text, file)
    if problems := mistakes.told():
        raise InputError(source, problems)
    return flow


def flow_of(flow_id: str, text: str, file: Table) -> Flow:
    """The flow of a file's tables; what is wrong is kept with them, and has some default here."""
    file.only(_FILE_KEYS)
    trigger = _trigger(file.within("trigger"))
    kind = file.one_of("kind", get_args(Kind))
    enter, leave, send = file.within("enter"), file.within("exit"), file.within("send")
    enter.only(("only_if", "skip_if", "reenter"))
    leave.only(("on", "pause", "give_up_after"))
    send.only(("between", "timezone", "cap", "if_capped"))
    if kind == "transactional" and "cap" in send.values:
        send.wrong("cap", "receipts and notices know no cap; remove it")
    window = send.parsed("between", _window)
    return Flow(
        id=flow_id,
        name=file.text("name", needed='say what it is, as in name = "Review invitation"'),
        status=cast(Status, file.one_of("status", get_args(Status))),
        kind=cast(Kind, kind),
        trigger=trigger,
        steps=_steps(file, trigger.event, kind, window),
        only_if=_conditions(enter, "only_if", trigger.event),
        skip_if=_conditions(enter, "skip_if", trigger.event),
        reenter_after=enter.parsed("reenter", _reenter),
        exit_on=frozenset(leave.some_of("on", EVENTS, same=SAME)),
        pause=_pause(leave, kind),
        give_up_after=leave.parsed("give_up_after", _span),
        window=window,
        timezone=send.parsed("timezone", _timezone) or "recipient",
        cap=send.parsed("cap", _cap),
        if_capped=cast(Literal["wait", "skip"], send.one_of("if_capped", ("wait", "skip"), default="wait")),
        goal=file.one_of("goal", EVENTS, same=SAME) if "goal" in file.values else "",
        sender=file.text("sender"),
        tests=_cases(file),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def _trigger(table: Table) -> Trigger:
    table.only(("event", "per", "fallback"))
    event = table.one_of("event", EVENTS, same=SAME)
    per = table.one_of("per", get_args(Per))
    _fits(table, "per", event, per)
    fallback = table.within("fallback") if "fallback" in table.values else None
    return Trigger(event, cast(Per, per), _fallback(fallback, per) if fallback else None)


def _fallback(table: Table, per: str) -> Fallback:
    table.only(("event", "home", "abroad"))
    event = table.one_of("event", EVENTS, same=SAME)
    _fits(table, "event", event, per)
    if "home" not in table.values:
        table.wrong("home", 'it is missing; say after how long, as in home = "12d", abroad = "21d"')
    return Fallback(event, _home_and_abroad(table))


def _fits(table: Table, key: str, event: str, per: str) -> None:
    """Whether an Event of this kind names such a subject: all name a customer, and all but few an order."""
    if not event or not per:
        return
    subject = subject_of(event)
    fitting = {subject, "customer"} | ({"order"} if subject not in ("conversation", "customer") else set())
    if per not in fitting:
        table.wrong(key, f"{event} names no {per}; it can be per {', '.join(sorted(fitting))}")


def _steps(file: Table, event: str, kind: str, window: Interval | None) -> tuple[Step, ...]:
    steps = [_step(table, event, kind, window) for table in file.each("step")]
    if not steps and not file.values.get("step"):
        file.wrong("step", "there is none; write [[step]] with id, wait and send")
    seen: set[str] = set()
    for number, step in enumerate(steps, 1):
        if step.id and step.id in seen:
            file.mistakes.add(f"step.{number}.id", f'[[step]] {number} id: "{step.id}" stands there twice')
        seen.add(step.id)
    return tuple(steps)


def _step(table: Table, event: str, kind: str, window: Interval | None) -> Step:
    table.only(_STEP_KEYS)
    if kind == "feedback" and "coupon" in table.values:
        table.wrong("coupon", "who is asked for an opinion is given nothing for it; remove it, or make it marketing")
    at = table.parsed("at", _minute)
    if at is not None and window and not window.start <= at < window.end:
        table.wrong("at", f"it lies outside of [send] between, which is {say(window)}")
    return Step(
        id=_named(table, "id", "it tells this step from the others and never changes once the flow runs"),
        send=_named(table, "send", "write the mail's name in templates/lifecycle/"),
        wait=_wait(table),
        at=at,
        condition=_condition(table, "if", event),
        coupon=table.text("coupon"),
        expires=table.parsed("expires", _span),
    )


def _named(table: Table, key: str, needed: str) -> str:
    name = table.text(key, needed=needed)
    if name and (not _NAME.fullmatch(name) or len(name) > _LONGEST_ID):
        table.wrong(key, f'"{name}" is no name: at most {_LONGEST_ID} small letters, digits and _')
    return name


def _wait(table: Table) -> Lapses:
    if isinstance(table.values.get("wait"), dict):
        both = table.within("wait")
        both.only(("home", "abroad"))
        return _home_and_abroad(both)
    both_alike = table.parsed("wait", _lapse) or Lapse()
    return Lapses(both_alike, both_alike)


def _home_and_abroad(table: Table) -> Lapses:
    home = table.parsed("home", _lapse) or Lapse()
    return Lapses(home, table.parsed("abroad", _lapse) or home)


def _pause(table: Table, kind: str) -> frozenset[str]:
    """While something is open nobody is asked for an opinion, and nothing is sold, whatever the file says."""
    named = frozenset(table.some_of("pause", OPEN_MATTERS))
    return named if kind == "transactional" else frozenset(OPEN_MATTERS)


def _conditions(table: Table, key: str, event: str) -> tuple[str, ...]:
    found = tuple(table.texts(key))
    _tell(table, key, found, event)
    return found


def _condition(table: Table, key: str, event: str) -> str:
    condition = table.text(key)
    _tell(table, key, (condition,) if key in table.values else (), event)
    return condition


def _tell(table: Table, key: str, conditions: Iterable[str], event: str) -> None:
    for condition in conditions:
        for words in condition_mistakes(condition, event):
            table.wrong(key, words)


def _cases(file: Table) -> tuple[Case, ...]:
    return tuple(parse_case(table) for table in file.each("test"))


def _lapse(text: str) -> Lapse:
    if days := re.fullmatch(r"(\d{1,3})\s*bd", text):
        return Lapse(business_days=int(days[1]))
    return Lapse(_span(text, hint="6h, 3d or 3bd (business days)"))


def _span(text: str, hint: str = "6h or 3d") -> timedelta:
    try:
        span = parse_span(text)
    except ValueError:
        raise ValueError(f'"{text}" is no span of time; write it as in {hint}') from None
    if span > _LONGEST:
        raise ValueError(f'"{text}" is longer than ten years')
    return span


def _reenter(text: str) -> timedelta | None:
    if text == "never":
        return None
    word, _, span = text.partition(" ")
    if word != "after" or not span:
        raise ValueError(f'"{text}" says nothing; write "never", or as in "after 90d"')
    return _span(span, hint='"after 90d"')


def _minute(text: str) -> int:
    time = parse_time_of_day(text)
    return time.hour * 60 + time.minute


def _window(text: str) -> Interval:
    (window,) = parse_intervals([text])
    return window


def _timezone(text: str) -> str:
    if text not in ("recipient", "shop"):
        try:
            parse_zone(text)
        except ValueError:
            raise ValueError(f'"{text}" is none; write "recipient", "shop" or a zone as in "Europe/Berlin"') from None
    return text


def _cap(text: str) -> Cap:
    match = re.fullmatch(r"(\d{1,4}) per (\S+)", text)
    if not match or int(match[1]) < 1:
        raise ValueError(f'"{text}" is no cap; write it as in "1 per 24h"')
    span = _span(match[2], hint='"1 per 24h"')
    if not span:
        raise ValueError(f'"{text}": within no time nothing is too much; write it as in "1 per 24h"')
    return Cap(int(match[1]), span)


def _unreadable(words: str) -> str:
    """What the TOML reader says, in the form of our own mistakes."""
    place = _AT_LINE.search(words)
    return f"line {place[1] if place else 1}: it is not TOML: {_AT_LINE.sub('', words)}"
