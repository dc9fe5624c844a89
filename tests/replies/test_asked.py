"""What the mails themselves tell an answer: newest words first, and a photo is no logo."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mailer.model import Classification, Level, Message
from mailer.replies.asked import asked_values, is_photo, products_named

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def judged(**entities: Any) -> Classification:
    return Classification(
        message_id=1,
        intent="exchange",
        confidence=1,
        level=Level.HIGH,
        entities=entities,
        classifier="test",
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("name", "kind", "size", "photo"),
    [
        ("IMG_2210.jpeg", "image/jpeg", 2_400_000, True),
        ("photo.png", "image/png", 900, True),
        ("broken.heic", "image/heic", 900_000, True),
        ("image001.png", "image/png", 4_000, False),
        ("image001.jpg", "image/jpeg", 400_000, True),
        ("logo.png", "image/png", 3_000, False),
        ("smile.gif", "image/gif", 50_000, False),
        ("invoice.pdf", "application/pdf", 50_000, False),
        ("photo.jpg", "text/plain", 50_000, False),
    ],
)
def test_a_photo_shows_something_and_is_no_decoration(name: str, kind: str, size: int, photo: bool) -> None:
    assert is_photo({"name": name, "content_type": kind, "size": size, "sha256": "x"}) is photo


def test_newer_words_win_and_older_ones_fill_up() -> None:
    words = [judged(size="M", colour=""), judged(size="L", colour="red", reason="too_small", product_ids=[3])]
    values = asked_values(words, [Message(files=[{"name": "a.jpg", "content_type": "image/jpeg", "size": 90_000}])])
    assert values == {
        "asked.has_photo": True,
        "asked.size": "M",
        "asked.colour": "red",
        "asked.reason": "too_small",
    }
    assert products_named(words) == (3,)
    assert products_named([judged(size="M")]) == ()


def test_without_any_there_is_only_that_no_photo_came() -> None:
    assert asked_values([], []) == {"asked.has_photo": False}
