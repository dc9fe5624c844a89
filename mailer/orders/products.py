"""Products as told become rows: a file that comes again changes nothing, a column that it lacks stays as it was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.model import Product
from mailer.orders.product_table import ProductIn


@dataclass(frozen=True)
class Taken:
    """How many products were new, changed, and known as they are."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged)


def take_products(
    session: Session, products: Sequence[ProductIn], *, source: str = "csv", storefront: str = "main", now: datetime
) -> Taken:
    """Record what a file tells of products."""
    skus = sorted({told.sku for told in products})
    taken = Taken()
    known = _locked(session, skus, storefront)
    # One sequence for all who import at once, so that they wait for each other and never crosswise.
    for told in sorted(products, key=lambda one: one.sku):
        row = Product(
            storefront=storefront, sku=told.sku, **told.values, source=source, changed_at=now, raw=dict(told.raw)
        )
        if told.sku not in known and insert_once(session, row):
            taken += Taken(created=1)
            continue
        # Whoever imports the same file at once may have been faster.
        product = known.get(told.sku) or _locked(session, [told.sku], storefront)[told.sku]
        changed = _change(product, told, source, now)
        taken += Taken(updated=1) if changed else Taken(unchanged=1)
    session.flush()
    return taken


def product_lines(session: Session, storefront: str | None = None) -> Iterator[str]:
    """Every product in one line: sku, title, stock, when it is back, price, and how many sizes have measures."""
    wanted = select(Product).order_by(col(Product.storefront), col(Product.sku))
    if storefront is not None:
        wanted = wanted.where(Product.storefront == storefront)
    for product in session.exec(wanted.execution_options(yield_per=500)):
        yield _line(product)


def _locked(session: Session, skus: Sequence[str], storefront: str) -> dict[str, Product]:
    wanted = select(Product).where(Product.storefront == storefront, col(Product.sku).in_(skus))
    rows = session.exec(wanted.order_by(col(Product.sku)).with_for_update())
    return {row.sku: row for row in rows}


def _change(product: Product, told: ProductIn, source: str, now: datetime) -> bool:
    others = {name: value for name, value in told.values.items() if getattr(product, name) != value}
    for name, value in others.items():
        setattr(product, name, value)
    if others:
        product.source, product.changed_at, product.raw = source, now, {**product.raw, **told.raw}
    return bool(others)


def _line(product: Product) -> str:
    price = " ".join(part for part in (product.price, product.currency) if part)
    stock = "" if product.stock is None else f"{product.stock} in stock"
    back = f"back on {product.restock_on}" if product.restock_on else ""
    sizes = f"{len(product.sizes)} sizes" if product.sizes else ""
    brand = "" if product.storefront == "main" else f"({product.storefront})"
    return "  ".join(part for part in (product.sku, product.title, brand, price, stock, back, sizes) if part)
