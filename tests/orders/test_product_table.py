"""A file of products: what each column takes, and every mistake with its line."""

from datetime import date
from io import StringIO

import pytest

from mailer.errors import InputError
from mailer.orders.product_table import BadProduct, ProductIn, read_products

HEAD = "sku,title,link,details,sizes,size_chart,stock,restock_on,price,currency\n"
SHIRT = (
    'LS,Linen shirt,https://shop.example/ls,"Pure linen, washed","S: chest 96 cm; M: chest 104 cm",'
    "https://shop.example/sizes,12,2026-12-24,59.00,eur\n"
)


def read(text: str) -> list[ProductIn | BadProduct]:
    return list(read_products(StringIO(text)))


def test_a_line_is_a_product() -> None:
    [product] = read(HEAD + SHIRT)
    assert isinstance(product, ProductIn)
    assert product.sku == "LS"
    assert product.values == {
        "title": "Linen shirt",
        "url": "https://shop.example/ls",
        "details": "Pure linen, washed",
        "sizes": {"S": "chest 96 cm", "M": "chest 104 cm"},
        "size_chart_url": "https://shop.example/sizes",
        "stock": 12,
        "restock_on": date(2026, 12, 24),
        "price": "59.00",
        "currency": "EUR",
    }


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sku,title\nA,Hat\n", {"title": "Hat"}),
        ("\ufeffsku;title;price\nA;Hat;59,90\n", {"title": "Hat", "price": "59.90"}),
        ("SKU\tTitle\tStock\nA\tHat\t0\n", {"title": "Hat", "stock": 0}),
        ("sku,title,stock,details\nA,Hat,,\n", {"title": "Hat", "stock": None, "details": ""}),
        ("sku,title,sizes\nA,Hat,\n", {"title": "Hat", "sizes": {}}),
        (
            "sku,title,sizes\nA,帽子,S：胸围 96 厘米；M：104\n",
            {"title": "帽子", "sizes": {"S": "胸围 96 厘米", "M": "104"}},
        ),
        ("sku,title,colour\nA,Hat,red\n", {"title": "Hat"}),
    ],
)
def test_what_spreadsheets_do_to_it_is_undone(text: str, values: dict[str, object]) -> None:
    [product] = read(text)
    assert isinstance(product, ProductIn), product
    assert dict(product.values) == values


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("title", "", "title: missing"),
        ("link", "shop.example/ls", 'link: "shop.example/ls" is not a link'),
        ("link", "https://a b.example", "link: "),
        ("sizes", "S", 'sizes: "S" is not a size; write them as in S: chest 96 cm; M: chest 104 cm'),
        ("sizes", "S: 1; S: 2", 'sizes: the size "S" stands there twice'),
        ("stock", "many", 'stock: "many" is not a number of pieces'),
        ("stock", "-1", "stock: "),
        ("restock_on", "24.12.2026", 'restock_on: "24.12.2026" is not a day; write it as in 2026-12-24'),
        ("price", "59 EUR", 'price: "59 EUR" is not a price'),
        ("currency", "euros", 'currency: "euros" is not a currency'),
    ],
)
def test_a_mistake_is_told_with_line_and_column(column: str, text: str, said: str) -> None:
    columns = "sku,title" if column == "title" else f"sku,title,{column}"
    bad = f"B,{text}" if column == "title" else f"B,Hat,{text}"
    good, found = read(f"{columns}\nA,Hat\n{bad}\n")
    assert isinstance(good, ProductIn)
    assert isinstance(found, BadProduct)
    assert [problem.startswith(f"line 3: {said}") for problem in found.problems] == [True]


def test_every_mistake_of_a_line_is_told() -> None:
    _, twice, none = read("sku,title,stock,price\nA,Hat,1,1\nA,,x,y\n,Cap,1,1\n")
    assert isinstance(twice, BadProduct)
    assert isinstance(none, BadProduct)
    assert [problem.split(":")[1].strip() for problem in twice.problems] == ["sku", "title", "stock", "price"]
    assert twice.problems[0] == 'line 3: sku: "A" stands in line 2 already'
    assert none.problems == ("line 4: sku: missing",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title,price\nHat,1\n", "the column sku is missing"),
        ("sku,title,stok\nA,Hat,1\n", "Did you mean stock?"),
        ("", "no column names"),
    ],
)
def test_a_wrong_header_is_refused_whole(text: str, said: str) -> None:
    with pytest.raises(InputError, match="line 1") as raised:
        read(text)
    assert said in str(raised.value)
