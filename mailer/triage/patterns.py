"""Short word sequences that stand in a text in this order, with few other words between."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.triage.tokens import fold, is_cjk, tokens

Words = tuple[str, ...]
# Each place takes one word, or any of several that mean the same there.
Pattern = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Found:
    """A pattern in a text: what it stands for, its place among the words, and the words themselves."""

    key: str
    start: int
    written: str


class Patterns:
    """The patterns of several things (intents, moods, reasons), found by the words of their first places."""

    def __init__(self, spoken: Mapping[str, Sequence[str]], same: Mapping[str, Sequence[str]], *, gap: int) -> None:
        self._gap = gap
        self._by_first: dict[str, list[tuple[str, Pattern]]] = {}
        for key, texts in spoken.items():
            for pattern in (compiled for text in texts if (compiled := _compile(text, same))):
                for word in pattern[0]:
                    self._by_first.setdefault(word, []).append((key, pattern))

    def found(self, words: Words) -> Iterator[Found]:
        """Each place where one stands."""
        plain = tuple(fold(word) for word in words)
        for start, word in enumerate(plain):
            for key, pattern in self._by_first.get(word, ()):
                if end := _follow(pattern, plain, start, self._gap):
                    yield Found(key, start, _written(words[start:end]))


def _compile(text: str, same: Mapping[str, Sequence[str]]) -> Pattern:
    places: list[frozenset[str]] = []
    for word in text.split():
        if word in same:
            # A class stands for its words; of those with a blank only the last word can stand at one place.
            places.append(frozenset(fold(each[-1]) for one in same[word] if (each := tokens(one))))
        else:
            places += [frozenset([fold(each)]) for each in tokens(word)]
    return tuple(places)


def _follow(pattern: Pattern, words: Words, start: int, gap: int) -> int:
    """Where a pattern that begins here ends; 0 when it does not stand here."""
    position = start
    for place in pattern[1:]:
        # Two characters between may turn a Chinese word into another.
        width = 1 if is_cjk(words[position]) else gap + 1
        window = range(position + 1, min(position + 1 + width, len(words)))
        position = next((index for index in window if words[index] in place), -1)
        if position < 0:
            return 0
    return position + 1


def _written(words: Words) -> str:
    return ("" if is_cjk(words[0]) else " ").join(words)
