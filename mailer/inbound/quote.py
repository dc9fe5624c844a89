"""Which lines of a mail did its sender write? Each line gets a name, none is lost: what is folded can be opened again.

Read in this order: quote_words (what mail programs write, by language), quote_heads (where a quoted mail begins),
quote_tails (signatures and legal text), quote_html (quotes that are told by HTML). One pass over the lines, no
backtracking. When unsure, a line is the customer's own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

from mailer.inbound.quote_heads import Heads, is_divider
from mailer.inbound.quote_html import Region, unmark
from mailer.inbound.quote_tails import Tails, is_closing, is_mobile

# As far as a person writes. Behind it a line is what the last line before it was, and quoted where it says so itself.
MAX_LINES = 2_000
MAX_CHARACTERS = 64_000
# A longer line is prose: its beginning is enough to know that.
_LOOK = 1_000
# Where programs that wrap quoted lines cut them.
_WRAP = 74
_BLANKS = " \t\r\f\v\xa0\u3000\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202c"


class Label(StrEnum):
    """Whose a line is."""

    OWN = "own"
    QUOTED = "quoted"
    ATTRIBUTION = "attribution"
    SIGNATURE = "signature"
    DISCLAIMER = "disclaimer"


@dataclass(frozen=True)
class Labelled:
    """A mail's lines with their labels; the lines joined by line feeds are the text that was given."""

    own_words: str
    signature: str
    quoted: str
    lines: tuple[tuple[Label, str], ...]


def own_words(text: str) -> str:
    """What the sender wrote for this mail; empty when all of it is quoted."""
    return label(text).own_words


def label(text: str, *, marked: bool = False) -> Labelled:
    """Name each line of a mail's text.

    `marked` says that the text was made of HTML that went through quote_html.mark_quotes; the marks are taken out.
    Behind MAX_LINES and MAX_CHARACTERS neighbours of one label come as one entry.
    """
    lines, regions = unmark(text) if marked else (text.split("\n", MAX_LINES), [])
    looked = _looked_at(lines)
    sheet = _Sheet(lines[:looked], regions[:looked])
    labels = sheet.labels()
    beyond = _beyond(lines[looked:], regions[looked:], in_quote=sheet.ends_quoted)
    named = (*zip(labels, lines[:looked], strict=True), *beyond)
    return Labelled(
        own_words=_joined(named, Label.OWN),
        signature=_joined(named, Label.SIGNATURE, Label.DISCLAIMER),
        quoted=_joined(named, Label.ATTRIBUTION, Label.QUOTED),
        lines=named,
    )


