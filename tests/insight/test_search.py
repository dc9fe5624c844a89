"""Search: conversations, the newest first, what was found marked; names of things go there directly."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.insight import search as room
from mailer.insight.search import Answer, search
from mailer.model import Conversation, ConversationState
from tests.build import shop_order
from tests.insight.build import index_all, letter, noted

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def asked(db: Database, words: str) -> Answer:
    index_all(db)
    return db.read_here(search, words)


def conversations(db: Database, words: str) -> list[int]:
    return [hit.conversation_id for hit in asked(db, words).hits]


def told(answer: Answer) -> list[str]:
    return ["".join(f"[{piece.words}]" if piece.found else piece.words for piece in hit.words) for hit in answer.hits]


def test_mails_of_one_conversation_are_one_hit_with_the_newest_words(db: Database) -> None:
    db.run_here(letter, NOW - timedelta(hours=2), "The linen is torn")
    db.run_here(letter, NOW - timedelta(hours=1), "Still torn, that Linen!", conversation=1)
    db.run_here(letter, NOW, "Linen, please", sender="ben@customer.test")
    answer = asked(db, "linen")
    assert [(hit.conversation_id, hit.more) for hit in answer.hits] == [(2, 0), (1, 1)]
    assert told(answer) == ["[Linen], please", "Still torn, that [Linen]!"]
    assert (answer.count, answer.counted_out) == (3, False)


def test_ours_and_chinese_are_found_too(db: Database) -> None:
    db.run_here(letter, NOW, "请问我的物流信息什么时候更新？")
    db.run_here(letter, NOW, "您的包裹已发货", conversation=1, ours=True)
    assert told(asked(db, "物流信息")) == ["请问我的[物流信息]什么时候更新？"]
    assert told(asked(db, "新")) == ["请问我的物流信息什么时候更[新]？"]
    assert asked(db, "包裹 is:ours").hits[0].ours
    assert conversations(db, "包裹 is:theirs") == []


def test_filters(db: Database) -> None:
    order = db.run_here(shop_order, NOW)
    db.run_here(letter, NOW - timedelta(days=40), "torn", order=order, judged={"language": "de"})
    db.run_here(letter, NOW, "torn", sender="ben@customer.test", from_name="Ben Ü", intent="refund", subject="Kaputt")

    def close(session: Session) -> None:
        session.get_one(Conversation, 2).state = ConversationState.CLOSED

    db.run_here(close)
    for words, found in {
        "torn": [2, 1],
        "torn is:open": [1],
        "torn is:closed": [2],
        "is:waiting": [],
        "torn order:1001": [1],
        "order:#1001": [1],
        "order:77 torn": [],
        "from:ben": [2],
        "from:BEN@customer.test": [2],
        'from:"ben u"': [2],
        "subject:kaputt": [2],
        "to:kaputt": [],
        "lang:de": [1],
        "intent:refund": [2],
        "-lang:de": [2],
        "after:2026-11-01": [2],
        "before:2026-11": [1],
        "before:2026-11 after:2026-11": [],
        "torn -customer": [],
    }.items():
        assert conversations(db, words) == found, words


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("#1001", ["order"]),
        ("1001", ["order"]),
        (" ANA@customer.test", ["customer", "order"]),
        ("jd0146009999", ["order"]),
        ("JD01 4600 9999", ["order"]),
        ("<letter.0@customer.test>", ["conversation"]),
        ("letter.0@customer.test", ["conversation"]),
        ("1", ["conversation"]),
        ("77", []),
        ("99999999999999999999", []),
        ("torn", []),
    ],
)
def test_names_of_things_go_there_directly(db: Database, words: str, kinds: list[str]) -> None:
    order = db.run_here(shop_order, NOW)
    db.run_here(letter, NOW, "torn", order=order)
    answer = asked(db, words)
    assert [one.kind for one in answer.exact] == kinds
    assert all(one.link.startswith("/") and one.title for one in answer.exact)


def test_many_are_counted_up_to_a_limit_and_have_pages(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "COUNTED", 5)
    for number in range(7):
        db.run_here(letter, NOW + timedelta(minutes=number), "torn", sender=f"c{number}@customer.test")
    index_all(db)
    assert len(db.read_here(room.find, asked(db, "torn").query, limit=6)[0]) == 6
    first = db.read_here(search, "torn", size=3)
    second = db.read_here(search, "torn", size=3, page=2)
    assert [hit.conversation_id for hit in (*first.hits, *second.hits)] == [7, 6, 5, 4, 3]
    assert (first.count, first.counted_out, first.has_more, second.has_more) == (5, True, True, False)


def test_notes_are_found_among_the_mails_and_by_themselves(db: Database) -> None:
    order = db.run_here(shop_order, NOW)
    db.run_here(letter, NOW - timedelta(days=2), "The linen is torn", order=order)
    db.run_here(letter, NOW - timedelta(hours=1), "Linen, please", sender="ben@customer.test")
    db.run_here(noted, NOW - timedelta(days=1), "Linen 物流信息 comes from Porto", conversation=1)
    db.run_here(noted, NOW, "Linen is out of stock", conversation=1)

    def close(session: Session) -> None:
        session.get_one(Conversation, 2).state = ConversationState.CLOSED

    db.run_here(close)
    answer = asked(db, "linen")
    assert [(hit.note_id, hit.message_id, hit.more, hit.more_notes) for hit in answer.hits] == [
        (2, None, 1, 1),
        (None, 2, 0, 0),
    ]
    assert (answer.count, answer.notes) == (4, 2)
    assert told(answer)[0] == "[Linen] is out of stock"
    (first, _) = answer.hits
    assert (first.author, first.customer, first.order_number, first.ours) == ("maria", "Anabel Costa", "#1001", False)
    for words, notes in {
        "in:notes": [2],
        "is:note porto": [1],
        "-is:note linen": [None, None],
        "物流 is:note": [1],
        '"comes from"': [1],
        "from:maria": [2],
        "order:1001 porto": [1],
        "order:1001 in:notes": [2],
        "porto is:closed": [],
        "porto is:open": [1],
        "in:notes before:2026-11-22": [1],
        "in:notes after:2026-11-22": [2],
        "linen after:2026-11-23": [],
        "porto is:ours": [],
        "is:theirs linen": [None, None],
    }.items():
        assert [hit.note_id for hit in asked(db, words).hits] == notes, words


def test_no_common_word_of_mails_hides_a_note(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "COUNTED", 3)
    db.run_here(letter, NOW - timedelta(days=9), "linen")
    db.run_here(noted, NOW - timedelta(days=8), "linen")
    for number in range(5):
        db.run_here(letter, NOW, "linen", sender=f"c{number}@customer.test")
    assert [hit.note_id for hit in asked(db, "linen in:notes").hits] == [1]
    assert asked(db, "linen").counted_out


def test_no_words_are_no_answer(db: Database) -> None:
    answer = asked(db, "  !!! ")
    assert answer.asks_nothing
    assert (answer.hits, answer.count, answer.exact) == ([], 0, [])
