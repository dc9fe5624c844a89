"""How far two shares lie apart, with an interval that holds the truth in 95 of 100 cases (Newcombe 1998, 10)."""

from dataclasses import dataclass
from math import sqrt

_Z = 1.959963984540054
FEWEST = 30


@dataclass(frozen=True)
class Arm:
    """Of so many mails made from one text, so many had what is measured."""

    had: int
    of: int

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where there is none."""
        return self.had / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the share."""
        if not self.of:
            return 0.0, 1.0
        square = _Z * _Z
        middle = (self.share + square / (2 * self.of)) / (1 + square / self.of)
        half = _Z * sqrt(self.share * (1 - self.share) / self.of + square / (4 * self.of**2)) / (1 + square / self.of)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Difference:
    """What the second text does beside the first."""

    control: Arm
    challenger: Arm

    @property
    def value(self) -> float:
        """The challenger's share less the control's."""
        return self.challenger.share - self.control.share

    @property
    def interval(self) -> tuple[float, float]:
        """Between which bounds the difference lies."""
        (low, high), (low_c, high_c) = self.challenger.interval, self.control.interval
        below = sqrt((self.challenger.share - low) ** 2 + (high_c - self.control.share) ** 2)
        above = sqrt((high - self.challenger.share) ** 2 + (self.control.share - low_c) ** 2)
        return self.value - below, self.value + above

    @property
    def can_tell(self) -> bool:
        """Whether there are enough of both, and the interval leaves out 0; else it is too few to tell."""
        low, high = self.interval
        return min(self.control.of, self.challenger.of) >= FEWEST and (low > 0 or high < 0)
