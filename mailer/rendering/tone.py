"""How does a text sound? Orders, blame, excuses, vague promises and the like, each with its line and better words.

What is looked for stands in `tone_words/LL.toml`, whose English file explains its form. A finding is a hint to the
person who writes; it never stops a mail.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from mailer.errors import InputError

_FOLDER = Path(__file__).parent / "tone_words"
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_SENTENCE_END = re.compile(r"[.!?](?=[\s\"')\]]|$)|[。！？]|\n\s*\n|\n\s*-\s")
_SHOUTS = re.compile(r"[!！][!！?？]+|[?？][!！]+|\b[A-ZÀ-ÖØ-Þ]{3,}(?:[ \t]+[A-ZÀ-ÖØ-Þ]{3,})+\b")
_SENTENCES_AFTER = 5
_LONGEST_SENTENCE = 1000
_LONGEST, _MOST_FINDINGS = 100_000, 100


@dataclass(frozen=True)
class Finding:
    """A place in a text that sounds wrong."""

    line: int
    words: str
    why: str
    better: str


@dataclass(frozen=True)
class _Rule:
    words: re.Pattern[str]
    why: str
    better: str
    unless: re.Pattern[str] | None
    near: re.Pattern[str] | None
    dated: bool


@dataclass(frozen=True)
class _Tone:
    rules: tuple[_Rule, ...]
    shouting: tuple[str, str]
    allowed: frozenset[str]


def lint(text: str, locale: str) -> list[Finding]:
    """What sounds wrong in this text, by line; nothing for a language whose tone we do not know."""
    text = text[:_LONGEST].replace("’", "'")
    tone = _tone(locale.replace("_", "-").split("-")[0])
    if tone is None:
        return []
    found = [*_by_rules(text, tone), *_shouting(text, tone)]
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


def languages() -> list[str]:
    """The languages whose tone is known."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def _by_rules(text: str, tone: _Tone) -> Iterator[Finding]:
    ends = _sentence_ends(text)
    for rule in tone.rules:
        for match in islice(rule.words.finditer(text), _MOST_FINDINGS):
            sentence, after = _around(text, ends, match.start())
            if rule.dated and any(letter.isdigit() for letter in sentence):
                continue
            if (rule.unless and rule.unless.search(sentence)) or (rule.near and rule.near.search(after)):
                continue
            yield _finding(text, match, rule.why, rule.better)


def _shouting(text: str, tone: _Tone) -> Iterator[Finding]:
    for match in islice(_SHOUTS.finditer(text), _MOST_FINDINGS):
        # What shops, carriers and customers are called is theirs.
        if not set(match[0].split()) & tone.allowed:
            yield _finding(text, match, *tone.shouting)


def _finding(text: str, match: re.Match[str], why: str, better: str) -> Finding:
    return Finding(text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), why, better)


def _sentence_ends(text: str) -> list[int]:
    ends = [0]
    for end in (*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)):
        if text[ends[-1] : end].strip():
            ends.append(end)
    return [*ends[1:-1], len(text)]


def _around(text: str, ends: Sequence[int], place: int) -> tuple[str, str]:
    """The sentence of this place, and the same with the sentences after it; no more than fits on a page."""
    number = min(bisect_right(ends, place), len(ends) - 1)
    begin = max(ends[number - 1] if number else 0, place - _LONGEST_SENTENCE)
    last = ends[min(number + _SENTENCES_AFTER, len(ends) - 1)]
    sentence, after = (text[begin : min(end, place + _LONGEST_SENTENCE)] for end in (ends[number], last))
    return sentence, after


@lru_cache
def _tone(language: str) -> _Tone | None:
    path = _FOLDER / f"{language}.toml"
    if not path.is_file():
        return None
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    shouting = told.get("shouting", {})
    return _Tone(
        tuple(_rule(path.name, number, rule) for number, rule in enumerate(told.get("rule", []), 1)),
        (shouting.get("why", ""), shouting.get("better", "")),
        frozenset(shouting.get("allow", ())),
    )


def _rule(source: str, number: int, told: dict[str, Any]) -> _Rule:
    if not (told.get("words") and told.get("why") and told.get("better")):
        raise InputError(source, [f"rule {number}: words, why and better are needed"])
    loose = bool(told.get("per_word"))
    words = pattern(told["words"], loose=loose)
    assert words is not None
    unless, near = (pattern(told.get(key, ()), loose=loose) for key in ("unless", "near"))
    return _Rule(words, told["why"], told["better"], unless, near, bool(told.get("dated")))


def pattern(phrases: Sequence[str], *, loose: bool = False) -> re.Pattern[str] | None:
    """An expression that finds any of these phrases, in the form that tone_words/en.toml explains; None of none."""
    if not phrases:
        return None
    return re.compile("|".join(_phrase(one, loose=loose) for one in phrases), re.IGNORECASE)


def _phrase(phrase: str, *, loose: bool) -> str:
    """One phrase as an expression. Beside Chinese and Japanese letters there is no border of a word."""
    parts = [_words(word) for word in phrase.replace("’", "'").split()]
    joined = parts[0]
    for before, part in pairwise(parts):
        if part == "..":
            continue
        joined += (_gap(phrase) if before == ".." else _blank(phrase)) + part
    inside = loose or re.search(f"[{_CJK}]", phrase)
    return joined if inside else rf"(?<!\w){joined}(?!\w)"


def _words(word: str) -> str:
    if word == "..":
        return word
    marks = {"(": "(?:", ")": ")", "|": "|", "*": r"\w*"}
    return f"(?:{''.join(marks.get(part, re.escape(part)) for part in re.split(r'([()|*])', word))})"


def _gap(phrase: str) -> str:
    return r"[^\n。！？]{0,8}?" if re.search(f"[{_CJK}]", phrase) else r"(?:\s+[\w'-]+){0,4}?\s+"


def _blank(phrase: str) -> str:
    return r"\s*" if re.search(f"[{_CJK}]", phrase) else r"\s+"
