"""How pressing a mail is and in what mood, by a table of words of its own."""

import pytest

from mailer.triage.lexicon import Lexicon
from mailer.triage.mood import Mood

MOOD = Mood(
    Lexicon.of(
        "en",
        {
            "mood": {
                "urgent": ["urgent", "as soon as possible", "by tomorrow"],
                "calm": ["no rush", "whenever"],
                "negative": ["terrible", "disappointed", "bad"],
                "positive": ["great", "happy"],
            }
        },
    )
)


@pytest.mark.parametrize(
    ("text", "intent", "urgency", "sentiment"),
    [
        ("Where is my order?", "order_status", "normal", "neutral"),
        ("I need it by tomorrow", "order_status", "high", "neutral"),
        ("This is urgent, as soon as possible", "order_status", "high", "neutral"),
        ("It is not urgent", "order_status", "normal", "neutral"),
        ("No rush at all", "order_status", "low", "neutral"),
        ("please cancel", "cancel_order", "high", "neutral"),
        ("No rush, but please cancel", "cancel_order", "low", "neutral"),
        ("ANSWER ME NOW WHERE IS MY ORDER", "order_status", "high", "neutral"),
        ("where is it!!!", "order_status", "high", "neutral"),
        ("terrible service", "order_status", "normal", "negative"),
        ("great, I am happy", "order_status", "normal", "positive"),
        ("I am not happy", "order_status", "normal", "negative"),
        ("not bad", "order_status", "normal", "neutral"),
        ("thanks", "positive_feedback", "low", "positive"),
        ("it is broken", "damaged_defective", "normal", "negative"),
        ("", "other", "normal", "neutral"),
    ],
)
def test_mood(text: str, intent: str, urgency: str, sentiment: str) -> None:
    assert MOOD.judge(text, intent) == (urgency, sentiment)
