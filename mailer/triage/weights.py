"""What was learned from the phrases of a language, in few large arrays; shipped beside them as `words/LL.weights`."""

import json
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

# Weights are kept as whole steps of this size in one byte; they lie between -1 and 1.
_STEP = 1 / 127
Numbers: TypeAlias = "array[float] | array[int]"
_ARRAYS = ("rare", "starts", "places", "steps")


@dataclass(frozen=True)
class Weights:
    """For each known word, how rare it is and how much it speaks for which intents."""

    intents: tuple[str, ...]
    numbers: Mapping[str, int]
    rare: "array[float]"
    rarest: float
    # The weights of word n stand at starts[n] to starts[n + 1]: the place of an intent, and the steps for it.
    starts: "array[int]"
    places: "array[int]"
    steps: "array[int]"

    @classmethod
    def of(
        cls,
        intents: tuple[str, ...],
        words: Sequence[str],
        rare: "array[float]",
        rarest: float,
        rows: Sequence[Mapping[int, float]],
    ) -> Self:
        """From rows of weights; those that are less than half a step are not kept."""
        starts, places, steps = array("I", [0]), array("B"), array("b")
        for row in rows:
            kept = {place: round(min(max(value / _STEP, -127), 127)) for place, value in row.items()}
            places.extend(place for place, step in kept.items() if step)
            steps.extend(step for step in kept.values() if step)
            starts.append(len(places))
        return cls(intents, {word: number for number, word in enumerate(words)}, rare, rarest, starts, places, steps)

    def add(self, number: int, value: float, total: list[float]) -> None:
        """Add to each intent's total what a word says that counts so much."""
        step = value * _STEP
        places, steps = self.places, self.steps
        for at in range(self.starts[number], self.starts[number + 1]):
            total[places[at]] += steps[at] * step

    def speaks_for(self, number: int, place: int) -> float:
        """How much a word speaks for the intent at a place."""
        span = range(self.starts[number], self.starts[number + 1])
        return next((self.steps[at] * _STEP for at in span if self.places[at] == place), 0.0)

    def stored(self, learned_from: str) -> bytes:
        """As a file: what it was learned from (a hash of the phrases), the words, the numbers."""
        arrays = [getattr(self, name)[:] for name in _ARRAYS]
        for one in arrays:
            _turn(one)
        sizes = [len(one) * one.itemsize for one in arrays]
        head = {"from": learned_from, "intents": self.intents, "rarest": self.rarest, "sizes": sizes}
        words = "\n".join(self.numbers)
        text = f"{json.dumps(head)}\n{words}\0".encode()
        return zlib.compress(text + b"".join(one.tobytes() for one in arrays), 9)

    @classmethod
    def read(cls, data: bytes, learned_from: str) -> Self | None:
        """From a file; None when it was learned from other phrases."""
        text, _, numbers = zlib.decompress(data).partition(b"\0")
        first, *words = text.decode().split("\n")
        head = json.loads(first)
        if head["from"] != learned_from:
            return None
        rare, starts, places, steps = array("f"), array("I"), array("B"), array("b")
        arrays: list[Numbers] = [rare, starts, places, steps]
        for one, size in zip(arrays, head["sizes"], strict=True):
            one.frombytes(numbers[:size])
            numbers = numbers[size:]
            _turn(one)
        known = {word: number for number, word in enumerate(words)}
        return cls(tuple(head["intents"]), known, rare, head["rarest"], starts, places, steps)


def _turn(numbers: Numbers) -> None:
    """Turn numbers between the order of bytes of this machine and that of the file, which is that of nearly all."""
    if sys.byteorder == "big":
        numbers.byteswap()
