"""The words of a language as `words/LL.toml` has them: what customers say for each intent, moods, names, reasons."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import Any, Self

from mailer.model import BY_WORDS, Intent

Texts = tuple[str, ...]
Table = Mapping[str, Texts]

# Also the best guess for a language without a file: the words of a near one, and words that are international.
NEAREST = {
    "it": "es",
    "pt": "es",
    "ca": "es",
    "gl": "es",
    "ro": "fr",
    "nl": "de",
    "da": "de",
    "no": "de",
    "sv": "de",
    "ja": "zh",
}
_INTENTS = (*(one.value for one in BY_WORDS), Intent.OTHER.value)


@dataclass(frozen=True)
class Lexicon:
    """One words file; what it does not have is empty."""

    language: str
    says: Table = field(default_factory=dict)
    strong: Table = field(default_factory=dict)
    hints: Table = field(default_factory=dict)
    unless: Table = field(default_factory=dict)
    same: Table = field(default_factory=dict)
    mood: Table = field(default_factory=dict)
    names: Table = field(default_factory=dict)
    reasons: Table = field(default_factory=dict)
    colours: Table = field(default_factory=dict)

    @cached_property
    def classes(self) -> dict[str, str]:
        """Word to its class."""
        return {word: name for name, texts in self.same.items() for word in texts}

    @classmethod
    def of(cls, language: str, tables: Mapping[str, Any]) -> Self:
        """From a file's tables."""

        def spoken(key: str) -> Table:
            wanted = {intent: tables.get(intent, {}).get(key, ()) for intent in _INTENTS}
            return {intent: tuple(texts) for intent, texts in wanted.items() if texts}

        others = {key: _table(tables.get(key, {})) for key in ("same", "mood", "names", "reasons", "colours")}
        return cls(language, spoken("says"), spoken("strong"), spoken("hints"), spoken("unless"), **others)


@cache
def lexicon(language: str) -> Lexicon:
    """The shipped words of a language; none at all for a language without a file."""
    return Lexicon.of(language, tomllib.loads(_file(language).decode()))


def written(language: str) -> str:
    """What tells one state of a language's words from another: the hash of their file."""
    return hashlib.sha256(_file(language)).hexdigest()


def _file(language: str) -> bytes:
    file = resources.files("mailer.triage").joinpath("words", f"{language}.toml")
    return file.read_bytes() if file.is_file() else b""


@cache
def languages() -> tuple[str, ...]:
    """The languages with phrases for the intents."""
    folder = resources.files("mailer.triage").joinpath("words")
    found = sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if len(file.name) == len("en.toml"))
    return tuple(found)


@cache
def named(table: str, key: str) -> Texts:
    """What stands at one place of all languages' files together, as the words that stand before an order number."""
    every = (*languages(), "further")
    return tuple(dict.fromkeys(text for one in every for text in getattr(lexicon(one), table).get(key, ())))


def _table(table: Mapping[str, Sequence[str]]) -> Table:
    return {key: tuple(texts) for key, texts in table.items()}
