"""A flow's own tests, run within limits: what people write in the console must not keep a thread for long."""

from collections.abc import Iterator

from mailer.clock import worked
from mailer.errors import InputError
from mailer.flows.definition import Case, Flow
from mailer.flows.simulate import failure, lines_by_day, simulate

# For all tests of one flow: those that are shipped take a hundredth of it.
_LONGEST_SECONDS = 2.0
_MOST_EVENTS = 300


class TookTooLong(InputError):
    """A simulation was stopped because it had worked for too long."""


class Patience:
    """Ends what is asked `tick` after tick once this thread has worked so many seconds since it began."""

    def __init__(self, seconds: float = _LONGEST_SECONDS) -> None:
        self._seconds, self._until = seconds, worked() + seconds

    @property
    def is_over(self) -> bool:
        """Whether it has worked long enough."""
        return worked() > self._until

    def tick(self) -> None:
        """Raises TookTooLong."""
        if self.is_over:
            raise TookTooLong("[[test]]", [f"stopped after {self._seconds:g} seconds of work"])


def failures(flow: Flow) -> Iterator[tuple[int, Case, str]]:
    """Number, test and what is wrong with it, for each that fails; those after the time is over fail as one."""
    patience = Patience()
    for number, case in enumerate(flow.tests, 1):
        if len(case.events) > _MOST_EVENTS:
            yield number, case, f"it has {len(case.events)} events; a test has at most {_MOST_EVENTS}"
            continue
        try:
            words = failure(flow, case, tick=patience.tick)
        except TookTooLong as error:
            told = f"{error.problems[0]}, at this one of {len(flow.tests)}; write fewer or shorter ones"
            yield number, case, f"the tests were {told}"
            return
        if words:
            yield number, case, words


def outcomes(flow: Flow) -> dict[int, list[str]]:
    """What the flow does in those of its own tests that it fails, as their `expect` would say it, by number.

    Raises TookTooLong.
    """
    patience = Patience()
    failed = [(number, case) for number, case, _ in failures(flow) if len(case.events) <= _MOST_EVENTS]
    return {number: list(lines_by_day(simulate(flow, case, tick=patience.tick))) for number, case in failed}
