"""How pressing a mail is, and in what mood: by its words, what denies them, and how it is written."""

from collections import Counter

from mailer.model import Intent
from mailer.triage.lexicon import Lexicon
from mailer.triage.patterns import Patterns
from mailer.triage.tokens import is_cjk, tokens

_DENIALS = frozenset(
    [
        "not",
        "no",
        "never",
        "without",
        "nicht",
        "kein",
        "keine",
        "nie",
        "ohne",
        "pas",
        "jamais",
        "sans",
        "sin",
        "nunca",
        "tampoco",
        "não",
        "nem",
        "non",
        "niet",
        "geen",
        "不",
        "没",
        "沒",
        "无",
        "don't",
        "doesn't",
        "didn't",
        "isn't",
        "wasn't",
        "won't",
        "can't",
        "couldn't",
        "dont",
        "doesnt",
        "didnt",
        "isnt",
        "wasnt",
        "wont",
        "cant",
    ]
)
_NEAR = 3
# What a wish itself tells of a mood, as words may be few.
_SORE = frozenset(
    {
        Intent.COMPLAINT_DISPUTE,
        Intent.DELIVERY_DELAY,
        Intent.DAMAGED_DEFECTIVE,
        Intent.WRONG_MISSING_ITEM,
        Intent.SIZE_NOT_FIT,
    }
)
_PRESSING = frozenset({Intent.COMPLAINT_DISPUTE, Intent.CANCEL_ORDER, Intent.CHANGE_ORDER})
_SHOUTED = 0.6


class Mood:
    """The words of mood of one language."""

    def __init__(self, words: Lexicon) -> None:
        self._patterns = Patterns(words.mood, words.same, gap=0)

    def judge(self, text: str, intent: str) -> tuple[str, str]:
        """Urgency (low, normal, high) and sentiment (negative, neutral, positive) of a mail that wants this first."""
        said = _weigh(self._patterns, tokens(text))
        loud = _shouts(text)
        return _urgency(said, loud, intent), _sentiment(said, loud, intent)


def _urgency(said: Counter[str], loud: bool, intent: str) -> str:
    """Words of haste and deadlines, shouting, and wishes for which minutes count."""
    haste = said["urgent"] - said["calm"] - said["not urgent"] + loud + (intent in _PRESSING)
    if haste > 0:
        return "high"
    return "low" if said["calm"] or intent == Intent.POSITIVE_FEEDBACK else "normal"


def _sentiment(said: Counter[str], loud: bool, intent: str) -> str:
    """Words for and against; "not good" is bad, while "not bad" is no praise."""
    balance = said["positive"] - said["not positive"] - said["negative"]
    balance += (intent == Intent.POSITIVE_FEEDBACK) - (intent in _SORE)
    if balance == 0:
        return "negative" if said["negative"] and loud else "neutral"
    return "positive" if balance > 0 else "negative"


def _weigh(patterns: Patterns, spoken: tuple[str, ...]) -> Counter[str]:
    """How often each mood is said; denied just before, it counts as "not" that mood."""
    said: Counter[str] = Counter()
    for one in patterns.found(spoken):
        denied = not _DENIALS.isdisjoint(spoken[max(0, one.start - _NEAR) : one.start])
        said[f"not {one.key}" if denied else one.key] += 1
    return said


def _shouts(text: str) -> bool:
    """Whether it is written in capitals, or with many exclamation marks."""
    letters = [char for char in text if char.isalpha() and not is_cjk(char)]
    loud = len(letters) > 20 and sum(char.isupper() for char in letters) > _SHOUTED * len(letters)
    return loud or text.count("!") + text.count("！") >= 3
