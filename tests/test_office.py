"""[calendars] and [replies.clocks]: every mistake is told at once, with its key."""

from datetime import date
from pathlib import Path

import pytest

from mailer import config
from mailer.errors import ConfigError
from mailer.hours import Interval, Limit
from mailer.replies.clocks import Clocks
from tests.cli.shop import CONFIG


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> config.Settings:
    (tmp_path / "config.toml").write_text(CONFIG + text, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    return config.load()


GOOD = """
[calendars.office]
zone = "Europe/Berlin"
mon = ["13:30-18:00", "09:00-12:30"]
sat = ["22:00-24:00"]
holidays = ["DE-BY", "AT"]
closed = { 2026-12-24 = "stocktaking" }
open = { 2026-12-13 = ["10:00-16:00"] }
[replies.clocks.settled]
calendar = "office"
limit = "2 working days"
warn = "1h"
"""


def test_a_calendar_is_read_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks.of(load(tmp_path, monkeypatch, GOOD))
    office = clocks.calendars["office"]
    assert office.week[0] == (Interval(540, 750), Interval(810, 1080))
    assert office.week[5] == (Interval(1320, 1440),)
    assert (office.regions, office.zone.key) == (("DE-BY", "AT"), "Europe/Berlin")
    assert office.closed == ((date(2026, 12, 24), "stocktaking"),)
    assert office.special == ((date(2026, 12, 13), (Interval(600, 960),)),)
    assert [rule.limit for rule in clocks.rules.values() if rule.calendar is office] == [Limit(days=2)]


BAD = """
[calendars.office]
zone = "Europe/Atlantis"
mon = ["09:00-12:30", "12:00-18:00"]
tue = ["18:00-09:00"]
wed = ["9-18"]
holidays = ["XX", "DE-XX"]
[replies.clocks.settled]
limit = "soon"
[replies.clocks.lunch]
limit = "1h"
"""


def test_every_mistake_of_a_calendar_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, monkeypatch, BAD)
    for words in (
        'calendars.office.zone: "Europe/Atlantis" is not a time zone',
        "calendars.office.mon: 09:00-12:30 and 12:00-18:00 overlap",
        'calendars.office.tue: "18:00-09:00" ends before it starts',
        'calendars.office.wed: "9" is not a time of day',
        'no holidays are known for the country "XX"',
        'DE has no region "XX"',
        'replies.clocks.settled.limit: "soon" is not a span of time',
        "replies.clocks.lunch: unknown key",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[calendars.always]\nmon = ['09:00-10:00']", "calendars.always: this name is built in"),
        ("[calendars.empty]", "calendars.empty: there is a year without any open time"),
        ("[calendars.rare]\nopen = { 2026-12-13 = ['10:00-16:00'] }", "calendars.rare: there is a year without"),
        ("[replies.clocks.settled]\ncalendar = 'office'", 'there is no calendar "office"; there are always, weekdays'),
        ("[replies.clocks.dispute]\nlimit = '3 working days'", '"always" has no working days; name another'),
        ("[replies.clocks.settled]\nwarn = '48h'", "replies.clocks.settled.warn: 2 d is the whole limit; warn later"),
    ],
)
def test_what_sections_say_against_each_other_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, monkeypatch, text)
    assert words in str(caught.value)


def test_a_shop_without_holidays_never_loads_their_library() -> None:
    import subprocess
    import sys

    code = "import sys, mailer.config, mailer.replies.due; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
