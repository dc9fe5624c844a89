"""`mailer products`: bring in what the shop sells, for answers on sizes, stock and details; and list it."""

from pathlib import Path
from typing import Annotated, Any

import typer

products = typer.Typer(no_args_is_help=True, help="What the shop sells: bring it in, list it.")

Storefront = Annotated[str, typer.Option(help="The brand that sells them.")]


@products.command("import", epilog="Example: mailer products import products.csv")
def import_products(
    file: Annotated[Path, typer.Argument(help="A CSV file, UTF-8.", exists=True, dir_okay=False, readable=True)],
    storefront: Storefront = "main",
) -> None:
    """Bring the products of a file in, known by their sku; a column that the file lacks stays as it was.

    Columns: sku, title, link, details, sizes (as in "S: chest 96 cm; M: chest 104 cm"), size_chart, stock,
    restock_on, price, currency. A line with a mistake is left out and named, the others are imported.
    """
    from mailer.cli.files import batches, counted, end, named, tell_problems
    from mailer.cli.session import open_database
    from mailer.orders.product_table import read_products
    from mailer.orders.products import Taken

    total, problems = Taken(), list[str]()
    with open_database() as (_, db), file.open(encoding="utf-8-sig", newline="") as lines, named(file):
        for batch in batches(counted(read_products(lines), "products")):
            total += _import_batch(db, batch, problems, storefront)
    tell_problems(file, problems)
    typer.echo(f"products: {total.created:,} new, {total.updated:,} changed, {total.unchanged:,} as before")
    end(problems)


@products.command("list", epilog="Example: mailer products list --storefront main")
def list_products(
    storefront: Annotated[str | None, typer.Option(help="Only those of this brand.")] = None,
) -> None:
    """List the products that we know, with stock, price and how many sizes have measures."""
    from mailer.cli.session import open_database
    from mailer.orders.products import product_lines

    with open_database() as (_, db):
        lines = db.read_here(lambda session: list(product_lines(session, storefront)))
    for line in lines or ["no products; `mailer products import FILE.csv` brings them in"]:
        typer.echo(line)


def _import_batch(db: Any, batch: list[Any], problems: list[str], storefront: str) -> Any:
    from mailer.clock import SystemClock
    from mailer.orders.product_table import BadProduct, ProductIn
    from mailer.orders.products import take_products

    problems += [problem for bad in batch if isinstance(bad, BadProduct) for problem in bad.problems]
    good = [each for each in batch if isinstance(each, ProductIn)]
    return db.run_here(take_products, good, storefront=storefront, now=SystemClock().now())
