"""`mailer templates`, run as commands: check needs no configuration, preview reads samples or an order."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.orders import orders
from mailer.cli.templates import templates
from mailer.errors import InputError, MailerError, NotFound
from tests.build import TEMPLATES

CONFIG = """
[shop]
name = "Linen & Co"
[senders.care]
address = "care@shop.test"
name = "Mia"
[outbound]
host = "127.0.0.1"
"""
ORDERS = """order_number,email,placed_at,customer_name,item_title,tracking_number,carrier,parcel_state,parcel_state_at
#1001,ana@example.com,2026-11-02T09:00:00+01:00,Ana Silva,Linen shirt,JD014,DHL,in_transit,2026-11-09T11:20:00Z
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(templates, arguments)


def test_what_is_shipped_reads_well(shop: Path) -> None:
    result = run("check")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.splitlines()[-1].startswith("ok    240 replies, 104 mails of flows and ")


def test_every_mistake_is_told_with_its_line_and_the_languages_that_lack(shop: Path) -> None:
    stock = shop / "templates" / "replies" / "stock.en.md"
    stock.write_text(stock.read_text() + "\nTODO\n\n{{ order.nubmer }}\n")
    (shop / "templates" / "replies" / "invoice.de.md").unlink()
    lines = len(stock.read_text().splitlines())
    result = run("check")
    assert result.exit_code == 1
    assert f'FAIL  templates/replies/stock.en.md: line {lines - 2}: "TODO" is left over' in result.stdout
    assert f"FAIL  templates/replies/stock.en.md: line {lines}: order.nubmer is read" in result.stdout
    assert "note  not in de, so such a mail goes out in another language: replies/invoice" in result.stdout
    assert "2 mistakes in " in result.stdout


def test_a_folder_is_checked_without_configuration_or_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "none.toml"))
    assert run("check", "--templates", str(TEMPLATES)).exit_code == 0
    assert run("preview", "stock", "--templates", str(TEMPLATES)).exit_code == 0
    assert list(tmp_path.iterdir()) == []
    assert isinstance(run("check").exception, MailerError)


def test_a_mail_is_shown_with_samples(shop: Path) -> None:
    result = run("preview", "cancel_order", "--locale", "de")
    assert result.exit_code == 0
    assert "#1001" in result.stdout
    assert "Linen & Co" in result.stdout
    page = run("preview", "stock", "--html")
    assert page.stdout.startswith("<!DOCTYPE html>")
    assert "<p>Hello Ana,</p>" in page.stdout
    assert "24" in run("preview", "acknowledgement").stdout or "48" in run("preview", "acknowledgement").stdout


def test_what_an_agent_sees_beside_it_is_told_apart_from_the_mail(shop: Path) -> None:
    result = run("preview", "holding", "--locale", "pt-BR")
    assert "There is no pt-BR; this is en." in result.stderr
    assert "A person still answers after it." in result.stderr
    assert "person still answers" not in result.stdout
    assert "Do this first: Send the invoice of order #1001" in run("preview", "invoice").stderr
    assert "It asks the customer" in run("preview", "exchange").stderr


def test_a_mail_is_shown_with_the_facts_of_an_order(shop: Path) -> None:
    (shop / "orders.csv").write_text(ORDERS)
    CliRunner().invoke(orders, ["import", "orders.csv"])
    result = run("preview", "order_status", "--order", "1001")
    assert result.exit_code == 0, result.output
    assert "Hello Ana," in result.stdout
    assert "JD014" in result.stdout
    assert "Mia\nLinen & Co" in result.stdout


def test_facts_that_are_missing_are_named_with_the_place_to_add_them(shop: Path) -> None:
    (shop / "orders.csv").write_text(ORDERS)
    CliRunner().invoke(orders, ["import", "orders.csv"])
    result = run("preview", "website_safety", "--order", "1001")
    assert result.exit_code == 1
    assert "  shop.since: add `since` under [shop] in config.toml" in result.stdout
    assert "  shop.reviews_url: add `reviews_url`" in result.stdout


def test_what_does_not_exist_is_said(shop: Path) -> None:
    assert isinstance(run("preview", "nothing").exception, InputError)
    assert isinstance(run("preview", "stock", "--order", "77").exception, NotFound)


def test_a_mail_of_a_flow_is_shown_and_kept_as_a_page(shop: Path) -> None:
    result = run("preview", "lifecycle/shipping_notice", "--locale", "de", "--save", "page.html")
    assert result.exit_code == 0
    assert result.stdout.startswith("Ihr Paket ist unterwegs\n")
    assert "Subject: Ihre Bestellung #1001 ist unterwegs" in result.stderr
    page = (shop / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert run("preview", "lifecycle/shipping_notice", "--locale", "de", "--html").stdout == page
    assert "There is no pt; this is en." in run("preview", "lifecycle/refund_paid", "--locale", "pt").stderr


def test_a_mail_of_a_flow_is_shown_with_the_facts_of_an_order(shop: Path) -> None:
    (shop / "orders.csv").write_text(ORDERS, encoding="utf-8")
    assert CliRunner().invoke(orders, ["import", "orders.csv"]).exit_code == 0
    shown = run("preview", "lifecycle/shipping_notice", "--order", "#1001")
    assert "DHL has the parcel with your order #1001 of Monday, November 2, 2026." in shown.stdout
    assert "Tracking number: JD014\n" in shown.stdout
    missing = run("preview", "lifecycle/refund_paid", "--order", "#1001")
    assert missing.exit_code == 1
    assert "refund.amount: the order has no refund" in missing.stdout


def test_mistakes_of_mails_of_flows_are_told_with_the_others(shop: Path) -> None:
    path = shop / "templates/lifecycle/refund_paid.en.html"
    path.write_text(path.read_text(encoding="utf-8").replace("<h1>", '<h1>{{ kit.buton("a", "b") }}'), encoding="utf-8")
    result = run("check", "--templates", "templates")
    assert result.exit_code == 1
    assert "kit.html has no buton; did you mean kit.button?" in result.stdout
