"""What stands in a text instead of something that nobody filled in: no customer is to read it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.rendering.marked import Mark

# {{ order.number }}, {% if %}; [order.number], [..], [___], [your name], [ORDER NUMBER]; XXX, TODO, ____.
_GAPS = re.compile(
    r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}|\{\{|\}\}|\{%|%\}"
    r"|\[[a-z][a-z_]*(?:\.[a-z0-9_*]+)+\]"
    r"|\[(?:\s|\.|…|_|\?|x|X|-)*\]"
    r"|\[(?:insert|your|enter|add|fill in|todo|tbd)\b[^\]\n]{0,60}\]"
    r"|\[[A-Z][A-Z _]{2,40}\]"
    r"|(?<![\w-])X{3,}(?![\w-])|(?<!\w)(?:TODO|TBD|FIXME)(?!\w)|_{3,}"
)


@dataclass(frozen=True)
class Gap:
    """A place where something is missing."""

    start: int
    end: int
    words: str


def gaps(text: str, marks: Sequence[Mark] = ()) -> list[Gap]:
    """Each such place; what a fact printed is a value, whatever it looks like."""
    found = (Gap(match.start(), match.end(), match[0]) for match in _GAPS.finditer(text))
    return [one for one in found if not any(mark.start <= one.start and one.end <= mark.end for mark in marks)]
