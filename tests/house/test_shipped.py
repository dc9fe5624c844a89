"""What `mailer init` copies passes `mailer check`: templates, timetable and configuration."""

import re
from pathlib import Path

import pytest

from mailer import config
from mailer.jobs import JOBS
from mailer.rendering.catalog import Catalog
from mailer.rendering.check import check_templates
from mailer.scheduler import read_timetable
from tests.house.sources import ROOT


def test_the_shipped_templates_are_fit_to_be_sent() -> None:
    catalog = Catalog(ROOT / "templates")
    assert list(catalog.names())
    assert check_templates(catalog) == []


def test_the_shipped_timetable_names_every_job_once_and_no_other() -> None:
    entries = read_timetable(ROOT / "schedules" / "timetable.toml", JOBS, "Europe/Berlin")
    assert sorted(entry.name for entry in entries) == sorted(JOBS)


def test_the_shipped_configuration_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    settings = config.load()
    assert settings.sender.address == "care@example.com"
    assert set(settings.inbound.mailboxes) == {"support"}


def test_nothing_shipped_names_a_real_host() -> None:
    """Addresses and hosts in what we ship are those that RFC 2606 keeps for examples."""
    shipped = [ROOT / "config.toml", *(ROOT / "templates").rglob("*.*"), *(ROOT / "schedules").rglob("*.toml")]
    hosts = {
        host
        for path in shipped
        for host in re.findall(r"(?:@|://)([a-z0-9.-]+\.[a-z]{2,})", path.read_text(encoding="utf-8"))
    }
    allowed = re.compile(r"(.*\.)?example(\.(com|org|net))?|.*\.(example|test|invalid)")
    assert {host for host in hosts if not allowed.fullmatch(host)} == set()
