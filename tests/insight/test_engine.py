"""Both engines find what a plain comparison of terms finds."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from mailer.db import Database
from mailer.insight import engine
from mailer.insight.entry import NOTES, Letter, entry_terms
from mailer.insight.query import Clause, parse
from mailer.model import SearchEntry
from tests.insight.build import letter

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MAILS = 6
KINDS = ((NOTES, engine.HIGHEST), (engine.LOWEST, NOTES - 1))
# Few letters, so that words meet.
WORDS = st.text("aábß12物流信息退か@.-_'\"* ", min_size=1, max_size=6)
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)
ASKED = st.lists(
    st.tuples(
        st.sampled_from(["", "-", "from:", "subject:", "lang:", "intent:", "is:"]), WORDS, st.sampled_from(["", "*"])
    ).map("".join)
    | st.sampled_from(["is:note", "-in:notes", "is:theirs"]),
    min_size=1,
    max_size=4,
).map(" ".join)
PHRASES = st.lists(WORDS, min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"')


def holds(clause: Clause, terms: Sequence[str]) -> bool:
    """Whether a clause holds for a mail: the plainest way to say it."""
    *before, last = clause.terms

    def at(place: int) -> bool:
        end = terms[place + len(before)]
        return list(terms[place : place + len(before)]) == before and (
            end.startswith(last) if clause.begins else end == last
        )

    return any(at(place) for place in range(len(terms) - len(before))) is not clause.is_not


@pytest.fixture
def mails(db: Database) -> list[int]:
    return [db.run_here(letter, NOW, f"letter {number}") for number in range(MAILS)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(TEXTS, min_size=MAILS, max_size=MAILS),
    asked=st.one_of(ASKED, PHRASES),
    typing=st.booleans(),
    history=st.integers(0, MAILS),
    notes=st.integers(0, MAILS),
)
def test_both_engines_find_what_a_comparison_finds(
    db: Database, mails: list[int], texts: list[str], asked: str, typing: bool, history: int, notes: int
) -> None:
    letters = [
        Letter(
            number,
            NOW,
            subject=text[:9],
            from_name=text[-9:],
            text=text,
            history=place < history,
            note=place >= MAILS - notes,
            language=text[:2],
        )
        for place, (number, text) in enumerate(zip(mails, texts, strict=True))
    ]
    clauses = parse(asked, UTC, typing=typing).clauses
    wanted = {one.key for one in letters if all(holds(clause, entry_terms(one)) for clause in clauses)}
    with Session(db.engine) as session, session.begin() as transaction:
        for one in letters:
            enter(session, one.number, [one.key])
        engine.put(session, [one.key for one in letters], list(map(entry_terms, letters)))
        assert engine.find(session, clauses, limit=100)[0] == sorted(wanted, reverse=True)
        assert engine.find(session, clauses, limit=2)[0] == sorted(wanted, reverse=True)[:2]
        # By kind, as search asks.
        for limit in (100, 2, 1):
            each = [sorted((key for key in wanted if low <= key <= high), reverse=True) for low, high in KINDS]
            told = engine.find_each(session, clauses, KINDS, limit=limit)
            assert [keys for keys, _ in told] == [keys[:limit] for keys in each]
        assert engine.find_among(session, clauses, mails[:3]) == sorted(wanted & set(mails[:3]), reverse=True)
        transaction.rollback()


def test_blocks_hide_nothing(db: Database, mails: list[int]) -> None:
    """Keys far apart, as after years: each is found once, the newest first."""
    keys = [1, 4_095, 4_096, 30_000, 500_000, 2_000_000]
    with Session(db.engine) as session, session.begin() as transaction:
        enter(session, mails[0], [-7, *keys])
        engine.put(session, [-7, *keys], [["*", "word"]] * 7)
        word = [Clause(("word",))]
        assert engine.find(session, word, limit=100)[0] == [*reversed(keys), -7]
        assert engine.find(session, word, limit=3)[0] == [2_000_000, 500_000, 30_000]
        assert engine.find(session, word, low=0, high=4_096, limit=9)[0] == [4_096, 4_095, 1]
        assert engine.find(session, word, low=10, high=5, limit=9)[0] == []
        transaction.rollback()


def test_words_in_a_row_are_looked_for_in_the_newest_that_have_them(
    db: Database, mails: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ASKED_CLOSELY", 3)
    with Session(db.engine) as session, session.begin() as transaction:
        enter(session, mails[0], range(1, 7))
        engine.put(session, range(1, 7), [["*", "a", "b"] if key == 1 else ["*", "b", "a"] for key in range(1, 7)])
        on_sqlite = db.is_sqlite
        row = [Clause(("a", "b"))]
        assert engine.find(session, row, limit=5) == ([1] if on_sqlite else [], on_sqlite)
        assert engine.find(session, [Clause(("b", "a"))], limit=2) == ([6, 5], True)
        assert engine.find(session, [Clause(("b", "a"), is_not=True)], high=3, limit=5)[0] == [1]
        transaction.rollback()


@pytest.mark.parametrize("text", ["NEAR(a b)", "a AND (", "terms:x", '^"a', "a' & !b", "{a b}: c", "-- ; DROP", "%_\\"])
def test_what_means_something_to_an_engine_means_nothing_here(db: Database, mails: list[int], text: str) -> None:
    for typing in (True, False):
        clauses = parse(text, UTC, typing=typing).clauses
        assert db.read_here(lambda session: engine.find(session, clauses, limit=5))[0] == []  # noqa: B023


def test_what_is_forgotten_leaves_nothing(db: Database, mails: list[int]) -> None:
    with Session(db.engine) as session, session.begin() as transaction:
        enter(session, mails[0], [1])
        engine.put(session, [1], [["*", "secret"]])
        engine.forget(session, [1, -1, 7])
        assert engine.find(session, [Clause(("secret",))], limit=5)[0] == []
        transaction.rollback()


def enter(session: Session, mail: int, keys: Sequence[int]) -> None:
    """Entries of these keys, which terms on PostgreSQL point at."""
    session.add_all(SearchEntry(id=key, message_id=mail, received_at=NOW) for key in keys)
    session.flush()