class _Sheet:
    """The lines of one mail while they are named."""

    def __init__(self, lines: Sequence[str], regions: Sequence[Region]) -> None:
        self._bare = [line[:_LOOK].strip(_BLANKS) for line in lines]
        self._regions = regions or [Region.NONE] * len(lines)
        self._marked = [self._is_marked(number) for number in range(len(lines))]
        self._tails = Tails(self._bare)
        self._heads = Heads(self._bare, self._marked)
        self._labels = [Label.OWN] * len(lines)
        self.ends_quoted = False

    def labels(self) -> list[Label]:
        """The steps, in order."""
        self._name_quotes()
        for start, end in self._own_runs():
            self._name_tails(start, end)
        self._keep_a_lone_signature()
        return self._labels

    def _is_marked(self, number: int) -> bool:
        if self._regions[number] is Region.QUOTE:
            return True
        line = self._bare[number]
        if not line.startswith((">", "＞")):
            return False
        # A folded address may end so: `On Sunday Linen & Co <care@shop.test` and below it `> wrote:`.
        if number and line[1:].strip()[-1:] in ("", ":") and len(line) < 24:
            above = self._bare[number - 1]
            if above.rfind("<") > above.rfind(">") and "@" in above[above.rfind("<") :]:
                return False
        # What travels through an mbox file gets a mark before each line that begins with From.
        return not (line.startswith(">From ") and not self._has_marked_neighbour(number))

    def _has_marked_neighbour(self, number: int) -> bool:
        around = self._bare[max(0, number - 1) : number] + self._bare[number + 1 : number + 2]
        return any(line.startswith(">") for line in around)

    def _name_quotes(self) -> None:
        number = floor = 0
        while number < len(self._bare):
            if self._regions[number] is Region.REST:
                self._name_rest(number)
                return
            if self._marked[number] or self._is_wrapped(number):
                self._labels[number] = Label.QUOTED
                number = floor = number + 1
                continue
            head = self._heads.at(number, floor)
            if head is None:
                number += 1
                continue
            self._name_head(self._with_divider(head.start, floor), head.end)
            if head.rest and not self._is_answered_between(head.end):
                self._name_rest(head.end)
                return
            number = floor = head.end

    def _is_wrapped(self, number: int) -> bool:
        """The end of a quoted line that a program broke and did not mark again."""
        if not 0 < number < len(self._bare) - 1 or not (self._marked[number - 1] and self._marked[number + 1]):
            return False
        above, line = self._bare[number - 1], self._bare[number]
        if self._regions[number - 1] is Region.QUOTE or not line[:1].islower() or above[-1:] in ".!?:;":
            return False
        return len(above) + 1 + len(line.split()[0]) > _WRAP

    def _with_divider(self, start: int, floor: int) -> int:
        above = start - 1
        while above >= floor and not self._bare[above]:
            above -= 1
        return above if above >= floor and start - above <= 3 and is_divider(self._bare[above]) else start

    def _is_answered_between(self, number: int) -> bool:
        """Marked lines below, of the mail that the head names: then lines without marks are answers."""
        marked = self._heads.next_marked(number)
        return marked is not None and not any(self._heads.at(between, number) for between in range(number, marked))

    def _name_head(self, start: int, end: int) -> None:
        self._labels[start:end] = [Label.ATTRIBUTION] * (end - start)

    def _name_rest(self, number: int) -> None:
        self._labels[number:] = [Label.QUOTED] * (len(self._labels) - number)
        self.ends_quoted = True

    def _own_runs(self) -> list[tuple[int, int]]:
        runs: list[tuple[int, int]] = []
        start: int | None = None
        for number, one in enumerate([*self._labels, Label.QUOTED]):
            if one is Label.OWN and start is None:
                start = number
            elif one is not Label.OWN and start is not None:
                runs.append((start, number))
                start = None
        return runs

    def _name_tails(self, start: int, end: int) -> None:
        signed = {number for number in range(start, end) if self._regions[number] is Region.SIGNATURE}
        signed.update(self._tails.signature(start, end))
        legal = self._tails.legal(start, end)
        self._name(signed, Label.SIGNATURE)
        self._name(legal, Label.DISCLAIMER)
        self._name(self._gaps(sorted({*signed, *legal})), Label.SIGNATURE)

    def _name(self, numbers: Iterable[int], one: Label) -> None:
        for number in numbers:
            self._labels[number] = one

    def _gaps(self, named: Sequence[int]) -> Iterator[int]:
        """The blank lines between lines of a signature."""
        for above, below in pairwise(named):
            if not any(self._bare[above + 1 : below]):
                yield from range(above + 1, below)

    def _keep_a_lone_signature(self) -> None:
        """A mail that is nothing but a closing and a name says that; and some write into their signature's element."""
        if any(one is Label.OWN and bare for one, bare in zip(self._labels, self._bare, strict=True)):
            return
        signed = [number for number, one in enumerate(self._labels) if one is Label.SIGNATURE and self._bare[number]]
        if signed and (is_closing(self._bare[signed[0]]) or self._regions[signed[0]] is Region.SIGNATURE):
            self._name((number for number in signed if not is_mobile(self._bare[number])), Label.OWN)


def _looked_at(lines: Sequence[str]) -> int:
    characters = 0
    for number, line in enumerate(lines[:MAX_LINES]):
        characters += len(line) + 1
        if characters > MAX_CHARACTERS:
            # A first line that is longer than all that is looked at is one line still.
            return max(number, 1)
    return min(len(lines), MAX_LINES)


def _beyond(lines: Sequence[str], regions: Sequence[Region], *, in_quote: bool) -> Iterator[tuple[Label, str]]:
    """Lines that nobody looks at: quoted where they say so, or where a mail without marks was being quoted."""
    rest = "\n".join(lines)
    if not lines or in_quote or not (regions or rest.startswith(">") or "\n>" in rest):
        yield from [(Label.QUOTED if in_quote else Label.OWN, rest)] if lines else []
        return
    single = lines if regions else rest.split("\n")
    told = zip(single, regions, strict=True) if regions else ((line, Region.NONE) for line in single)
    quoted = [line.startswith(">") or region is not Region.NONE for line, region in told]
    start = 0
    for is_quoted, group in groupby(quoted):
        end = start + len(list(group))
        yield Label.QUOTED if is_quoted else Label.OWN, "\n".join(single[start:end])
        start = end


def _joined(named: Sequence[tuple[Label, str]], *wanted: Label) -> str:
    return "\n".join(line for one, line in named if one in wanted).strip()
