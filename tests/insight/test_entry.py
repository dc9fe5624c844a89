"""The terms of a mail mean nothing to either engine, whatever it holds."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mailer.insight.entry import NOTES, Letter, entry_terms
from mailer.insight.words import MOST_TERMS

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_parts_are_marked_and_stand_apart() -> None:
    letter = Letter(
        1,
        NOW,
        subject="My order",
        from_name="Ana",
        from_address="a@x.test",
        to_addresses="b@y.test",
        text="Hello",
        language="zh-Hans",
    )
    assert " ".join(entry_terms(letter)) == (
        "* d:in l:zh-hans l:zh s:my s:order | f:ana f:a f:x f:test f:a@x.test | t:b t:y t:test t:b@y.test |"
        " my order | ana a x test b y test | a@x.test b@y.test | hello"
    )


def test_a_note_is_of_nobody_s_side_and_of_its_author() -> None:
    note = Letter(7, NOW, note=True, from_name="Bo Lee", text="call back")
    assert " ".join(entry_terms(note)) == "* d:note | f:bo f:lee | | | bo lee | | call back"
    assert note.key == NOTES + 7


@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_no_term_holds_what_an_engine_reads(subject: str, name: str, text: str, language: str, intent: str) -> None:
    letter = Letter(1, NOW, subject=subject, from_name=name, text=text * 50, language=language, intent=intent)
    terms = entry_terms(letter)
    assert len(terms) <= MOST_TERMS
    assert not any(sign in term for term in terms for sign in " \"'\\\x00\n\t")
    assert all(len(term.encode()) < 2_000 for term in terms)
