"""[orders.delay] and [offers]: what is written is read, and every mistake is told with its key."""

from datetime import timedelta
from pathlib import Path

import pytest

from mailer import config
from mailer.delay_config import NEVER
from mailer.errors import ConfigError
from mailer.hours import Limit
from tests.cli.shop import CONFIG

GOOD = """
[orders.delay]
not_shipped = "2 working days"
silent_abroad = "never"
[[orders.delay.routes]]
destination = "US"
carrier = "DHL"
exception = "never"
silent = "14d"
[offers]
period = "30d"
budget = "120.50"
[offers.coupons.thanks]
pattern = "VIP-########"
valid_for = "10d"
"""


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> config.Settings:
    (tmp_path / "config.toml").write_text(CONFIG + text, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    return config.load()


def test_what_is_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, monkeypatch, GOOD)
    delay, offers = settings.orders.delay, settings.offers
    assert (delay.not_shipped, delay.silent_abroad, delay.silent_home) == (Limit(days=2), NEVER, timedelta(days=3))
    assert (delay.routes[0].exception, delay.routes[0].silent) == (Limit(NEVER), timedelta(days=14))
    assert delay.routes[0].not_shipped is None, "what is left out is as for all"
    assert (offers.period, offers.budget) == (timedelta(days=30), "120.50")
    assert offers.coupons["thanks"].valid_for == timedelta(days=10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[orders.delay]\ncalendar = "depot"',
            'orders.delay.calendar: there is no calendar "depot"; there are always,',
        ),
        ('[orders.delay]\ncalendar = "always"', 'orders.delay.calendar: "always" has no working days'),
        ('[orders.delay]\nnot_shipped = "soon"', 'orders.delay.not_shipped: "soon" is not a span of time'),
        ('[orders.delay]\nsilent = "3d"', "orders.delay.silent: unknown key"),
        ('[[orders.delay.routes]]\norigin = "Germany"', 'orders.delay.routes.0.origin: "Germany" is not a country'),
        (
            '[[orders.delay.routes]]\ncarrier = "DHL"\n[[orders.delay.routes]]\ncarrier = "dhl"',
            "orders.delay.routes: two routes are the same way",
        ),
        ('[offers]\nbudget = "much"', 'offers.budget: "much" is not an amount'),
        ('[offers.coupons.vip]\npattern = "VIP-###"', 'offers.coupons.vip.pattern: "VIP-###" needs letters'),
        ('[offers.coupons.vip]\npattern = "V P-######"', "offers.coupons.vip.pattern: "),
        (
            '[[shop.compensation]]\nafter_days = 1\noffer = "5 EUR"\ncoupon = "sorry"',
            "shop.compensation: there is no [offers.coupons.sorry]",
        ),
        (
            '[[shop.compensation]]\nafter_days = 1\noffer = "5"\nmin_total = "9"\n'
            '[[shop.compensation]]\nafter_days = 1\noffer = "4"',
            "or as many and a higher `min_total`",
        ),
    ],
)
def test_every_mistake_is_told_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, monkeypatch, text)
    assert said in str(caught.value)
