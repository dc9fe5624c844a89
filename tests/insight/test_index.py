"""New and changed mails get into the index by themselves, once, and erased ones leave it."""

from datetime import UTC, datetime

from sqlmodel import Session, select

from mailer.db import Database
from mailer.insight import index
from mailer.insight.index import (
    changed,
    forget_message,
    forget_notes,
    index_changed,
    prepare,
    start_again,
    waiting,
    write,
)
from mailer.insight.search import search
from mailer.model import Classification, Message, Note, SearchEntry
from tests.insight.build import index_all, letter, noted

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def found(db: Database, asked: str) -> list[int | None]:
    return [hit.message_id for hit in db.read_here(search, asked).hits]


async def test_a_mail_is_found_after_one_round(db: Database) -> None:
    mail = await db.run(letter, NOW, "the linen shirt is torn")
    assert found(db, "linen") == []
    assert db.read_here(search, "linen").waiting == 2
    assert await index_changed(db)
    assert found(db, "linen") == [mail]
    assert not await index_changed(db)
    assert await db.read(waiting) == 0


def test_what_changes_is_indexed_again(db: Database) -> None:
    mail = db.run_here(letter, NOW, "only the beginning")
    index_all(db)

    def fetched(session: Session) -> None:
        session.get_one(Message, mail).text = "the whole letter"
        session.exec(select(Classification)).one().intent = "refund"

    db.run_here(fetched)
    index_all(db)
    assert found(db, "beginning") == []
    assert found(db, "whole intent:refund") == [mail]


def test_an_erased_mail_leaves_the_index(db: Database) -> None:
    mail, other = (db.run_here(letter, NOW, text) for text in ("a secret of mine", "a secret of hers"))
    index_all(db)

    def erase(session: Session) -> None:
        message = session.get_one(Message, mail)
        message.text, message.erased_at = "", NOW

    db.run_here(erase)
    index_all(db)
    assert found(db, "secret") == [other]
    db.run_here(forget_message, other)
    assert found(db, "secret") == []
    assert db.read_here(lambda session: session.exec(select(SearchEntry)).all()) == []


def test_what_is_erased_while_its_terms_are_made_is_not_written(db: Database) -> None:
    mail = db.run_here(letter, NOW, "a secret of mine")
    prepared = prepare(db.read_here(changed, 10))

    def erase(session: Session) -> None:
        session.get_one(Message, mail).erased_at = NOW

    db.run_here(erase)
    db.run_here(write, prepared)
    index_all(db)
    assert found(db, "secret") == []


def test_of_two_workers_one_writes_and_the_older_picture_never_wins(db: Database) -> None:
    mail = db.run_here(letter, NOW, "older words")
    slow = prepare(db.read_here(changed, 10))

    def change(session: Session) -> None:
        session.get_one(Message, mail).text = "newer words"

    db.run_here(change)
    index_all(db)
    db.run_here(write, slow)
    assert found(db, "newer") == [mail]
    assert found(db, "older") == []


def test_history_lies_below_what_came_since(db: Database) -> None:
    old = [db.run_here(letter, NOW.replace(day=day), "linen", history=True) for day in (20, 19)]
    new = db.run_here(letter, NOW, "linen")
    index_all(db)
    assert found(db, "linen") == [new, *old]
    keys = db.read_here(lambda session: session.exec(select(SearchEntry.id)).all())
    assert sorted(keys, reverse=True) == [new, *(-one for one in old)]


def test_the_index_is_built_anew(db: Database) -> None:
    mails = [db.run_here(letter, NOW, f"linen {number}") for number in range(5)]
    index_all(db)
    assert db.run_here(start_again) == 5
    assert found(db, "linen") == []
    while index.index_some(db, batch=2):
        pass
    index.tidy(db)
    assert sorted(number or 0 for number in found(db, "linen")) == mails


def noted_on(db: Database, asked: str) -> list[int | None]:
    return [hit.note_id for hit in db.read_here(search, asked).hits]


def test_a_note_is_found_as_it_reads_now_and_no_more_when_it_is_taken_away(db: Database) -> None:
    db.run_here(letter, NOW, "linen")
    note = db.run_here(noted, NOW, "ring the weaver")
    index_all(db)
    assert noted_on(db, "weaver") == [note]

    def say(text: str, *, gone: bool = False) -> None:
        def change(session: Session) -> None:
            row = session.get_one(Note, note)
            row.text, row.deleted_at = text, NOW if gone else None

        db.run_here(change)
        index_all(db)

    say("ring the tailor")
    assert (noted_on(db, "weaver"), noted_on(db, "tailor")) == ([], [note])
    say("", gone=True)
    assert noted_on(db, "tailor") == []


def test_notes_are_forgotten_at_once_and_not_written_afterwards(db: Database) -> None:
    for number in (1, 2):
        db.run_here(letter, NOW, "linen", sender=f"c{number}@customer.test")
        db.run_here(noted, NOW, "ring the weaver", conversation=number)
    slow = prepare(db.read_here(changed, 10))
    index_all(db)

    def erase(session: Session) -> None:
        session.get_one(Note, 1).text = ""
        forget_notes(session, [1])

    db.run_here(erase)
    assert noted_on(db, "weaver") == [2]
    db.run_here(write, slow)
    index_all(db)
    assert noted_on(db, "weaver") == [2]


def test_notes_are_indexed_anew_too(db: Database) -> None:
    db.run_here(letter, NOW, "linen")
    note = db.run_here(noted, NOW, "ring the weaver")
    assert db.run_here(start_again) == 2
    index_all(db)
    assert noted_on(db, "in:notes") == [note]
