"""Where does a quoted mail begin? Attributions, header blocks and separators, in every language that words/ knows.

Each look is at a few short lines, so the whole is linear in the text, whatever stands in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mailer.inbound.quote_words import words

# Mail programs fold an attribution at about 76 characters; four lines hold the longest names.
_FOLDS = 4
_LONGEST_LINE = 500
_LONGEST_HEAD = 1000
# A header block: its lines at most, and those of one folded value.
_BLOCK_LINES = 20
_VALUE_LINES = 3
_DASHES = "-_=*#~—–―─ \t"

_TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h時时點点시]\s?[0-5]\d")
_DAY = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d)(?!\d)|\d年\s?\d{1,2}月|\d년\s?\d{1,2}월"
)
_TELLING = re.compile(r"[\d@]")
_BRACKETED = re.compile(r"[<(\[][^\s<>()\[\]]{0,120}@")
_FIELD = re.compile(r"[^\s:：][^:：\n]{0,28}[:：]")
_INLINE_FIELDS = 3


@dataclass(frozen=True)
class Head:
    """The lines that introduce a quoted mail; `rest` says that what follows is quoted though it bears no marks."""

    start: int
    end: int
    rest: bool


class Heads:
    """Finds the heads among the lines of one mail: `bare` are the lines without blanks at their ends."""

    def __init__(self, bare: Sequence[str], marked: Sequence[bool]) -> None:
        self._bare = bare
        self._marked = marked
        self._roles = [roles_of(line) for line in bare]
        # An attribution says when, or from which address.
        self._telling = [len(line) <= _LONGEST_LINE and _TELLING.search(line) is not None for line in bare]
        self._next_marked = _distances(marked)

    def at(self, number: int, floor: int) -> Head | None:
        """The head that begins, or in an attribution's case ends, at this line and reaches up to `floor` at most."""
        line = self._bare[number]
        if not line:
            return None
        return self._separator(number) or self._block(number, floor) or self._attribution(number, floor)

    def _separator(self, number: int) -> Head | None:
        if not is_separator(self._bare[number]):
            return None
        below = self._next_text(number + 1)
        end = self._block_end(below, after_separator=True) if below < len(self._bare) else 0
        return Head(number, end or number + 1, rest=not self._marks_follow(end or number + 1))

    def _block(self, number: int, floor: int) -> Head | None:
        if not self._roles[number]:
            return None
        divided = number > floor and is_divider(self._above_text(number, floor))
        end = self._block_end(number, after_separator=divided)
        return Head(number, end, rest=not self._marks_follow(end)) if end else None

    def _block_end(self, number: int, *, after_separator: bool) -> int:
        """The line behind a header block that begins here; 0 when none does."""
        if not self._roles[number] or self._marked[number]:
            return 0
        said: set[str] = set()
        address = folded_address = False
        end = number
        for at in range(number, min(number + _BLOCK_LINES, len(self._bare))):
            line = self._bare[at]
            if self._marked[at] or at - end > _VALUE_LINES:
                break
            folded_address = folded_address or "@" in line
            if self._roles[at]:
                said |= self._roles[at]
                end, address = at + 1, address or folded_address
        said.discard("other")
        # A label on a parcel has a From, a To and a Date as well.
        sure = after_separator or address or "subject" in said
        return end if sure and "from" in said and len(said) >= (2 if after_separator else 3) else 0

    def _attribution(self, number: int, floor: int) -> Head | None:
        if not ends_like_attribution(self._bare[number]):
            return None
        below = self._next_text(number + 1)
        marks = below < len(self._bare) and self._marked[below]
        start = self._attribution_start(number, floor, marks=marks)
        return None if start is None else Head(start, number + 1, rest=not marks)

    def _attribution_start(self, number: int, floor: int, *, marks: bool) -> int | None:
        if not any(self._telling[max(floor, number - _FOLDS + 1) : number + 1]):
            return number if marks and is_short_name(self._bare[number]) else None
        window = ""
        named_only: int | None = None
        for start in range(number, max(floor, number - _FOLDS + 1) - 1, -1):
            line = self._bare[start]
            window = f"{line} {window}".strip()
            if not line or len(window) > _LONGEST_HEAD:
                break
            said = Said(window)
            if said.is_complete(marks=marks):
                return self._unfolded(start, said, number, floor)
            if named_only is None and said.names_writer():
                named_only = start
        return (
            named_only if named_only is not None else (number if marks and is_short_name(self._bare[number]) else None)
        )

    def _unfolded(self, start: int, said: "Said", number: int, floor: int) -> int:
        """The head may begin higher: its date or its name stand on a line of their own."""
        while start > max(floor, number - _FOLDS + 1):
            above = self._bare[start - 1]
            if not above or above[-1] in "!?:;：。！？" or len(above) > 200:
                break
            higher = Said(above)
            names = higher.bracketed and not said.bracketed
            if not names and (said.opens_by_word or not (higher.opens_by_word and higher.dated)):
                break
            start, said = start - 1, higher
        return start

    def _above_text(self, number: int, floor: int) -> str:
        return next((self._bare[at] for at in range(number - 1, max(floor, number - 3) - 1, -1) if self._bare[at]), "")

    def _next_text(self, number: int) -> int:
        while number < len(self._bare) and not self._bare[number]:
            number += 1
        return number

    def _marks_follow(self, number: int) -> bool:
        below = self._next_text(number)
        return below < len(self._bare) and self._marked[below]

    def next_marked(self, number: int) -> int | None:
        """The next line from here on that bears a quote's mark."""
        return self._next_marked[number] if number < len(self._next_marked) else None


