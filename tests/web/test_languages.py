"""The console in each language: whole catalogues, words of times, and which language somebody gets."""

import re
from datetime import UTC, date, datetime, timedelta
from time import process_time

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from mailer.web.languages import CATALOGUES, LANGUAGES, Clockwork, preferred, translations
from tests.web.messages import fresh, texts, written

OTHERS = [name for name in LANGUAGES if name != "en"]
HOLES = re.compile(r"%\(\w+\)s|%%|\{\w+\}|</?\w+>")
# What is the same in every language: names of ours and of standards.
SAME = {"config.toml", "NPS"}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def catalogue(language: str) -> list[Message]:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return [message for message in read_po(file, locale=language.replace("-", "_")) if message.id]


def sides(message: Message) -> tuple[list[str], list[str]]:
    """What is said in English, and in the other language, each in every form."""
    english = list(message.id) if message.pluralizable else [message.id]
    other = list(message.string) if message.pluralizable else [message.string]
    return english, other


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    ids = {sides(message)[0][0] for message in catalogue(language) if all(sides(message)[1])}
    today = {text if isinstance(text, str) else text[0] for _, _, text in texts()}
    assert sorted(today - ids) == [], "make messages, then translate these"
    assert sorted(ids - today) == [], "make messages takes these out"


@pytest.mark.parametrize("language", OTHERS)
def test_bringing_a_whole_catalogue_up_to_date_changes_nothing(language: str) -> None:
    assert written(fresh(language)) == (CATALOGUES / f"{language}.po").read_bytes()


@pytest.mark.parametrize("language", OTHERS)
def test_both_sides_hold_the_same_values(language: str) -> None:
    for message in catalogue(language):
        english, other = sides(message)
        for said in other:
            assert sorted(HOLES.findall(said)) == sorted(HOLES.findall(english[-1])), said


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_stands_for_a_translation(language: str) -> None:
    for message in catalogue(language):
        english, other = sides(message)
        assert english[0] in SAME or english[0] not in other, english[0]
        assert not any(said != said.strip() for said in other), other


def test_a_catalogue_is_ready_in_a_moment() -> None:
    translations.cache_clear()
    begun = process_time()
    assert translations("zh-Hans").gettext("Approve and send") == "批准并发送"
    assert process_time() - begun < 0.2
    assert translations("zh-Hans") is translations("zh-Hans")


@pytest.mark.parametrize(
    ("language", "day", "moment", "span", "left", "over", "ago"),
    [
        (
            "en",
            "22 Nov 2026",
            "22 Nov 2026, 12:00",
            "1 d 2 h",
            "due in 2 h 10 min",
            "overdue by 5 min",
            "3 min ago",
        ),
        (
            "zh-Hans",
            "2026年11月22日",
            "2026年11月22日 12:00",
            "1 天 2 小时",
            "还剩 2 小时 10 分钟",
            "超期 5 分钟",
            "3 分钟前",
        ),
    ],
)
def test_times_in_words(language: str, day: str, moment: str, span: str, left: str, over: str, ago: str) -> None:
    words = Clockwork(language)
    assert words.day(date(2026, 11, 22)) == day
    assert words.moment(NOW) == moment
    assert words.span(timedelta(days=1, hours=2, minutes=3)) == span
    assert words.left(NOW + timedelta(hours=2, minutes=10), NOW) == left
    assert words.left(NOW - timedelta(minutes=5), NOW) == over
    assert words.ago(NOW - timedelta(minutes=3), NOW) == ago


@pytest.mark.parametrize(("language", "words"), [("en", "0 s"), ("zh-Hans", "0 秒")])
def test_no_time_at_all_has_words_too(language: str, words: str) -> None:
    assert Clockwork(language).span(timedelta()) == words


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-Hant-TW", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.3, zh;q=0.7", "zh-Hans"),
        ("de-DE,de;q=0.9,zh;q=0.2,en;q=0.1", "zh-Hans"),
        ("zh;q=0, en", "en"),
        ("fr, *;q=0.5", "en"),
        ("zh;q=much", "en"),
    ],
)
def test_the_language_of_somebody_who_is_not_signed_in(asked: str, language: str) -> None:
    assert preferred(asked) == language


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert translations("tlh").gettext("Approve and send") == "Approve and send"
    assert Clockwork("tlh").moment(NOW) == "22 Nov 2026, 12:00"


def test_where_a_count_stands_one_is_not_said_as_many() -> None:
    """`ngettext` has both; a count that begins a text may be 1."""
    pages = [text for file, _, text in texts() if file.endswith(".html") and isinstance(text, str)]
    many = r"%\(count\)s (of them |more )?(\w+s|people|are|were|wait|come)\b"
    assert [text for text in pages if re.match(many, text)] == []
