"""`mailer orders`: bring orders in from a file, and look at one."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

orders = typer.Typer(no_args_is_help=True, help="The shop's orders: bring them in, look at one.")


class Form(StrEnum):
    """The forms of `mailer.orders.sources.SOURCES`."""

    CSV = "csv"
    SHOPIFY_CSV = "shopify-csv"


Storefront = Annotated[str, typer.Option(help="The brand whose order numbers these are.")]


@orders.command("import", epilog="Example: mailer orders import orders_export.csv --format shopify-csv")
def import_orders(
    file: Annotated[Path, typer.Argument(help="A CSV file, UTF-8.", exists=True, dir_okay=False, readable=True)],
    form: Annotated[Form | None, typer.Option("--format", help="Recognised by the column names if not given.")] = None,
    storefront: Storefront = "main",
) -> None:
    """Bring the orders of a file in; bringing them in again changes nothing.

    An order with a mistake is left out and named with its line, the others are imported; then the exit code is 1.
    """
    from mailer.cli.files import batches, counted, named
    from mailer.cli.session import open_database
    from mailer.orders.ingest import Ingested

    total, problems = Ingested(), list[str]()
    with open_database() as (_, db), file.open(encoding="utf-8-sig", newline="") as lines, named(file):
        name, read = _read(lines, form)
        for batch in batches(counted(read, "orders")):
            total += _import_batch(db, batch, problems, source=name, storefront=storefront)
    _tell(file, total, problems)


@orders.command("show", epilog='Example: mailer orders show "#1001"')
def show_order(
    number: Annotated[str, typer.Argument(help="The order number, with or without #.")], storefront: Storefront = "main"
) -> None:
    """Show an order, its parcels and what their carriers said last; times are UTC."""
    from mailer.cli.session import open_database
    from mailer.orders.show import order_text

    with open_database() as (_, db):
        typer.echo(db.read_here(order_text, number, storefront=storefront))


def _read(lines: Any, form: Form | None) -> tuple[str, Iterator[Any]]:
    from mailer.orders.sources import SOURCES, source_for
    from mailer.orders.table import header_of

    source = SOURCES[form.value] if form else source_for(header_of(lines))
    lines.seek(0)
    return source.name, source.read(lines)


def _import_batch(db: Any, batch: list[Any], problems: list[str], *, source: str, storefront: str) -> Any:
    from mailer.clock import SystemClock
    from mailer.orders.ingest import ingest
    from mailer.orders.source import BadOrder, OrderIn

    for bad in batch:
        if isinstance(bad, BadOrder):
            problems += [f"{problem} (order {bad.number})" if bad.number else problem for problem in bad.problems]
    good = [each for each in batch if isinstance(each, OrderIn)]
    return db.run_here(ingest, good, source=source, storefront=storefront, now=SystemClock().now())


def _tell(file: Path, total: Any, problems: list[str]) -> None:
    from mailer.cli.files import end, tell_problems

    tell_problems(file, problems)
    words = [f"{total.created:,} new", f"{total.updated:,} changed", f"{total.unchanged:,} as before"]
    words += [f"{total.ignored:,} of the platform's tests ignored"] if total.ignored else []
    typer.echo("orders: " + ", ".join(words))
    end(problems)
