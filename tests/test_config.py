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
