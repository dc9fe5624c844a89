"""config.toml, environment and secret files: who wins, and every mistake at once with its key."""

from datetime import timedelta
from pathlib import Path

import pytest

from mailer import config
from mailer.errors import ConfigError

GOOD = """
[shop]
name = "Linen & Co"
[inbound.mailboxes.support]
host = "imap.example.com"
username = "care@example.com"
password = "in the file"
[senders.care]
address = "care@example.com"
[outbound]
host = "smtp.example.com"
password = "in the file"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(GOOD)
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    return path


def mistakes(file: Path, text: str) -> list[str]:
    """What is said about such a file."""
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        config.load()
    assert raised.value.source == str(file)
    return list(raised.value.problems)


def test_a_short_file_is_enough(file: Path) -> None:
    settings = config.load()
    assert settings.shop.name == "Linen & Co"
    assert settings.sender.address == "care@example.com"
    assert settings.inbound.mailboxes["support"].folder == "INBOX"
    assert settings.replies.undo == timedelta(seconds=12)


def test_paths_are_relative_to_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(GOOD.replace("[outbound]", '[outbound]\nca_file = "ca.pem"'))
    monkeypatch.chdir("/")
    settings = config.load()
    assert settings.db.url == f"sqlite:///{file.parent}/mailer.db"
    assert settings.signing.key_file == file.parent / "mailer.key"
    assert settings.rendering.templates == file.parent / "templates"
    assert settings.scheduler.timetable == file.parent / "schedules" / "timetable.toml"
    assert settings.outbound.ca_file == file.parent / "ca.pem"


@pytest.mark.parametrize(
    ("given", "known"),
    [("sqlite:////var/lib/mailer.db", "sqlite:////var/lib/mailer.db"), ("postgresql+psycopg://h/n",) * 2],
)
def test_an_absolute_database_stays_where_it_is(file: Path, given: str, known: str) -> None:
    file.write_text(f'{GOOD}\n[db]\nurl = "{given}"\n')
    assert config.load().db.url == known


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_OUTBOUND__PASSWORD", "in the environment")
    monkeypatch.setenv("MAILER_INBOUND__MAILBOXES__SUPPORT__PASSWORD", "there too")
    settings = config.load()
    assert settings.outbound.password.get_secret_value() == "in the environment"
    assert settings.inbound.mailboxes["support"].password.get_secret_value() == "there too"
    assert settings.inbound.mailboxes["support"].host == "imap.example.com"


def test_a_secret_file_wins_over_the_file_and_its_line_end_is_no_part_of_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "MAILER_OUTBOUND__PASSWORD").write_text("in a secret file\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert config.load().outbound.password.get_secret_value() == "in a secret file"


def test_no_secret_is_ever_printed(file: Path) -> None:
    assert "in the file" not in repr(config.load())
    for text in (GOOD.replace("host =", "hots ="), GOOD.replace('"in the file"', "['in the file']")):
        assert "in the file" not in "\n".join(mistakes(file, text))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "Linen & Co"', "", "shop.name: missing"),
        ('name = "Linen & Co"', 'nmae = "x"', "shop.nmae: unknown key"),
        ("[senders.care]", "[sneders.care]", "sneders: unknown key"),
        ('name = "Linen & Co"', 'name = "x"\nzone = "Berlin"', 'shop.zone: "Berlin" is not a time zone'),
        ("[senders.care]", '[replies]\nundo = "soon"\n[senders.care]', 'replies.undo: "soon" is not a span'),
        ("[senders.care]", '[replies]\nundo = "99999999999w"\n[senders.care]', "replies.undo: "),
        ("[senders.care]", '[replies]\nsender = "boss"\n[senders.care]', "there is no [senders.boss]"),
        ("[senders.care]", '[inbound]\nidle = "40m"\n[senders.care]', "inbound.idle: servers end IDLE"),
        ('address = "care@example.com"', 'address = "Care <care@example.com>"', "is not a plain mail address"),
        ('address = "care@example.com"', 'address = "care"', "is not a plain mail address"),
        ('address = "care@example.com"', 'address = "care@exämple.com"', "is not a plain mail address"),
        ("[senders.care]", '[web]\nconsole_listen = "8025"\n[senders.care]', "is not a listening address"),
        ("[senders.care]", '[web]\npublic_listen = "0.0.0.0:99999"\n[senders.care]', "is not a listening address"),
        ("[outbound]", '[outbound]\ntls = "yes"', "outbound.tls: Input should be 'implicit', 'starttls' or 'none'"),
        ("[outbound]", "[outbound]\nconnections = 0", "outbound.connections: "),
        ("[shop]", "[shop", "not readable: Expected"),
    ],
)
def test_a_mistake_is_told_with_its_key(file: Path, old: str, new: str, said: str) -> None:
    assert said in "\n".join(mistakes(file, GOOD.replace(old, new)))


def test_all_mistakes_are_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_OUTBUOND__PASSWORD", "x")
    text = GOOD.replace('name = "Linen & Co"', "").replace("[outbound]", '[outbound]\ntls = "yes"\nfoo = 1')
    told = mistakes(file, text)
    assert len(told) == 4
    assert {each.split(":")[0] for each in told} == {
        "shop.name",
        "outbound.tls",
        "outbound.foo",
        "environment MAILER_OUTBUOND__PASSWORD",
    }


def test_a_missing_file_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="mailer init"):
        config.load()


@pytest.mark.parametrize("content", [b"\xff\xfe", b'[shop]\nname = "\xe4"\n'])
def test_a_file_that_is_no_text_is_told(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="not readable"):
        config.load()


def test_a_section_in_the_environment_that_is_no_section_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_OUTBOUND", "x")
    with pytest.raises(ConfigError):
        config.load()


SHOP = """
since = 2014
reviews_url = { en = "https://r.example/en", de = "https://r.example/de" }
payment_methods = ["PayPal", { en = "bank transfer" }]
free_shipping_from = 80
[shop.returns."*"]
days = 30
[shop.returns.EU]
keep_below = 9.5
[[shop.shipping.DE]]
name = "Standard"
price = "4.90"
days_min = 2
days_max = 4
[[shop.customs.GB]]
valid_from = 2026-01-01
paid_by = "customer"
seen_low = 5
seen_high = 20
[[shop.offers]]
name = "Linen weeks"
discount = "20 %"
url = "https://shop.example/weeks"
starts = 2026-11-01
ends = 2026-11-30T18:00:00
[[shop.compensation]]
after_days = 5
offer = { en = "5 EUR" }
[[shop.size_table]]
eu = "38"
"""
WITH_SHOP = GOOD.replace('name = "Linen & Co"\n', f'name = "Linen & Co"{SHOP}', 1)


def test_what_the_shop_says_of_itself_is_read(file: Path) -> None:
    file.write_text(WITH_SHOP)
    shop = config.load().shop
    assert shop.reviews_url == {"en": "https://r.example/en", "de": "https://r.example/de"}
    assert (shop.free_shipping_from, shop.returns["EU"].keep_below) == ("80", "9.50")
    assert shop.shipping["DE"][0].days_max == 4
    assert (shop.offers[0].starts, shop.offers[0].ends) == ("2026-11-01", "2026-11-30T18:00:00")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("since = 2014", "since = 14", "shop.since: "),
        ("since = 2014", 'since = 2014\naddress = "du"', "shop.address: Input should be 'formal' or 'informal'"),
        ("since = 2014", 'currency = "euro"', 'shop.currency: "euro" is not a currency'),
        ("since = 2014", "guarantee_days = -1", "shop.guarantee_days: "),
        ("since = 2014", "promise_hours = 0", "shop.promise_hours: "),
        ("since = 2014", "processing_days_min = 3\nprocessing_days_max = 1", "shop: `processing_days_min` (3) is more"),
        ("https://r.example/en", "r.example", 'shop.reviews_url: "r.example" is not a link; write it as in https://'),
        ("{ en = ", "{ english = ", 'shop.reviews_url: "english" is not a language'),
        ('de = "https://r.example/de"', "de = 1", "shop.reviews_url: it must be a text, or a table by language"),
        ('["PayPal", { en = "bank transfer" }]', "[]", "shop.payment_methods: it is empty"),
        (
            "free_shipping_from = 80",
            'free_shipping_from = "80 EUR"',
            'shop.free_shipping_from: "80 EUR" is not an amount',
        ),
        ("free_shipping_from = 80", "free_shipping_from = -1", "shop.free_shipping_from: "),
        ("[shop.returns.EU]", "[shop.returns.europe]", 'shop.returns.europe: "europe" is not a country'),
        ("[shop.returns.EU]", "[shop.returns.UK]", 'shop.returns.UK: "UK" is not a country; write two capitals'),
        ("days_max = 4", "days_max = 1", "shop.shipping.DE.0: `days_min` (2) is more than `days_max` (1)"),
        ("days_max = 4", "days_max = 4\nspeed = 1", "shop.shipping.DE.0.speed: unknown key"),
        ('price = "4.90"', "", "shop.shipping.DE.0.price: missing"),
        ("seen_high = 20", "seen_high = 120", "shop.customs.GB.0.seen_high: "),
        ("seen_high = 20", "seen_high = 2", "shop.customs.GB.0: `seen_low` (5) is more than `seen_high` (2)"),
        (
            "seen_high = 20",
            'seen_high = 20\n[[shop.customs.GB]]\nvalid_from = 2026-01-01\npaid_by = "shop"',
            "shop: customs.GB: two rules begin on one day",
        ),
        ("starts = 2026-11-01", "starts = 2026-12-01", "shop.offers.0: it ends before it starts"),
        ("starts = 2026-11-01", "starts = 2026-11-30T18:00:01", "shop.offers.0: it ends before it starts"),
        ("starts = 2026-11-01", 'starts = "soon"', "shop.offers.0.starts: it is neither a day"),
        ('discount = "20 %"', 'discount = "120 %"', 'shop.offers.0.discount: "120 %": more than 100 %'),
        (
            "[[shop.size_table]]",
            '[[shop.compensation]]\nafter_days = 5\noffer = "all"\n[[shop.size_table]]',
            "shop: compensation: each tier must have more `after_days`",
        ),
    ],
)
def test_nonsense_of_the_shop_is_told_with_its_key(file: Path, old: str, new: str, said: str) -> None:
    assert old in WITH_SHOP
    assert said in "\n".join(mistakes(file, WITH_SHOP.replace(old, new, 1)))


def test_all_mistakes_of_the_shop_are_told_at_once(file: Path) -> None:
    text = WITH_SHOP.replace("https://r.example/en", "r").replace("days_max = 4", "days_max = 1").replace('"38"', "38")
    assert [each.partition(": ")[0] for each in mistakes(file, text)] == [
        "shop.reviews_url",
        "shop.shipping.DE.0",
        "shop.size_table.0.eu",
    ]
