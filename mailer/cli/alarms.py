"""`mailer alarms`: what is wrong now, and a person's word that it is over."""

from typing import Annotated

import typer

alarms = typer.Typer(no_args_is_help=True, help="What is wrong now; most alarms settle by themselves.")


@alarms.command("list", epilog="Example: mailer alarms list")
def list_alarms() -> None:
    """Show every open alarm, the oldest first: its kind, what it is about, since when, and what to do."""
    from mailer.cli.session import open_database
    from mailer.model import open_alarms

    with open_database() as (_, db):
        found = db.read_here(open_alarms)
    for alarm in found:
        typer.echo(f"{alarm.kind}  {alarm.subject}  since {alarm.raised_at:%Y-%m-%d %H:%M}  {alarm.words}")
    if not found:
        typer.echo("Nothing is wrong.")


@alarms.command("settle", epilog="Example: mailer alarms settle privacy 12")
def settle(
    kind: Annotated[str, typer.Argument(help="As `mailer alarms list` shows it.")],
    subject: Annotated[str, typer.Argument(help="What it is about, as shown there.")],
) -> None:
    """Say that this is over. What still is wrong raises it again."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.errors import NotFound
    from mailer.model import settle_alarm

    with open_database() as (_, db):
        if not db.run_here(settle_alarm, kind, subject, SystemClock().now()):
            raise NotFound(f'there is no open alarm "{kind}" of "{subject}"; `mailer alarms list` shows them')
    typer.echo("settled")
