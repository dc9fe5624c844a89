"""`mailer orders`: bring orders in from a file, and look at one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.cli import payloads

orders = typer.Typer(no_args_is_help=True, help="The shop's orders: bring them in, look at one.")
payloads.register(orders)


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
    from mailer.sources_config import SourceBook

    total, problems = Ingested(), list[str]()
    with open_database() as (settings, db), file.open(encoding="utf-8-sig", newline="") as lines, named(file):
        name, read = _read(lines, form)
        book = SourceBook(settings.sources, settings.inbound.relays)
        for batch in batches(counted(read, "orders")):
            total += _import_batch(db, batch, problems, source=name, storefront=storefront, book=book)
    _tell(file, total, problems)


@orders.command("show", epilog='Example: mailer orders show "#1001"')
def show_order(
    number: Annotated[str, typer.Argument(help="The order number, with or without #.")], storefront: Storefront = "main"
) -> None:
    """Show an order and its parcels, and all that happened to it in the sequence of time; times are UTC."""
    from mailer.cli.session import open_database
    from mailer.orders.show import order_text
    from mailer.orders.timeline import timeline_text

    with open_database() as (_, db):
        typer.echo(db.read_here(order_text, number, storefront=storefront))
        typer.echo("\n" + db.read_here(timeline_text, number, storefront=storefront))


@orders.command("poll", epilog="Example: mailer orders poll shop --since 2026-01-01")
def poll(
    name: Annotated[str, typer.Argument(help="The section [sources.NAME]; it needs a url and a token.")],
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on, UTC.")] = None,
) -> None:
    """Ask a shop now what changed, as the daemon does by itself, and read it; what is known changes nothing."""
    import asyncio

    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.errors import NotFound
    from mailer.orders.hooks import take_payloads
    from mailer.orders.own_source import hooks_of
    from mailer.orders.poll import Polled, poll_source
    from mailer.sources_config import SourceBook

    async def run() -> Polled:
        moment = since.replace(tzinfo=UTC) if since else None
        polled = await poll_source(db, clock, name, settings.sources[name], since=moment)
        while await take_payloads(db, clock, book, hooks_of(settings.sources)):
            pass
        return polled

    clock = SystemClock()
    with open_database() as (settings, db):
        if name not in settings.sources:
            raise NotFound(f"there is no [sources.{name}] in config.toml")
        book = SourceBook(settings.sources, settings.inbound.relays)
        polled = asyncio.run(run())
    typer.echo(f"{polled.pages:,} pages, {polled.orders:,} orders, {polled.fresh:,} of them said something new")


@orders.command("routes", epilog="Example: mailer orders routes")
def routes() -> None:
    """Show how long parcels take on each way, as learned from those that arrived."""
    from mailer.cli.session import open_database
    from mailer.orders.routes import known_routes, route_line

    with open_database() as (_, db):
        lines = [route_line(route) for route in db.read_here(known_routes)]
    for line in lines or ["No parcel has arrived yet that we know of; routes are learned at night."]:
        typer.echo(line)


def _read(lines: Any, form: Form | None) -> tuple[str, Iterator[Any]]:
    from mailer.orders.sources import SOURCES, source_for
    from mailer.orders.table import header_of

    source = SOURCES[form.value] if form else source_for(header_of(lines))
    lines.seek(0)
    return source.name, source.read(lines)


def _import_batch(db: Any, batch: list[Any], problems: list[str], *, source: str, storefront: str, book: Any) -> Any:
    from mailer.clock import SystemClock
    from mailer.orders.ingest import ingest
    from mailer.orders.source import BadOrder, OrderIn

    for bad in batch:
        if isinstance(bad, BadOrder):
            problems += [f"{problem} (order {bad.number})" if bad.number else problem for problem in bad.problems]
    good = [each for each in batch if isinstance(each, OrderIn)]
    return db.run_here(ingest, good, source=source, storefront=storefront, book=book, now=SystemClock().now())


def _tell(file: Path, total: Any, problems: list[str]) -> None:
    from mailer.cli.files import end, tell_problems

    tell_problems(file, problems)
    words = [f"{total.created:,} new", f"{total.updated:,} changed", f"{total.unchanged:,} as before"]
    words += [f"{total.ignored:,} of the platform's tests ignored"] if total.ignored else []
    typer.echo("orders: " + ", ".join(words))
    end(problems)
