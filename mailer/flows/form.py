"""Reads the tables of a flow's file key by key and keeps every mistake with its line, so that all are told at once."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


class Mistakes:
    """What is wrong with a file so far."""

    def __init__(self, lines: Mapping[str, int]) -> None:
        self._lines = lines
        self._found: list[tuple[int, str]] = []

    def add(self, place: str, words: str) -> None:
        """Keep one; `place` is the key, as in "exit.on" or "step.2.send"."""
        self._found.append((self.line(place), words))

    def line(self, place: str) -> int:
        """The line of a key, else of the table around it."""
        while place and place not in self._lines:
            place = place.rpartition(".")[0]
        return self._lines.get(place, 1)

    def told(self) -> list[str]:
        """All of them, in the order of the file."""
        return [f"line {line}: {words}" for line, words in sorted(set(self._found))]


class Table:
    """One table of the file."""

    def __init__(self, values: Mapping[str, Any], place: str, mistakes: Mistakes) -> None:
        self.values = values
        self.place = place
        self.mistakes = mistakes

    def wrong(self, key: str, words: str) -> None:
        """Something is wrong with this key."""
        self.mistakes.add(self._at(key), f"{self._say(key)}: {words}")

    def only(self, known: Iterable[str]) -> None:
        """Every other key is a mistake."""
        names = list(known)
        for key in self.values:
            if key not in names:
                self.wrong(key, f"there is no such key; {meant(key, names)}")

    def text(self, key: str, *, needed: str = "") -> str:
        """A text; `needed` says what to write when it is missing."""
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.wrong(key, f"write a text between quotation marks instead of {value!r}")
            return ""
        if needed and not value.strip():
            self.wrong(key, f"it is missing; {needed}")
        return value.strip()

    def one_of(
        self, key: str, words: Iterable[str], *, default: str = "", same: Mapping[str, str] | None = None
    ) -> str:
        """One of a few words; without a default it has to be there."""
        names = list(words)
        value = self.text(key, needed="" if default else f"write one of {', '.join(names)}") or default
        value = (same or {}).get(value, value)
        if value and value not in names:
            self.wrong(key, f'"{value}" is none; {meant(value, names)}')
            return default
        return value

    def some_of(self, key: str, words: Iterable[str], *, same: Mapping[str, str] | None = None) -> list[str]:
        """A list of some of these words."""
        names = list(words)
        found = [(same or {}).get(one, one) for one in self.texts(key)]
        for value in found:
            if value not in names:
                self.wrong(key, f'"{value}" is none; {meant(value, names)}')
        return [value for value in found if value in names]

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.wrong(key, 'write a list of texts, as in ["one", "two"]')
            return []
        return [one.strip() for one in value]

    def parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """What a text says; None when it is not there or wrong. `parse` raises ValueError with what to do."""
        text = self.text(key)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.wrong(key, str(error))
            return None

    def within(self, key: str) -> "Table":
        """The table under this key; an empty one when it is not there."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f"write [{key}] over its keys, or {{ ... }}")
            value = {}
        return Table(value, self._at(key), self.mistakes)

    def each(self, key: str) -> "list[Table]":
        """The tables under [[key]]."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.wrong(key, f"write [[{key}]], with two brackets, over each of them")
            return []
        return [Table(one, f"{self._at(key)}.{number}", self.mistakes) for number, one in enumerate(value, 1)]

    def _at(self, key: str) -> str:
        return f"{self.place}.{key}".lstrip(".")

    def _say(self, key: str) -> str:
        """As the file says it: "[exit] on", "[[step]] 2 send"."""
        if not self.place:
            return key
        name, number, *deeper = f"{self.place}.".split(".")
        inner = ".".join([*deeper[:-1], key])
        return f"[[{name}]] {number} {inner}" if number.isdigit() else f"[{self.place}] {key}"


def meant(word: str, known: Iterable[str]) -> str:
    """What somebody may have meant; else everything that there is."""
    names = list(known)
    close = get_close_matches(word, names, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
