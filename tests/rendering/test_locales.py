"""Dates, money, numbers and countries as each language writes them; nothing unknown fails."""

from datetime import UTC, date, datetime

import pytest

from mailer.rendering.locales import babel_locale, country, day, moment, money, number

DAY = date(2026, 12, 1)
AT = datetime(2026, 12, 1, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("zh", "zh"),
        ("zh-CN", "zh_Hans_CN"),
        ("zh-TW", "zh_Hant_TW"),
        ("pt-BR", "pt_BR"),
        ("pt_BR", "pt_BR"),
        ("de-XX", "de"),
        ("zz", "en"),
        ("zz-YY", "en"),
        ("", "en"),
        ("../etc", "en"),
    ],
)
def test_an_unknown_language_is_written_as_its_parent_or_as_english(tag: str, known: str) -> None:
    assert str(babel_locale(tag)) == known


@pytest.mark.parametrize(
    ("locale", "on", "at"),
    [
        ("en", "Tuesday, December 1, 2026", "December 1, 08:15"),
        ("de", "Dienstag, 1. Dezember 2026", "1. Dezember, 08:15"),
        ("fr", "mardi 1er décembre 2026", "1er décembre 08:15"),
        ("es", "martes, 1 de diciembre de 2026", "1 de diciembre, 08:15"),
        ("zh", "2026年12月1日星期二", "12月1日 08:15"),
        ("it", "martedì 1 dicembre 2026", "1 dicembre, 08:15"),
        ("nl", "dinsdag 1 december 2026", "1 december, 08:15"),
        ("ja", "2026年12月1日火曜日", "12月1日 08:15"),
        ("zz", "Tuesday, December 1, 2026", "December 1, 08:15"),
    ],
)
def test_dates_read_as_in_the_language(locale: str, on: str, at: str) -> None:
    assert (day(DAY, locale), moment(AT, locale)) == (on, at)


def test_only_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    assert day(date(2026, 11, 21), "fr") == "samedi 21 novembre 2026"


@pytest.mark.parametrize(
    ("value", "currency", "locale", "written"),
    [
        ("59.00", "EUR", "en", "€59.00"),
        ("59.00", "EUR", "de", "59,00\xa0€"),
        ("1234.5", "EUR", "fr", "1\u202f234,50\xa0€"),
        ("59", "CNY", "zh", "¥59.00"),
        ("59", "EUR", "it", "59,00\xa0€"),
        ("59", "EUR", "nl", "€\xa059,00"),
        ("5900", "JPY", "ja", "￥5,900"),
        ("5900", "JPY", "en", "¥5,900"),
        (59, "EUR", "en", "€59.00"),
        ("59.00", None, "en", "59"),
        ("59.00", "", "de", "59"),
        ("about 60", "EUR", "en", "about 60 EUR"),
        ("59.00", "XYZ", "en", "XYZ59.00"),
        ("NaN", "EUR", "en", "NaN EUR"),
        ("1e99", "EUR", "en", "1e99 EUR"),
    ],
)
def test_money_reads_as_in_the_language(value: str | int, currency: str | None, locale: str, written: str) -> None:
    assert money(value, currency, locale).replace("XYZ\xa0", "XYZ") == written


def test_numbers_and_countries() -> None:
    assert [number(1234567, one) for one in ("en", "de", "zz")] == ["1,234,567", "1.234.567", "1,234,567"]
    assert [country(one, "de") for one in ("CH", "ch", "Atlantis", "")] == ["Schweiz", "Schweiz", "Atlantis", ""]
    assert country("DE", "zh") == "德国"


@pytest.mark.parametrize("value", [None, "2026-12-01", 3])
def test_what_is_no_date_is_a_mistake_of_the_template(value: object) -> None:
    for written in (day, moment):
        with pytest.raises(TypeError, match="needs a date"):
            written(value, "en")
    with pytest.raises(TypeError, match="not known"):
        money(None, "EUR", "en")  # type: ignore[arg-type]
