"""The moments until which a conversation is put aside, on the wall of whoever looks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mailer.web.console.presets import When, moment_of, presets

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("now", "zone", "found"),
    [
        # Sunday, 11 in Berlin.
        (
            at(2026, 11, 22, 10),
            BERLIN,
            [at(2026, 11, 22, 11), at(2026, 11, 22, 14), at(2026, 11, 23, 8)],
        ),
        # The same moment is the evening in Shanghai: no afternoon is left.
        (at(2026, 11, 22, 10), SHANGHAI, [at(2026, 11, 22, 11), at(2026, 11, 23, 1)]),
        # On a Monday, Monday is the next one.
        (
            at(2026, 11, 23, 7),
            BERLIN,
            [at(2026, 11, 23, 8), at(2026, 11, 23, 14), at(2026, 11, 24, 8), at(2026, 11, 30, 8)],
        ),
        # The clocks go back in the night: nine in the morning stays nine.
        (at(2026, 10, 24, 20), BERLIN, [at(2026, 10, 24, 21), at(2026, 10, 25, 8), at(2026, 10, 26, 8)]),
    ],
)
def test_what_is_offered(now: datetime, zone: ZoneInfo, found: list[datetime]) -> None:
    assert [preset.at for preset in presets(now, zone)] == found


def test_a_day_means_its_morning() -> None:
    assert moment_of(When.DAY, at(2026, 11, 22, 10), BERLIN, date(2026, 12, 1)) == at(2026, 12, 1, 8)
    assert moment_of(When.DAY, at(2026, 11, 22, 10), BERLIN) is None
    assert moment_of(When.REPLY, at(2026, 11, 22, 10), BERLIN) is None
