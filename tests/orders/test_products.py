"""Products become rows once, on both engines, and say when they last changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO

import pytest
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.model import Product
from mailer.orders.product_table import ProductIn, read_products
from mailer.orders.products import Taken, product_lines, take_products

HEAD = "sku,title,price,currency,sizes,stock,restock_on\n"
SHIRT = "LS,Linen shirt,59.00,EUR,S: chest 96 cm; M: chest 104 cm,0,2026-12-24\n"
HAT = "HT,Hat,19.00,EUR,,7,\n"
HOUR = timedelta(hours=1)


def told(text: str) -> list[ProductIn]:
    return [one for one in read_products(StringIO(text)) if isinstance(one, ProductIn)]


def take(session: Session, text: str, now: datetime, storefront: str = "main") -> Taken:
    return take_products(session, told(text), storefront=storefront, now=now)


def rows(session: Session) -> list[Product]:
    session.expire_all()
    return list(session.exec(select(Product).order_by(col(Product.sku))))


def test_products_become_rows_and_again_change_nothing(session: Session, now: datetime) -> None:
    assert take(session, HEAD + SHIRT + HAT, now) == Taken(created=2)
    assert take(session, HEAD + SHIRT + HAT, now + HOUR) == Taken(unchanged=2)
    hat, shirt = rows(session)
    assert (hat.sku, hat.stock, hat.restock_on, hat.changed_at) == ("HT", 7, None, now)
    assert shirt.sizes == {"S": "chest 96 cm", "M": "chest 104 cm"}
    assert shirt.raw["price"] == "59.00"


def test_what_changed_has_the_time_of_its_change(session: Session, now: datetime) -> None:
    take(session, HEAD + SHIRT + HAT, now)
    assert take(session, HEAD + SHIRT.replace("59.00", "49.00") + HAT, now + HOUR) == Taken(updated=1, unchanged=1)
    hat, shirt = rows(session)
    assert (shirt.price, shirt.changed_at, hat.changed_at) == ("49.00", now + HOUR, now)


def test_a_column_that_the_file_lacks_stays_and_an_empty_one_is_emptied(session: Session, now: datetime) -> None:
    take(session, HEAD + SHIRT, now)
    assert take(session, "sku,title,restock_on\nLS,Linen shirt,\n", now + HOUR) == Taken(updated=1)
    [shirt] = rows(session)
    assert (shirt.price, shirt.restock_on) == ("59.00", None)


def test_two_storefronts_may_use_the_same_sku(session: Session, now: datetime) -> None:
    take(session, HEAD + HAT, now)
    assert take(session, HEAD + HAT, now, storefront="japan") == Taken(created=1)
    assert list(product_lines(session)) == ["HT  Hat  (japan)  19.00 EUR  7 in stock", "HT  Hat  19.00 EUR  7 in stock"]
    assert len(list(product_lines(session, "japan"))) == 1


@pytest.mark.parametrize("strange", ["'; DROP TABLE product; --", "😀", "\u2028"])
def test_strange_text_is_stored(session: Session, now: datetime, strange: str) -> None:
    assert take(session, f"sku,title\nA,a{strange}b\n", now) == Taken(created=1)
    assert rows(session)[0].title == f"a{strange}b"


def test_of_many_who_import_the_same_file_at_once_each_is_right(db: Database, now: datetime) -> None:
    products = told("sku,title\n" + "".join(f"S{number},Thing\n" for number in range(40)))

    def take_them(turn: int) -> Taken:
        return db.run_here(take_products, products[turn:] + products[:turn], now=now)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(take_them, range(4)))
    assert sum((each for each in done), Taken()) == Taken(created=40, unchanged=120)
