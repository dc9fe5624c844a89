"""What becomes of a passage now, with what only rows know: the mail before, and batches that a person releases."""

from dataclasses import dataclass
from datetime import timedelta

from mailer.errors import InputError
from mailer.flows.decide import Decision, Exit, Hold, Send, Wait, decide, may_enter
from mailer.flows.mail import Written
from mailer.flows.situation import Passage
from mailer.model import Enrollment, StepOutcome
from mailer.outbound.passage import BEFORE

_BEFORE_AGAIN = timedelta(minutes=30)
_MANY_ATTEMPTS, _REST = 5, timedelta(minutes=25)


@dataclass(frozen=True)
class Item:
    """One due row with its version when it was read; without a passage its flow or its step is not there."""

    enrollment: Enrollment
    version: int
    passage: Passage | None
    decision: Decision | None
    written: Written | None = None


def verdict(passage: Passage) -> Decision:
    """What becomes of its step now; never before the mail of the step before has left."""
    decision = _let_in(passage) or decide(passage.situation)
    if passage.before is not None and not isinstance(decision, Exit):
        return Wait(passage.situation.now + _BEFORE_AGAIN, BEFORE)
    return _restless(passage) or decision if isinstance(decision, Send) else decision


def _restless(passage: Passage) -> Hold | None:
    """What is written anew time and again, because its facts change each time before it leaves, has to rest."""
    decided = passage.decided
    if decided is None or decided.outcome is not StepOutcome.AGAIN or decided.attempt < _MANY_ATTEMPTS:
        return None
    if passage.situation.now >= decided.decided_at + _REST:
        return None
    return Hold(f"it was written {decided.attempt} times, and each time its facts changed", mistake=True)


def _let_in(passage: Passage) -> Decision | None:
    """Whom the fallback let in may still be outside when it falls due: [enter] is asked again at the first step."""
    situation = passage.situation
    if not passage.enters_now or situation.now < situation.due_at:
        return None
    try:
        outside = may_enter(passage.flow, situation.values)
    except InputError as error:
        return Hold(f"a condition of [enter] cannot be worked out: {error}", mistake=True)
    return Exit(outside) if outside else None


def is_batched(passage: Passage) -> bool:
    """Whether a person must release this step first."""
    decided = passage.decided
    released = decided is not None and decided.outcome is StepOutcome.AGAIN and bool(decided.rests_on.get("released"))
    return passage.flow.status == "manual" and not released
