"""A text as terms, the same for both engines and for what people type.

A word is letters and digits without case and accents. Scripts without blanks become overlapping pairs of characters:
each character of a run begins a term, the last one stands alone, so that one character is found as a beginning.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

MOST_TERMS = 4_000
LONGEST = 40
# PostgreSQL keeps at most 255 places of a lexeme.
_MOST_OF_ONE = 255
_MOST_LETTERS = 100_000

# Han with its marks, kana, hangul; Thai, Lao, Burmese and Khmer write no blanks either.
RUNS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3131-\u318e\u31f0-\u31ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs of Indian scripts are no letters to `re`, yet part of their words.
_WORD = rf"(?:[^\W_{RUNS}]|[\u0900-\u0dff])+"
_TERM = re.compile(rf"(?P<run>[{RUNS}]+)|{_WORD}")
_FOREIGN = re.compile(rf"[^\x00-\x7f{RUNS}]+")
ADDRESS = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9][a-z0-9.-]{0,90}")
# AB-1001-X, 2026/1001, 00.340.434: numbers that people write with and without what joins them.
_CODE = re.compile(r"(?<![a-z0-9])[a-z0-9]{1,20}(?:[-./][a-z0-9]{1,20}){1,6}(?![a-z0-9])")
_MIXED = re.compile(r"[a-z]+[0-9]{3}[a-z0-9]*|[0-9]{3,}[a-z][a-z0-9]*")
_DIGITS = re.compile(r"[0-9]{3,}")


def plain(text: str) -> str:
    """A text in one Unicode form, without case and accents."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:_MOST_LETTERS]).casefold())
    return folded if folded.isascii() else _FOREIGN.sub(lambda found: _without_accents(found[0]), folded)


def terms(text: str) -> list[str]:
    """The terms of a text, one after the other as they stand there; `text` may be anything."""
    return list(_terms(plain(text)))


def wholes(text: str) -> list[str]:
    """What is also looked for in one piece or in parts: addresses, joined numbers, numbers within words."""
    bare = plain(text)
    found = [one.rstrip(".-") for one in ADDRESS.findall(bare)]
    codes = (one for one in _CODE.findall(bare) if any(letter.isdigit() for letter in one))
    found += [re.sub(r"[-./]", "", code)[:LONGEST] for code in codes]
    found += [digits for word in _MIXED.findall(bare) for digits in _DIGITS.findall(word)]
    return list(dict.fromkeys(found))


def at_most(found: Iterable[str], most: int = MOST_TERMS) -> list[str]:
    """So many terms of these, and no term more often than an index can hold."""
    kept = list(islice(found, most))
    loud = {term for term, count in Counter(kept).items() if count > _MOST_OF_ONE}
    if not loud:
        return kept
    heard: Counter[str] = Counter()
    return [term for term in kept if term not in loud or _hear(heard, term) <= _MOST_OF_ONE]


def _hear(heard: Counter[str], term: str) -> int:
    heard[term] += 1
    return heard[term]


def is_run(term: str) -> bool:
    """Whether a term comes from a script without blanks."""
    return re.match(rf"[{RUNS}]", term) is not None


def _terms(bare: str) -> Iterator[str]:
    for found in _TERM.finditer(bare):
        run = found["run"]
        if run is None:
            yield found[0][:LONGEST]
        else:
            yield from (run[at : at + 2] for at in range(len(run)))


@lru_cache(maxsize=20_000)
def _without_accents(letters: str) -> str:
    bare = "".join(one for one in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(one))
    return unicodedata.normalize("NFKC", bare)
