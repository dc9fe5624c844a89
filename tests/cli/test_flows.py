"""`mailer flows`, run as commands: files are looked at and simulated without a database."""

import shutil
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from mailer.cli.flows import flows
from mailer.clock import SystemClock
from mailer.db import Database
from mailer.errors import InputError, MailerError, NotFound
from mailer.model import Enrollment
from mailer.signing import write_key_file
from tests.house.sources import ROOT

CONFIG = """
[shop]
name = "Linen & Co"
country = "US"
zone = "America/New_York"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
[offers.coupons.thanks]
pattern = "VIP-########"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop's files, without a config.toml."""
    for name in ("templates", "schedules"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(flows, arguments)


def change(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / "schedules" / "flows" / f"{name}.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def test_what_is_shipped_is_fit(folder: Path) -> None:
    result = run("check")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.startswith("ok    12 flows (0 of them not draft) do what their ")


def test_mistakes_are_told_with_file_and_line(folder: Path) -> None:
    change(folder, "review_invitation", "review_reminder", "review_remainder")
    change(folder, "shipping_notice", '["1d send tell"]', '["2d send tell"]')
    change(folder, "vip_month", 'status = "draft"', 'status = "life"')
    result = run("check")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "3 mistakes in schedules/flows"
    assert any("review_invitation.toml:39: [[step]] 2 send: there is no mail" in line for line in lines)
    assert any("[[test]]" in line and "expected 2d send tell; it does 1d send tell" in line for line in lines)
    assert any('vip_month.toml:3: status: "life" is none; did you mean live?' in line for line in lines)


def test_with_a_configuration_senders_and_coupons_are_looked_up(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    assert run("check").exit_code == 0
    change(folder, "vip_month", 'coupon = "thanks"', 'coupon = "tanks"')
    assert run("check").stdout.startswith("note  ")
    change(folder, "vip_month", '"draft"', '"live"')
    result = run("check")
    assert result.exit_code == 1
    assert "there is no [offers.coupons.tanks] in config.toml" in result.stdout


def test_the_list_shows_what_runs(folder: Path) -> None:
    change(folder, "shipping_notice", 'status = "draft"', 'status = "live"')
    change(folder, "vip_month", 'status = "draft"', "")
    result = run("list")
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("shipping_notice")]
    assert " ".join(line.split()) == "shipping_notice live transactional shipment.shipped per shipment: tell"
    assert "vip_month: 1 mistakes; `mailer flows check` tells them" in result.output


def test_a_simulation_prints_each_line_with_its_local_time_and_reason(folder: Path) -> None:
    result = run("simulate", "review_invitation", "--order", "schedules/examples/order.toml", "--days", "60")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[2] == "Sat 2027-03-27 10:00  day 12   hold     ask          a conversation of this customer is open"
    assert lines[-1] == 'As a [[test]]: expect = ["12d hold ask", "13d send ask", "20d send remind"]'


def test_a_simulation_takes_country_and_zone_from_the_configuration(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    result = run("simulate", "review_invitation", "--order", "schedules/examples/order.toml")
    # Germany is abroad: five days instead of three.
    assert "due 2027-03-29 10:00 (Europe/Berlin)" in result.stdout


def test_a_simulation_of_an_order_that_stays_outside_says_what_it_lacks(folder: Path) -> None:
    (folder / "order.toml").write_text('events = ["0d order.placed"]\n', encoding="utf-8")
    result = run("simulate", "review_invitation", "--order", "order.toml", "--days", "5")
    assert result.stdout.splitlines() == [
        "Nothing lets this order in; order.delivered would.",
        "As a [[test]]: expect = []",
    ]


def test_what_is_wrong_is_said(folder: Path) -> None:
    (folder / "order.toml").write_text('order = { contry = "DE" }\n', encoding="utf-8")
    result = run("simulate", "review_invitation", "--order", "order.toml")
    assert isinstance(result.exception, InputError)
    assert "contry: there is no such key; did you mean country?" in str(result.exception)
    assert "events: nothing happens" in str(result.exception)
    (folder / "order.toml").write_bytes(b"\xff\xfe")
    assert isinstance(run("simulate", "vip_month", "--order", "order.toml").exception, InputError)
    (folder / "order.toml").write_text("order = 7 7", encoding="utf-8")
    assert "it is not TOML" in str(run("simulate", "vip_month", "--order", "order.toml").exception)
    assert isinstance(run("simulate", "gone", "--order", "schedules/examples/order.toml").exception, NotFound)
    change(folder, "vip_month", 'status = "draft"', 'status = "life"')
    broken = run("simulate", "vip_month", "--order", "schedules/examples/order.toml")
    assert isinstance(broken.exception, InputError)
    assert "line 3" in str(broken.exception)
    assert isinstance(run("list", "--flows", "nowhere").exception, MailerError)


def test_status_tells_flows_in_numbers(folder: Path) -> None:
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    write_key_file(folder / "mailer.key")
    empty = run("status")
    assert "Nobody has entered a flow yet" in empty.output
    db = Database(f"sqlite:///{folder / 'mailer.db'}")
    now = SystemClock().now()
    times = {"anchor_at": now, "entered_at": now, "updated_at": now}
    about = {"flow": "vip_month", "subject_kind": "customer", "subject_id": 1, "address": "ana@customer.test"}
    with Session(db.engine) as session, session.begin():
        session.add(Enrollment(key="vip_month:customer:1", **about, **times))
    db.close()
    told = run("status").output.splitlines()
    assert told[0].split() == ["active", "paused", "finished", "exited", "sent", "skipped", "reached"]
    assert told[1].split() == ["vip_month", "1", "0", "0", "0", "0", "0", "0"]
