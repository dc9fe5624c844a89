"""`mailer coupons`: codes that customers redeem in the shop, each given once."""

from pathlib import Path
from typing import Annotated

import typer

from mailer.clock import SystemClock

coupons = typer.Typer(no_args_is_help=True, help="Codes that customers redeem in the shop, each given once.")

_clock = SystemClock()


@coupons.command("import", epilog="Example: mailer coupons import thanks codes.csv")
def import_coupons(
    pool: Annotated[str, typer.Argument(help="The name under [offers.coupons] of config.toml.")],
    file: Annotated[Path, typer.Argument(help="CSV with a column code, and expires_at.", exists=True, dir_okay=False)],
) -> None:
    """Put the codes of a file into a pool; those that are there already stay as they are."""
    from mailer.cli.session import open_database
    from mailer.errors import NotFound
    from mailer.offers.coupons import import_codes, read_codes

    with file.open(encoding="utf-8-sig", newline="") as lines:
        codes = read_codes(lines)
    with open_database() as (settings, db):
        if pool not in settings.offers.coupons:
            raise NotFound(f"there is no [offers.coupons.{pool}] in config.toml; write that section first")
        new = db.run_here(import_codes, pool, codes, now=_clock.now())
    typer.echo(f"{new:,} new codes in {pool}, {len(codes) - new:,} known already or expired")


@coupons.command("list", epilog="Example: mailer coupons list")
def list_coupons() -> None:
    """Show how many codes of each pool are free, given and expired."""
    from mailer.cli.session import open_database
    from mailer.offers.coupons import stocks

    with open_database() as (settings, db):
        found = {stock.pool: stock for stock in db.read_here(stocks, now=_clock.now())}
    for pool in sorted(found.keys() | settings.offers.coupons.keys()):
        stock, config = found.get(pool), settings.offers.coupons.get(pool)
        free = f"drawn by {config.pattern}" if config and config.pattern else f"{stock.free if stock else 0:,} free"
        given, expired = (stock.given, stock.expired) if stock else (0, 0)
        typer.echo(f"{pool}  {free}, {given:,} given, {expired:,} expired before anybody got them")
