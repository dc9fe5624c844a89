"""`mailer orders replay` and `mailer orders deliveries`: what the shop's systems sent us, as they sent it."""

from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer

_BATCH = 500

Source = Annotated[str | None, typer.Option(help="Only what came from this [sources] name.")]


def register(orders: typer.Typer) -> None:
    """Add both to `mailer orders`."""
    orders.command("replay", epilog="Example: mailer orders replay --source shop --since 2026-11-01")(replay)
    orders.command("deliveries", epilog="Example: mailer orders deliveries --source shop --limit 20")(deliveries)


def replay(
    source: Source = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only from this day on, UTC.")] = None,
    unreadable: Annotated[bool, typer.Option("--unreadable", help="Only what could not be read.")] = False,
) -> None:
    """Read kept payloads again, the oldest first; what is known already changes nothing."""
    from datetime import UTC

    from mailer.cli.files import counted
    from mailer.cli.session import open_database
    from mailer.orders.deliveries import payload_counts
    from mailer.orders.hooks import replayable

    begin = since.replace(tzinfo=UTC) if since else None
    with open_database() as (settings, db):
        ids = db.read_here(replayable, source=source, since=begin, unreadable=unreadable)
        waiting = iter(counted(ids, "payloads"))
        while batch := list(islice(waiting, _BATCH)):
            _read_again(settings, db, batch)
        states = db.read_here(payload_counts)
    words = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    typer.echo(f"{len(ids):,} payloads read again; all together: {words or 'none'}")


def deliveries(
    source: Source = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of each state.")] = 50,
) -> None:
    """Show what was turned away, could not be read, waits for its order or was ignored, with the reasons."""
    from mailer.cli.session import open_database
    from mailer.orders.deliveries import delivery_lines

    with open_database() as (_, db):
        for line in db.read_here(lambda session: list(delivery_lines(session, source=source, limit=limit))):
            typer.echo(line)


def _read_again(settings: Any, db: Any, ids: list[int]) -> None:
    import asyncio

    from mailer.clock import SystemClock
    from mailer.orders.hooks import replay as again
    from mailer.orders.hooks import take_payloads
    from mailer.orders.own_source import hooks_of
    from mailer.sources_config import SourceBook

    book = SourceBook(settings.sources, settings.inbound.relays)

    async def read() -> None:
        while await take_payloads(db, SystemClock(), book, hooks_of(settings.sources)):
            pass

    db.run_here(again, ids)
    asyncio.run(read())
