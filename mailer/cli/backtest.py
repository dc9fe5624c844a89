"""`mailer backtest`: what Mailer would have answered, beside what people answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

_NAMES = {"outcome": "what would have been done", "intent": "what was wanted", "language": "languages"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mailer backtest --days 90 --samples 10")(backtest)


def backtest(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back to look.")] = 90,
    mailbox: Annotated[str, typer.Option(help="The mailbox, as config.toml names it; the only one if not given.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="At most so many mails, the newest; 0 for all.")] = 0,
    samples: Annotated[int, typer.Option(min=0, max=1000, help="So many drafts beside the real answers.")] = 5,
    files: Annotated[bool, typer.Option("--files", help="Draft by the templates' files, not by what serves.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Go through a mailbox's past and compare what Mailer would have drafted with what people sent.

    Nothing is drafted, sent, marked or stored: folders are opened read only. Orders are those of today.
    """
    import asyncio
    import json

    from mailer import logs
    from mailer.backtest.run import backtest as work
    from mailer.clock import SystemClock
    from mailer.config import load
    from mailer.errors import InputError
    from mailer.signing import read_keys

    settings = load()
    # Warnings of single mails belong to the daemon's log.
    logs.configure("error", settings.log.format)
    names = list(settings.inbound.mailboxes)
    if not mailbox and len(names) != 1:
        raise InputError("mailer backtest", [f"choose one with --mailbox: {', '.join(names) or 'there is none'}"])
    keys = read_keys(settings.signing.key_file)
    with _progress() as tell:
        name = mailbox or names[0]
        looking = work(
            settings, keys, SystemClock(), tell, mailbox=name, days=days, most=limit or None, files_only=files
        )
        found = asyncio.run(looking)
    if as_json:
        typer.echo(json.dumps(found.plain(samples), ensure_ascii=False))
    else:
        _show(found, samples)


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar on a terminal, on standard error; silent elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield tell


def _show(found: Any, samples: int) -> None:
    people = found.of_people
    answered = sum(one.answer is not None for one in people)
    typer.echo(
        f"{len(found.mails)} mails, {len(people)} of them by people, {answered} answered by people ({found.sent} sent)"
    )
    typer.echo(f"coverage: {found.coverage:.1%} of people's mails would have had a draft")
    if found.published:
        typer.echo(f"Drafted by what serves: {found.published} published texts stand over their files.")
    if not found.orders_known:
        typer.echo("No orders are known yet: import them first, and more can be answered (`mailer orders import`).")
    for name, words in _NAMES.items():
        typer.echo(f"\n{words}:")
        for value, count in found.counts(name).items():
            typer.echo(f"{count:>7}  {value.replace('_', ' ')}")
    for one in found.sample(samples):
        _beside(one)


def _beside(one: Any) -> None:
    """The would-be draft on the left, what was really sent on the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(f"{one.at:%Y-%m-%d} {one.judged.intent}: {one.subject}"), expand=True, title_justify="left"
    )
    table.add_column("Mailer would have drafted", ratio=1)
    table.add_column("a person sent", ratio=1)
    # Text, not markup: customers write brackets too.
    table.add_row(Text(one.judged.draft), Text(one.answer or ""))
    Console().print(table)
