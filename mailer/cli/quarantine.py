"""`mailer quarantine`: mails that could not be read or fetched, and large ones of which the rest is wanted."""

from pathlib import Path
from typing import Annotated

import typer

Number = Annotated[int, typer.Argument(help="The number of the raw mail, as `mailer quarantine list` names it.")]

quarantine = typer.Typer(no_args_is_help=True, help="Mails that could not be read: see, retry, save.")


@quarantine.command("list", epilog="Example: mailer quarantine list --limit 20")
def show_list(limit: Annotated[int, typer.Option(min=1, max=1000, help="How many lines.")] = 50) -> None:
    """List the mails in quarantine with the reason, the newest first."""
    from mailer.cli.session import open_database
    from mailer.inbound.quarantine import listed

    with open_database() as (_, db):
        for mail in db.read_here(listed, limit=limit):
            bytes_ = f"{mail.size} bytes" if mail.has_bytes else f"{mail.size} bytes, not fetched"
            typer.echo(f"{mail.id:>6}  {mail.internal_date:%Y-%m-%d %H:%M}  {mail.mailbox}  {bytes_}")
            again = f" (again at {mail.retry_at:%Y-%m-%d %H:%M} UTC)" if mail.retry_at else ""
            typer.echo(f"        {mail.error}{again}")


@quarantine.command(epilog="Example: mailer quarantine retry 12")
def retry(number: Number) -> None:
    """Read a mail again, or ask the server for it again."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.inbound.quarantine import retry as again

    with open_database() as (_, db):
        words = db.run_here(again, number, now=SystemClock().now())
    typer.echo(f"Raw mail {number}: {words}.")


@quarantine.command(epilog="Example: mailer quarantine text 12")
def text(number: Number) -> None:
    """Show a mail as it stands, undecoded."""
    from mailer.cli.session import open_database
    from mailer.inbound.quarantine import as_text, raw_bytes

    with open_database() as (_, db):
        typer.echo(as_text(db.read_here(raw_bytes, number)))


@quarantine.command(epilog="Example: mailer quarantine save 12 mail.eml")
def save(number: Number, file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]) -> None:
    """Write the bytes of a mail to a file, for another mail program; careful with what it holds."""
    import os

    from mailer.cli.session import open_database
    from mailer.errors import Conflict
    from mailer.inbound.quarantine import raw_bytes

    with open_database() as (_, db):
        raw = db.read_here(raw_bytes, number)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(f"{file} exists already; nothing was written") from None
    with os.fdopen(descriptor, "wb") as target:
        target.write(raw)
    typer.echo(f"{len(raw)} bytes in {file}.")


@quarantine.command(epilog="Example: mailer quarantine fetch 12")
def fetch(number: Number) -> None:
    """Ask for the rest of a large mail; `mailer run` fetches it in its next round."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.inbound.quarantine import want_whole

    with open_database() as (_, db):
        db.run_here(want_whole, number, now=SystemClock().now())
    typer.echo(f"Raw mail {number} is fetched whole in the next round.")