class Said:
    """What an attribution may say: who wrote, where from, when. Each is looked for when it is asked."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._low = text.lower()
        self._first = self._low.lstrip("-*>\"“'( ").split(None, 3)[:3]
        tail = text.rstrip("* ")
        self.colon = tail[-1:] in (":", "：")
        self.bracket_ends = tail.rstrip(" :：")[-1:] in (">", ")", "]")
        self.dashed = text[:2] == "--" and text[-2:] == "--"
        self.address = "@" in text

    @cached_property
    def opens(self) -> bool:
        """Whether it begins as mail programs begin: with a word for it, or with a date."""
        return self.opens_by_word or any(word[0].isdigit() for word in self._first) or "年" in self._low[:8]

    @cached_property
    def opens_by_word(self) -> bool:
        """`On`, `Am`, `Le` and the like."""
        return self._first[:1] != [] and self._first[0].rstrip(".,") in words().opens

    @cached_property
    def dated(self) -> bool:
        """A day or a time."""
        return self.time or self.day

    @cached_property
    def time(self) -> bool:
        """A time of day."""
        return _TIME.search(self._text) is not None

    @cached_property
    def day(self) -> bool:
        """A day, or its year."""
        return _DAY.search(self._text) is not None

    @cached_property
    def bracketed(self) -> bool:
        """An address as programs write it, in brackets."""
        return self.address and _BRACKETED.search(self._text) is not None

    @cached_property
    def wrote(self) -> bool:
        """That somebody wrote, and not the sender of this mail."""
        return _says(words().wrote, self._low) and not self._mine

    @cached_property
    def _mine(self) -> bool:
        return _says(words().mine, self._low)

    def is_complete(self, *, marks: bool) -> bool:
        """Whether it says enough that only a mail program can have written it."""
        if not (self.bracketed or self.dated):
            return False
        if not (self.colon or self.dashed or (self.bracketed and self.wrote)):
            # Gmail as it was until 2013: a date, a name, an address, and no verb.
            return marks and self.bracketed and self.bracket_ends and self.day and self.opens
        if self.bracketed and self.dated and self.wrote:
            return True
        full = self.time and self.day and self.opens
        if self._mine or not (full or marks):
            return False
        if marks or (self.bracketed and self.bracket_ends):
            return full or (self.wrote and self.dated)
        # Nothing below tells that it is quoted: a story may begin so, unless an address or dashes stand in it.
        return self.wrote and (self.address or self.dashed)

    def names_writer(self) -> bool:
        """`Linen & Co <care@shop.test> wrote:` needs no date."""
        return self.bracketed and self.colon and self.wrote


def ends_like_attribution(line: str) -> bool:
    """Whether a line may be the last of an attribution; cheap, asked of every line."""
    if len(line) > _LONGEST_LINE:
        return False
    if line.rstrip("* ")[-1:] in (":", "：") or (line[-1] == ">" and "@" in line):
        return True
    low = line.lower().rstrip(_DASHES)
    return low.endswith(words().wrote)


def is_short_name(line: str) -> bool:
    """`Linen & Co wrote:` right above marked lines: a name, each word with a capital, and nothing else."""
    low = line.lower().rstrip(": ：")
    verb = next((phrase for phrase in words().wrote if low.endswith(" " + phrase)), None)
    if verb is None or line[-1:] not in (":", "："):
        return False
    name = line[: len(low) - len(verb)].split()
    return 2 <= len(name) <= 5 and all(word[0].isupper() or not word[0].isalpha() for word in name)


def is_separator(line: str) -> bool:
    """`-----Original Message-----` and its like."""
    if not 5 < len(line) < 160:
        return False
    ruled, low = line[0] in "#-=*_—–─", line.lower()
    if not ruled and line[-1] not in ":：":
        return low.rstrip(" .").endswith(words().reply_above)
    inner = low.strip(_DASHES + "<>|")
    if ruled and any(phrase in inner for phrase in words().reply_above):
        return True
    phrase = inner.rstrip(" :：。")
    if inner != phrase or line[-1:] in ":：":
        return phrase in words().alone or (phrase in words().between_dashes and line[:2] == "--")
    return line[:2] in ("--", "__", "==", "**", "——", "──", "- ") and phrase in words().between_dashes


def is_divider(line: str) -> bool:
    """A ruled line, or words between dashes in a language that we do not know."""
    if len(line) < 2:
        return False
    inner = line.strip(_DASHES)
    return not inner or (line[:3] == "---" and line[-3:] == "---" and len(inner) < 60) or is_separator(line)


def roles_of(line: str) -> frozenset[str]:
    """Which fields of a header block a line holds: one or none, or all when a program made one line of the block."""
    found = _FIELD.match(line[:48].lstrip("*_ \t|"))
    role = found and words().fields.get(found.group().rstrip(":：").strip("* \t\xa0").lower(), "")
    return _roles_within(line, role) if role else frozenset()


def _roles_within(line: str, role: str) -> frozenset[str]:
    pieces = re.split(r"[:：]", line[:_LONGEST_HEAD], maxsplit=12)
    if len(pieces) < _INLINE_FIELDS:
        return frozenset({role})
    tails = [" ".join(piece.lower().split()[-2:]) for piece in pieces[1:-1]]
    known = words().fields
    found = {known.get(tail) or known.get(tail.rpartition(" ")[2]) for tail in tails}
    return frozenset({role, *(one for one in found if one)})


def _says(phrases: Sequence[str], low: str) -> bool:
    return any(_stands_in(phrase, low) for phrase in [one for one in phrases if one in low])


def _stands_in(phrase: str, low: str) -> bool:
    """Whether a phrase stands in a text as words of its own; scripts without spaces need none round it."""
    at = low.find(phrase)
    while at >= 0:
        before, behind = low[at - 1 : at], low[at + len(phrase) : at + len(phrase) + 1]
        if ord(phrase[0]) > 0x2E80 or not (before.isalnum() or behind.isalnum()):
            return True
        at = low.find(phrase, at + 1)
    return False


def _distances(marked: Sequence[bool]) -> list[int | None]:
    nearest: int | None = None
    found: list[int | None] = [None] * len(marked)
    for number in range(len(marked) - 1, -1, -1):
        nearest = number if marked[number] else nearest
        found[number] = nearest
    return found
