"""What reports are made of: quantiles, shares, days in the shop's zone, CSV that no spreadsheet runs."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailer.insight.sheet import Column, Filters, Sheet, as_csv, quantile, share

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("values", "wanted", "found"),
    [([], 0.5, None), ([7], 0.5, 7), ([3, 1, 2], 0.5, 2), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 11)), 0.9, 9)],
)
def test_quantiles(values: list[float], wanted: float, found: float | None) -> None:
    assert quantile(values, wanted) == found


def test_a_share_of_nothing_is_none() -> None:
    assert (share(1, 4), share(0, 0)) == (0.25, None)


def test_days_are_the_shops() -> None:
    filters = Filters(date(2026, 10, 24), date(2026, 10, 25), BERLIN)
    assert filters.begins == datetime(2026, 10, 23, 22, tzinfo=UTC)
    # The night in which the clock goes back.
    assert filters.ends == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert filters.day_of(datetime(2026, 10, 24, 22, 30, tzinfo=UTC)) == date(2026, 10, 25)


def test_csv_holds_no_formula() -> None:
    columns = [Column("Product"), Column("Share", "share")]
    sheet = Sheet("x", "X", "", columns, [["=1+1", 0.33333333], ["@cmd", None], ['say "hi", Ana', 1]])
    assert as_csv(sheet).splitlines() == ["Product,Share", "'=1+1,0.3333", "'@cmd,", '"say ""hi"", Ana",1']
