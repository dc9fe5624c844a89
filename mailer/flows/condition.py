"""A flow's conditions: one expression each, in the sandbox of the mails, and only of names that are known."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mailer.errors import InputError
from mailer.flows.values import NAMES, data_names
from mailer.rendering.environment import expression_reads, is_true

_LONGEST = 500


def holds(condition: str, values: Mapping[str, Any]) -> bool:
    """Whether it is true of these values. Raises InputError when it cannot be worked out, with the reason."""
    if len(condition) > _LONGEST:
        raise InputError(f'"{condition[:40]}..."', [f"it is longer than {_LONGEST} characters"])
    try:
        return is_true(condition, values)
    except InputError as error:
        raise InputError(f'"{condition}"', error.problems) from None


def mistakes(condition: str, event: str) -> list[str]:
    """What is wrong with a condition of a flow that this kind of Event triggers, without any values."""
    if not condition.strip():
        return ["an empty condition says nothing; remove it"]
    if len(condition) > _LONGEST:
        return [f"a condition has at most {_LONGEST} characters; split it into several"]
    try:
        paths = expression_reads(condition)
    except InputError as error:
        return [f'"{condition}" is no condition: {error.problems[0]}']
    known = {f"{group}.{name}" for group, names in NAMES.items() for name in names}
    known |= {f"event.{name}" for name in data_names(event)}
    return [_unknown(condition, path, known) for path in paths if path not in known]


def _unknown(condition: str, path: str, known: set[str]) -> str:
    group = path.partition(".")[0]
    close = get_close_matches(path, known, n=1)
    same = sorted(name for name in known if name.startswith(f"{group}."))
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(same or sorted({*NAMES, 'event'}))}"
    return f'"{condition}" reads {path}, which conditions do not know; {hint}'
