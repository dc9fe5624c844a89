"""The values of a flow that people turn without touching the rest of its text: status, waits, windows, caps, ends.

Comments and order stay: one line is changed, put in or taken out. Whether the result is fit is asked of the parser.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from mailer.errors import InputError
from mailer.flows.definition import Status
from mailer.flows.lines import lines_of

_ASSIGNED = re.compile(r"\s*[\w-]+\s*=\s*")
# Beside the number of a step: how long within the country of the shop and beyond.
_WAITS = ("home", "abroad")
OF_ALL = ("status", "send.between", "send.cap", "send.if_capped", "exit.give_up_after")
OF_FALLBACK = ("trigger.fallback.home", "trigger.fallback.abroad")
OF_STEP = ("wait.home", "wait.abroad", "at", "expires")
CHOICES: Mapping[str, tuple[str, ...]] = {"status": get_args(Status), "send.if_capped": ("", "wait", "skip")}


@dataclass(frozen=True)
class Dial:
    """One value: where it stands ("step.2.wait.home"), what it says now, and what it may say, where that is a few."""

    place: str
    value: str
    choices: tuple[str, ...] = ()

    @property
    def step(self) -> int:
        """The number of its step; 0 for a value of the whole flow."""
        return int(self.place.split(".")[1]) if self.place.startswith("step.") else 0

    @property
    def name(self) -> str:
        """What it is, without the number of its step."""
        return self.place.split(".", 2)[2] if self.step else self.place


def dials(text: str) -> list[Dial]:
    """What can be turned in this text; nothing in one that is no TOML."""
    values = _values(text)
    return [Dial(place, _value(values, place), CHOICES.get(place, ())) for place in _places(values)]


def turned(text: str, wanted: Mapping[str, str]) -> str:
    """The text with these values. Raises InputError for a place that is none, or that cannot be changed by itself."""
    known = {one.place: one.value for one in dials(text)}
    if strange := sorted(wanted.keys() - known.keys()):
        raise InputError("values", [f"{place}: there is no such value in this flow" for place in strange])
    changed = {place: said.strip() for place, said in wanted.items() if said.strip() != known[place]}
    for place in _lines_of_waits(changed):
        both = [changed.pop(f"{place}.{name}", known[f"{place}.{name}"]) for name in _WAITS]
        text = _set(text, place, _spans(place, both, _values(text)))
    for place, said in changed.items():
        text = _set(text, place, json.dumps(said, ensure_ascii=False) if said else "")
    return text


def with_expectations(text: str, expected: Mapping[int, list[str]]) -> str:
    """The text with what these of its own tests expect, by their number. Raises InputError where it cannot be put."""
    for number, lines in expected.items():
        text = _set(text, f"test.{number}.expect", json.dumps(lines, ensure_ascii=False))
    return text


def _places(values: Mapping[str, Any]) -> Iterator[str]:
    if not values:
        return
    yield from OF_ALL
    if isinstance(values.get("trigger"), dict) and isinstance(values["trigger"].get("fallback"), dict):
        yield from OF_FALLBACK
    steps = values.get("step")
    for number, _ in enumerate(steps if isinstance(steps, list) else (), 1):
        yield from (f"step.{number}.{name}" for name in OF_STEP)


def _values(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _value(values: Any, place: str) -> str:
    """What stands there, as people write it; a wait without places is the same for both."""
    head, _, rest = place.partition(".")
    if isinstance(values, str) and place in _WAITS:
        return values if place == "home" else ""
    if isinstance(values, list):
        return _value(values[int(head) - 1], rest)
    found = values.get(head, "") if isinstance(values, dict) else ""
    if rest:
        return _value(found, rest)
    return found if isinstance(found, str) else str(found)


def _lines_of_waits(changed: Mapping[str, str]) -> list[str]:
    """The keys whose value holds both places."""
    return sorted({place.rpartition(".")[0] for place in changed if place.rpartition(".")[2] in _WAITS})


def _spans(place: str, both: list[str], values: Mapping[str, Any]) -> str:
    home, abroad = both
    if place.endswith("fallback"):
        kept = [f"event = {json.dumps(_value(values, f'{place}.event'))}"]
    elif not abroad or abroad == home:
        return json.dumps(home, ensure_ascii=False) if home else ""
    else:
        kept = []
    kept += [
        f"{name} = {json.dumps(said, ensure_ascii=False)}" for name, said in zip(_WAITS, both, strict=True) if said
    ]
    return f"{{ {', '.join(kept)} }}"


def _set(text: str, place: str, value: str) -> str:
    """One key with another value, a new key, or without it; the remark behind it stays."""
    lines, at = text.split("\n"), lines_of(text)
    table, _, key = place.rpartition(".")
    number = at.get(place)
    if number is None and not value:
        return text
    if number is None:
        return _put_in(lines, at, table, f"{key} = {value}")
    assigned = _ASSIGNED.match(lines[number - 1])
    behind = _behind(lines[number - 1][assigned.end() :]) if assigned else None
    if assigned is None or behind is None:
        raise InputError(place, [f"line {number}: the value goes over several lines; change it in the whole text"])
    if value:
        gap = " " if behind and not behind.startswith(" ") else ""
        lines[number - 1] = f"{lines[number - 1][: assigned.end()]}{value}{gap}{behind}".rstrip()
    else:
        del lines[number - 1]
    return "\n".join(lines)


def _put_in(lines: list[str], at: Mapping[str, int], table: str, line: str) -> str:
    """Below the last key of its table; a table that is not there yet is put before the first step."""
    inside = [
        number for name, number in at.items() if name.rpartition(".")[0] == table and "." not in name[len(table) + 1 :]
    ]
    if table and table not in at:
        first = min((number for name, number in at.items() if name == "step.1"), default=len(lines) + 1)
        lines[first - 1 : first - 1] = [f"[{table}]", line, ""]
    else:
        after = max([*inside, at.get(table, 0)])
        lines.insert(after, line)
    return "\n".join(lines)


def _behind(rest: str) -> str | None:
    """What stands behind the value of a line: a remark, or nothing; None when the value does not end there."""
    ends = range(1, len(rest) + 1)
    return next((rest[end:] for end in ends if _is_remark(rest[end:]) and _is_value(rest[:end])), None)


def _is_value(text: str) -> bool:
    try:
        tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return False
    return True


def _is_remark(text: str) -> bool:
    return not text.strip() or text.lstrip().startswith("#")
