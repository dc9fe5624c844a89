"""A CSV file of products, line by line: each is a product with what the file says of it, or its mistakes."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TextIO

from mailer.orders.table import Line, header_of, lines_of

REQUIRED = ("sku", "title")
_LONGEST_SKU = 100
_PRICE = re.compile(r"\d{1,9}([.,]\d{1,2})?")


@dataclass(frozen=True)
class ProductIn:
    """A product as a file tells of it; `values` holds the columns that the file has, empty ones as nothing."""

    sku: str
    values: Mapping[str, Any]
    raw: Mapping[str, str]


@dataclass(frozen=True)
class BadProduct:
    """A line that cannot be read: what is wrong, each with its line and column."""

    problems: tuple[str, ...]


def read_products(file: TextIO) -> Iterator[ProductIn | BadProduct]:
    """The products of a file in its order. Raises InputError when the header is wrong."""
    header = set(header_of(file))
    file.seek(0)
    columns = {name: column for name, column in _COLUMNS.items() if name in header}
    seen: dict[str, int] = {}
    for line in lines_of(file, ("sku", *_COLUMNS), REQUIRED):
        yield _read(line, columns, seen)


def _read(line: Line, columns: "Mapping[str, Column]", seen: dict[str, int]) -> ProductIn | BadProduct:
    values, problems = dict[str, Any](), _sku_problems(line, seen)
    for name, column in columns.items():
        try:
            values[column.field] = column.read(line[name])
        except ValueError as error:
            problems.append(f"line {line.number}: {name}: {error}")
    return BadProduct(tuple(problems)) if problems else ProductIn(line["sku"], values, line.values)


def _sku_problems(line: Line, seen: dict[str, int]) -> list[str]:
    sku = line["sku"]
    if not sku:
        return [f"line {line.number}: sku: missing"]
    if len(sku) > _LONGEST_SKU:
        return [f"line {line.number}: sku: longer than {_LONGEST_SKU} characters"]
    first = seen.setdefault(sku, line.number)
    return [] if first == line.number else [f'line {line.number}: sku: "{sku}" stands in line {first} already']


def _title(text: str) -> str:
    if not text:
        raise ValueError("missing")
    return text


def _link(text: str) -> str:
    if text and (not text.startswith(("https://", "http://")) or any(c.isspace() or c in "<>" for c in text)):
        raise ValueError(f'"{text}" is not a link; write it as in https://shop.example/page')
    return text


def _sizes(text: str) -> dict[str, str]:
    """From `S: chest 96 cm; M: chest 104 cm` to the measures of each size."""
    sizes: dict[str, str] = {}
    for part in re.split(r"[;；\n]", text):
        size, colon, measures = (each.strip() for each in re.sub("：", ":", part).partition(":"))
        if not part.strip():
            continue
        if not (size and colon and measures):
            raise ValueError(f'"{part.strip()}" is not a size; write them as in S: chest 96 cm; M: chest 104 cm')
        if size in sizes:
            raise ValueError(f'the size "{size}" stands there twice')
        sizes[size] = measures
    return sizes


def _stock(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f'"{text}" is not a number of pieces; write it as in 12')
    return int(text) if text else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f'"{text}" is not a day; write it as in 2026-12-24') from None


def _price(text: str) -> str | None:
    if text and not _PRICE.fullmatch(text):
        raise ValueError(f'"{text}" is not a price; write it as in 59.00, its currency in a column of its own')
    return text.replace(",", ".") or None


def _currency(text: str) -> str | None:
    if text and not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise ValueError(f'"{text}" is not a currency; write its three letters, as in EUR')
    return text.upper() or None


@dataclass(frozen=True)
class Column:
    """A column of the file: the field of a Product that it fills, and how it is read."""

    field: str
    read: Callable[[str], Any]


_COLUMNS = {
    "title": Column("title", _title),
    "link": Column("url", _link),
    "details": Column("details", str),
    "sizes": Column("sizes", _sizes),
    "size_chart": Column("size_chart_url", _link),
    "stock": Column("stock", _stock),
    "restock_on": Column("restock_on", _day),
    "price": Column("price", _price),
    "currency": Column("currency", _currency),
}
