"""What stands under a person's words and is not one of them: signatures, footers, legal text.

Only what is surely one of these is named; a line that may be the customer's stays theirs.
"""

import re
from collections.abc import Sequence

from mailer.inbound.quote_words import words

_LONGEST = 160
_SIGNATURE_LINES = 25
_CARD_LINES = 10
_FOOTER_LINES = 6
# Nothing that stands further below belongs to the line above.
_FAR = 30
_LEGAL_CHARACTERS = 80
_LEGAL_PHRASES = 3

_PHONE = re.compile(r"\+?[\d(][\d\s()/.\-–]{5,24}\d")
_LINK = re.compile(r"<[^<>]{0,400}>|\([^()]{0,400}\)")
_EDGES = " \t*_~|/,.;:!-–—…•'\"“”()[]"
_PARTICLES = frozenset(
    {
        "de",
        "da",
        "di",
        "do",
        "dos",
        "du",
        "van",
        "von",
        "der",
        "den",
        "ten",
        "la",
        "le",
        "y",
        "e",
        "i",
        "og",
        "och",
        "of",
    }
    | {"und", "and", "for", "zu", "af"}
)


class Tails:
    """Finds the tails among the lines of one mail: `bare` are the lines without blanks at their ends."""

    def __init__(self, bare: Sequence[str]) -> None:
        self._bare = bare
        # Lines are asked about again and again from those above them.
        self._cards: dict[str, bool] = {}
        self._reached: dict[str, bool] = {}

    def signature(self, start: int, end: int) -> list[int]:
        """Which of these lines of one writer are a signature."""
        found = [number for number in range(start, end) if is_mobile(self._bare[number])]
        dashes = next((number for number in range(start, end) if self._bare[number] in ("--", "-- ")), None)
        if dashes is not None:
            found.extend(self._below_dashes(dashes, start, end))
        known = set(found)
        for number in range(start, end):
            if number not in known and self._bare[number]:
                found.extend(self._closing(number, end) or self._footer(number, end))
        return found

    def legal(self, start: int, end: int) -> list[int]:
        """Which of these lines of one writer are legal text or a scanner's advertisement."""
        return [
            number
            for begin, behind in self._paragraphs(start, end)
            if self._is_legal(begin, behind)
            for number in range(begin, behind)
        ]

    def _below_dashes(self, dashes: int, start: int, end: int) -> list[int]:
        found = [dashes]
        paragraphs = self._paragraphs(dashes + 1, end)
        written_above = any(self._bare[start:dashes])
        long = sum(map(bool, self._bare[dashes:end])) > _SIGNATURE_LINES
        for index, (begin, behind) in enumerate(paragraphs):
            # Who answers under their own signature, or begins a postscript, is not signing any more.
            if (index and (long or not written_above)) or self._speaks(begin, behind):
                break
            found.extend(range(begin, behind))
        return found if len(found) > 1 or not paragraphs else []

    def _speaks(self, begin: int, behind: int) -> bool:
        first = self._bare[begin].lower()
        asks = any("?" in line and "://" not in line for line in self._bare[begin:behind])
        return asks or first.startswith(("ps", "p.s", "p.p.s"))

    def _closing(self, number: int, end: int) -> list[int]:
        """The lines of a closing with a name and a card under it."""
        strength = _closing_strength(self._bare[number])
        if not strength:
            return []
        card = [at for at in range(number + 1, min(end, number + 1 + _CARD_LINES)) if self._bare[at]]
        kept = next((index for index, at in enumerate(card) if not self._is_card(self._bare[at])), len(card))
        card = card[:kept]
        if not card and any(self._bare[number + 1 : min(end, number + _FAR)]):
            return []
        has_reach = any(self._reaches(self._bare[at]) for at in card)
        return [number, *card] if strength == 2 or has_reach else []

    def _footer(self, number: int, end: int) -> list[int]:
        """A ruled line with nothing but names and addresses under it, down to the end: a mailing list's footer."""
        if not is_rule(self._bare[number]):
            return []
        below = [at for at in range(number + 1, min(end, number + _FAR)) if self._bare[at]]
        short = all(len(self._bare[at]) < 90 and self._bare[at][-1] not in ".?!:" for at in below)
        reached = sum(self._reaches(self._bare[at]) for at in below)
        return (
            [number, *below] if short and reached >= 2 and len(below) <= _FOOTER_LINES and end - number < _FAR else []
        )

    def _is_card(self, line: str) -> bool:
        """A line of a calling card: a name, a title, a telephone, an address in the net."""
        if line not in self._cards:
            self._cards[line] = self._reaches(line) or is_name(line)
        return self._cards[line]

    def _reaches(self, line: str) -> bool:
        if line not in self._reached:
            self._reached[line] = reaches(line)
        return self._reached[line]

    def _paragraphs(self, start: int, end: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        begin: int | None = None
        for number in range(start, end):
            if self._bare[number] and begin is None:
                begin = number
            elif not self._bare[number] and begin is not None:
                found.append((begin, number))
                begin = None
        return [*found, (begin, end)] if begin is not None else found

    def _is_legal(self, begin: int, behind: int) -> bool:
        text = " ".join(self._bare[begin:behind]).lower()
        if len(text) < 600 and any(phrase in text for phrase in words().legal_alone) and behind - begin <= 4:
            return True
        said = sum(phrase in text for phrase in words().legal_says)
        if text.lstrip(_EDGES).startswith(words().legal_begins):
            return said >= 1 and len(text) > _LEGAL_CHARACTERS
        return said >= _LEGAL_PHRASES and len(text) > _LEGAL_CHARACTERS


def is_mobile(line: str) -> bool:
    """`Sent from my iPhone` and what other programs put under a mail of their own accord."""
    if not 5 < len(line) < _LONGEST:
        return False
    flat = line.replace("[", "").replace("]", "")
    if not _may_be_mobile(flat.lower()):
        return False
    plain = _LINK.sub(" ", flat).strip(_EDGES)
    low = plain.lower()
    linked = "://" in line or len(plain) < len(flat.strip(_EDGES))
    return _from_my(plain, low) or _from_a(plain, low, linked=linked) or _behind(low)


def _may_be_mobile(low: str) -> bool:
    known = words()
    begin = low.lstrip(_EDGES)
    return begin.startswith((*known.from_my, *known.from_a, *(pair[0] for pair in known.around))) or any(
        phrase in low for phrase in known.behind
    )


def _from_my(plain: str, low: str) -> bool:
    prefix = next((phrase for phrase in words().from_my if low.startswith(phrase)), "")
    product = plain[len(prefix) :].strip()
    if not prefix or not product or not _is_product_long(product, 7):
        return False
    return product[0].isupper() or product[0].isdigit() or _has_device(product.lower())


def _from_a(plain: str, low: str, *, linked: bool) -> bool:
    prefix = next((phrase for phrase in sorted(words().from_a, key=len, reverse=True) if low.startswith(phrase)), "")
    product = plain[len(prefix) :].strip()
    if not prefix or not product or not _is_product_long(product, 6):
        return False
    camel = any(char.isupper() for word in product.split() for char in word[1:])
    return linked or camel or _has_device(product.lower())


def _behind(low: str) -> bool:
    low = low.rstrip(_EDGES)
    if any(low.startswith(begin) and low.endswith(end) and _has_device(low) for begin, end in words().around):
        return len(low.split()) <= 10
    ends = next((phrase for phrase in words().behind if low.endswith(phrase)), "")
    return bool(ends) and len(low) < 60 and _has_device(low[: -len(ends)])


def _is_product_long(product: str, most: int) -> bool:
    pieces = product.split()
    if len(pieces) > most or any(sign in product for sign in ("? ", "! ", ". ", "; ")):
        return False
    # A comma begins a sentence's second half, unless all is names: "Verizon, Samsung Galaxy smartphone".
    return ", " not in product or all(piece[0].isupper() or _has_device(piece.lower()) for piece in pieces)


def _has_device(low: str) -> bool:
    pieces = re.split(r"[^\w.\-'’]+", low)
    known = words().devices
    return (
        any(piece.strip(".") in known for piece in pieces)
        or any(piece.startswith(("iphone", "ipad", "outlook", "android", "yahoo")) for piece in pieces)
        or any(device in low for device in known if ord(device[0]) > 0x2E80)
    )


def _closing_strength(line: str) -> int:
    """2 for words that only close a letter, 1 for those that may mean what they say, 0 for any others."""
    if len(line) > 70:
        return 0
    low = " ".join(line.lower().strip(_EDGES).split())
    if low in words().closings:
        return 2
    if low in words().weak_closings:
        return 1
    begin, _, name = line.partition(",")
    if begin.lower().strip(_EDGES) in words().closings and name.strip() and is_name(name.strip()):
        return 2
    return 0


def is_name(line: str) -> bool:
    """Capitalised words without digits; in scripts without capitals, a few signs."""
    line = line.strip(_EDGES)
    if not line or len(line) > 60 or any(map(str.isdigit, line)) or any(sign in line for sign in "?!:;#。？！，"):
        return False
    pieces = [piece for piece in re.split(r"[\s,/|@&+\-–.]+", line) if piece]
    if ord(line[0]) > 0x2E80:
        return len(line) <= 6
    return len(pieces) <= 7 and all(_is_capital(piece) for piece in pieces)


def _is_capital(piece: str) -> bool:
    return piece[0].isupper() or piece.lower() in _PARTICLES or not piece[0].isalpha()


def reaches(line: str) -> bool:
    """A telephone number, an address of mail or web, perhaps with its label."""
    if len(line) > 100:
        return False
    pieces = line.split()
    if len(pieces) <= 4 and any(
        ("@" in one and "." in one) or one.startswith(("http", "www.", "<http")) for one in pieces
    ):
        return True
    label, _, value = line.rpartition(":") if "://" not in line else ("", "", line)
    if label.strip(_EDGES).lower() not in words().phones and label:
        return False
    if not label and pieces and pieces[0].lower().strip(_EDGES) in words().phones:
        value = line[len(pieces[0]) :]
    return (
        _PHONE.fullmatch(value.strip(" .")) is not None
        and sum(map(str.isdigit, value)) >= 7
        and (bool(label) or value != line or "+" in value or value.strip()[0] in "0(")
    )


def is_rule(line: str) -> bool:
    """A line drawn of one sign."""
    return len(line) >= 2 and not line.strip("-_=*—–") and len(set(line)) == 1


def is_closing(line: str) -> bool:
    """Whether a line closes a letter."""
    return _closing_strength(line) == 2
