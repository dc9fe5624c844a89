"""`mailer products`, run as commands on a database of their own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.products import products
from mailer.errors import InputError

CONFIG = """
[shop]
name = "Linen & Co"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
"""
HEAD = "sku,title,stock,price,currency,sizes\n"
SHIRT = "LS,Linen shirt,12,59.00,EUR,S: chest 96 cm; M: chest 104 cm\n"
HAT = "HT,Hat,0,19.00,EUR,\n"


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "products.csv"
    path.write_text(HEAD + SHIRT + HAT, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(products, arguments)


def test_a_file_is_imported_once_and_again_without_change(file: Path) -> None:
    first, again = run("import", str(file)), run("import", str(file))
    assert (first.exit_code, first.stdout) == (0, "products: 2 new, 0 changed, 0 as before\n")
    assert (again.exit_code, again.stdout) == (0, "products: 0 new, 0 changed, 2 as before\n")


def test_products_are_listed(file: Path) -> None:
    assert run("list").stdout == "no products; `mailer products import FILE.csv` brings them in\n"
    run("import", str(file))
    assert run("list").stdout.splitlines() == [
        "HT  Hat  19.00 EUR  0 in stock",
        "LS  Linen shirt  59.00 EUR  12 in stock  2 sizes",
    ]


def test_a_bad_line_is_named_and_the_others_are_imported(file: Path) -> None:
    file.write_text(HEAD + SHIRT.replace("12", "lots") + HAT, encoding="utf-8")
    result = run("import", str(file))
    assert result.exit_code == 1
    assert result.stdout == "products: 1 new, 0 changed, 0 as before\n"
    assert 'products.csv, line 2: stock: "lots" is not a number of pieces' in result.stderr


def test_of_many_mistakes_the_first_fifty_are_told(file: Path) -> None:
    file.write_text(HEAD + "".join(f"S{number},,,,,\n" for number in range(60)), encoding="utf-8")
    result = run("import", str(file))
    assert result.stderr.count("products.csv, line") == 50
    assert "and 10 more" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title\nHat\n", "products.csv, line 1: the column sku is missing"),
        (b"", "products.csv, line 1: no column names"),
        ("sku,title\nA,Überwurf\n".encode("latin-1"), "products.csv, file: not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    result = run("import", str(file))
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)
