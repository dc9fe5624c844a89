"""`mailer doctor`: a mail to ourselves, and what became of it on its way."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mailer doctor --mailbox support --wait 120")(doctor)


def doctor(
    mailbox: Annotated[str, typer.Option(help="Which of [inbound.mailboxes]; the first when not said.")] = "",
    to: Annotated[str, typer.Option(help="The address of that mailbox, where it is not the sender's own.")] = "",
    wait: Annotated[int, typer.Option(min=2, help="How many seconds it may take to arrive.")] = 300,
) -> None:
    """Send a mail to ourselves and read how it arrived: SPF, DKIM, DMARC, alignment, way out, spam folder, delay.

    Ends with 1 when something is wrong with it; what cannot be known is told and is no fault.
    """
    import asyncio
    from datetime import timedelta
    from functools import partial

    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.health.doctor import probe

    with open_database() as (settings, db):
        name = mailbox or next(iter(settings.inbound.mailboxes), "")
        tell = partial(typer.echo, err=True)
        looking = probe(db, SystemClock(), settings, name, to=to, patience=timedelta(seconds=wait), tell=tell)
        made = asyncio.run(looking)
    marks = {True: "ok  ", False: "FAIL", None: "?   "}
    for one in made.findings:
        typer.echo(f"{marks[one['ok']]}  {one['name']:<10} {one['words']}")
    if any(one["ok"] is False for one in made.findings):
        raise typer.Exit(1)
