"""`mailer orders`, run as commands on a database of their own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.orders import Form, orders
from mailer.errors import InputError, NotFound
from mailer.orders.sources import SOURCES

CONFIG = """
[shop]
name = "Linen & Co"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
"""
HEAD = "order_number,email,placed_at,customer_name,item_title,tracking_number,carrier,parcel_state,parcel_state_at\n"
ANA = "#1001,ana@example.com,2026-11-02T09:00:00+01:00,Ana Silva,Linen shirt,JD014,DHL,delivered,2026-11-09T11:20:00Z\n"
BO = "#1002,bo@example.com,2026-11-03T09:00:00+01:00,Bo,Hat,,,,\n"


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(HEAD + ANA + BO, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(orders, arguments)


def test_a_file_is_imported_once_and_again_without_change(file: Path) -> None:
    first, again = run("import", str(file)), run("import", str(file))
    assert (first.exit_code, first.stdout) == (0, "orders: 2 new, 0 changed, 0 as before\n")
    assert (again.exit_code, again.stdout) == (0, "orders: 0 new, 0 changed, 2 as before\n")


def test_an_order_is_shown_with_its_parcel_and_last_scan(file: Path) -> None:
    run("import", str(file))
    result = run("show", "1001")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "#1001  placed 2026-11-02 08:00",
        "  Ana Silva  ana@example.com",
        "  from csv, last changed there 2026-11-09 11:20",
        "  1 x Linen shirt",
        "  parcel DHL JD014: delivered since 2026-11-09 11:20",
        "    last scan 2026-11-09 11:20: delivered",
        "",
        "what happened (UTC)",
        "  2026-11-02 08:00  event     order.placed",
        "  2026-11-09 11:20  event     order.shipped",
        "  2026-11-09 11:20  event     order.delivered",
        "  2026-11-09 11:20  carrier   DHL JD014: delivered",
    ]
    assert "no parcel yet" in run("show", "#1002").stdout


def test_an_order_that_is_not_there_is_said_so() -> None:
    with pytest.raises(NotFound, match="mailer orders import"):
        raise run("show", "4711").exception or AssertionError


def test_a_bad_order_is_named_with_its_line_and_the_others_are_imported(file: Path) -> None:
    file.write_text(HEAD + ANA.replace("ana@example.com", "nobody") + BO, encoding="utf-8")
    result = run("import", str(file))
    assert result.exit_code == 1
    assert result.stdout == "orders: 1 new, 0 changed, 0 as before\n"
    assert 'orders.csv, line 2: email: "nobody" is not a mail address (order #1001)' in result.stderr


def test_of_many_mistakes_the_first_fifty_are_told(file: Path) -> None:
    file.write_text(HEAD + "".join(f"{number},,,,,,,,\n" for number in range(60)), encoding="utf-8")
    result = run("import", str(file))
    assert result.exit_code == 1
    assert result.stderr.count("orders.csv, line") == 50
    assert "and 70 more" in result.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("colour,size\nred,M\n", (), "orders.csv, line 1: these column names are of no known form"),
        ("order_number,email\n1,a@b.example\n", (), "orders.csv, line 1: the column placed_at is missing"),
        (HEAD, ("--format", "shopify-csv"), "orders.csv, line 1: the column name is missing"),
        ("", (), "orders.csv, line 1: no column names"),
    ],
)
def test_a_file_with_a_wrong_header_is_refused_whole(
    file: Path, text: str, arguments: tuple[str, ...], words: str
) -> None:
    file.write_text(text, encoding="utf-8")
    result = run("import", str(file), *arguments)
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)


def test_every_shipped_form_can_be_named() -> None:
    assert [form.value for form in Form] == list(SOURCES)
