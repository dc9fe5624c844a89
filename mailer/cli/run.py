"""`mailer run`, `mailer web` and `mailer status`: the daemon, and how it stands."""

from collections.abc import Awaitable
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: mailer run --no-web")(run)
    app.command(epilog="Example: mailer web")(web)
    app.command(epilog="Example: mailer status")(status)


def run(web: Annotated[bool, typer.Option("--web/--no-web", help="Serve the console too.")] = True) -> None:
    """Watch the mailboxes, draft, deliver, and serve the console, until Ctrl-C or SIGTERM."""
    import asyncio

    from mailer import app, logs
    from mailer.clock import SystemClock
    from mailer.config import load

    settings = load()
    logs.configure(settings.log.level, settings.log.format)
    asyncio.run(_plainly(app.run(settings, SystemClock(), web=web)))


def web() -> None:
    """Serve the console and the public listener only; `mailer run --no-web` elsewhere does the work."""
    import asyncio

    from mailer import app, logs
    from mailer.clock import SystemClock
    from mailer.config import load

    settings = load()
    logs.configure(settings.log.level, settings.log.format)
    asyncio.run(_plainly(app.run_web(settings, SystemClock())))


def status() -> None:
    """Show what waits where and what a person must look at; exit code 1 when something is wrong."""
    from mailer.calendars import in_words, time_left
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.health.status import status as read_status

    now = SystemClock().now()
    with open_database() as (_, db):
        found = db.read_here(read_status, now=now)
    for mailbox in found.mailboxes:
        polled = f"polled {in_words(now - mailbox.last_poll_at)} ago" if mailbox.last_poll_at else "never polled"
        typer.echo(f"mailbox {mailbox.name}: {mailbox.stored} mails stored, {polled}")
        if mailbox.reconciled:
            typer.echo(f"  {mailbox.reconciled}")
    for name, figures in (
        ("raw mail", found.raw_mail),
        ("conversations", found.conversations),
        ("deliveries", found.deliveries),
    ):
        words = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(figures.items()))
        typer.echo(f"{name}: {words or 'none'}")
    typer.echo(f"next deadline: {time_left(found.next_due_at, now) if found.next_due_at else 'none'}")
    for problem in found.problems:
        typer.echo(f"PROBLEM {problem}")
    if found.problems:
        raise typer.Exit(1)
    typer.echo("All is well.")


async def _plainly(work: Awaitable[None]) -> None:
    """Let the one error of a task group out as itself, so that people read its words."""
    from mailer.errors import MailerError

    try:
        await work
    except ExceptionGroup as group:
        errors = group.subgroup(MailerError)
        if errors is None:
            raise
        raise _first(errors) from None


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
