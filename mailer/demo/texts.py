"""The texts of the demo's letters: package data, one TOML file per language in words/."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

# A situation without words of its own takes those of this intent.
_WORDS_OF = {"several_from": "order_status"}


@dataclass(frozen=True)
class Text:
    """What somebody writes, with places for {number}, {name}, {product} and {wrong}."""

    intents: tuple[str, ...]
    subject: str
    text: str
    photo: bool = False


@dataclass(frozen=True)
class Texts:
    """All that is written in one language: letters by what they are about, and earlier mails that are quoted."""

    letters: Mapping[str, tuple[Text, ...]]
    quotes: tuple[str, ...]

    def about(self, about: str) -> tuple[Text, ...]:
        """The letters about this; at least two for each intent."""
        return self.letters[_WORDS_OF.get(about, about)]


def read_texts(language: str) -> Texts:
    """The texts of a language."""
    file = resources.files("mailer.demo") / "words" / f"{language}.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    quotes = tuple(str(entry["text"]) for entry in tables.pop("quoted"))
    return Texts({about: tuple(_text(about, entry) for entry in entries) for about, entries in tables.items()}, quotes)


def _text(about: str, entry: Mapping[str, Any]) -> Text:
    return Text(
        intents=tuple(entry.get("intents", (about,))),
        subject=entry.get("subject", ""),
        text=entry["text"],
        photo=entry.get("photo", False),
    )
