"""`mailer init` and `mailer check`: from an empty folder to words that say what is missing."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli import app
from mailer.errors import ConfigError, MailerError
from mailer.signing import read_keys
from tests.cli.shop import CONFIG, mailer


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def error_of(result: Result) -> MailerError:
    assert isinstance(result.exception, MailerError), result.output
    return result.exception


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    assert run("init", str(folder)).exit_code == 0
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(folder / "config.toml"))
    return folder


def test_init_writes_all_that_a_shop_needs(tmp_path: Path) -> None:
    result = run("init", str(tmp_path / "a" / "shop"))
    folder = tmp_path / "a" / "shop"
    assert result.exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["config.toml", "mailer.key", "schedules", "templates"]
    assert stat.S_IMODE((folder / "mailer.key").stat().st_mode) == 0o600
    assert len(read_keys(folder / "mailer.key").keys) == 1
    assert (folder / "templates" / "replies" / "order_status.en.md").is_file()
    assert "mailer check" in result.stdout


def test_two_shops_have_two_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("init", str(tmp_path / name))
    assert read_keys(tmp_path / "one" / "mailer.key") != read_keys(tmp_path / "two" / "mailer.key")


@pytest.mark.parametrize("taken", ["config.toml", "mailer.key", "templates", "schedules"])
def test_init_overwrites_nothing(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).mkdir()
    error = error_of(run("init", str(tmp_path)))
    assert f"{taken} exists already; nothing was written" in str(error)
    assert [path.name for path in tmp_path.iterdir()] == [taken]


def test_check_names_each_server_that_does_not_answer(shop: Path) -> None:
    result = run("check")
    assert result.exit_code == 1
    lines = {line.split()[1]: line for line in result.stdout.splitlines() if line[:4] in ("ok  ", "FAIL")}
    failed = [name for name, line in lines.items() if line.startswith("FAIL")]
    assert failed == ["mailbox", "relay"]
    assert "2 of 11 checks failed." in result.stdout
    assert "Traceback" not in result.output


def test_check_tells_a_wrong_timetable_and_template(shop: Path) -> None:
    (shop / "schedules" / "timetable.toml").write_text('[[job]]\nname = "dance"\nevery = "5m"\n', encoding="utf-8")
    (shop / "templates" / "replies" / "order_status.en.md").write_text("Hello", encoding="utf-8")
    shown = run("check").stdout
    assert 'there is no job "dance"' in shown
    assert "front matter is missing" in shown


WRONG = """
[shop]
zone = "Mars/North"
colour = "red"
[inbound.mailboxes.support]
port = "many"
tls = "perhaps"
username = "care@shop.test"
[senders.care]
address = "care at shop"
[outbound]
host = "127.0.0.1"
timeout = "soon"
connections = 0
[web]
console_listen = "8025"
[weather]
sunny = true
"""


def test_every_mistake_of_a_configuration_is_told_at_once_with_its_key(shop: Path) -> None:
    (shop / "config.toml").write_text(WRONG, encoding="utf-8")
    error = error_of(run("check"))
    assert isinstance(error, ConfigError)
    keys = {problem.split(":")[0] for problem in error.problems}
    assert keys == {
        "shop.name", "shop.zone", "shop.colour", "inbound.mailboxes.support.host", "inbound.mailboxes.support.port",
        "inbound.mailboxes.support.tls", "senders.care.address", "outbound.timeout", "outbound.connections",
        "web.console_listen", "weather",
    }  # fmt: skip
    assert all(line.startswith(f"{shop / 'config.toml'}: ") for line in str(error).splitlines())


def test_what_does_not_fit_together_is_told_too(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "config.toml").write_text(CONFIG + '[replies]\nsender = "sales"\n', encoding="utf-8")
    monkeypatch.setenv("MAILER_INBOUND__IDLE", "30m")
    monkeypatch.setenv("MAILER_WEATHER__SUNNY", "yes")
    words = str(error_of(run("check")))
    for part in ("there is no [senders.sales]", "inbound.idle", "MAILER_WEATHER__SUNNY: there is no such section"):
        assert part in words


def test_the_environment_wins_over_the_file(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_SHOP__ZONE", "Asia/Tokyo")
    assert "Asia/Tokyo, where it is" in run("check").stdout


def test_a_configuration_that_is_not_there_or_no_toml_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    assert "no such file; `mailer init` writes one" in str(error_of(run("check")))
    path.write_text("[shop\n", encoding="utf-8")
    assert "not readable: Expected" in str(error_of(run("status")))


def test_a_stranger_s_first_commands_end_with_words_and_codes(tmp_path: Path) -> None:
    missing = mailer(tmp_path, "run")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("mailer: config.toml: no such file; `mailer init` writes one")
    assert "Traceback" not in missing.stderr
    assert mailer(tmp_path, "init").returncode == 0
    again = mailer(tmp_path, "init")
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    assert mailer(tmp_path, "dance").returncode == 2


@pytest.mark.parametrize(
    "command", [one.name or one.callback.__name__ for one in app.registered_commands if one.callback]
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.stdout
    assert f"mailer {command}" in result.stdout
