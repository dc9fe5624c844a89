"""`mailer suppressions`: whom we do not write to, and why."""

from datetime import timedelta
from typing import Annotated, Literal

import typer

from mailer.clock import SystemClock

suppressions = typer.Typer(no_args_is_help=True, help="Addresses that we do not write to.")

_clock = SystemClock()
_RECENT = timedelta(days=30)

# The words of model.Stream, whose file is too heavy to read for `--help`.
StreamWord = Literal["all", "feedback", "marketing"]
Address = Annotated[str, typer.Argument(help='A mail address, as in "ana@example.com".')]


@suppressions.command("list", epilog="Example: mailer suppressions list")
def list_suppressions() -> None:
    """Show what is in force, the newest first; and how many bounces named no mail of ours."""
    from mailer.cli.session import open_database
    from mailer.outbound.suppress import open_suppressions, unverified_bounces

    now = _clock.now()
    with open_database() as (_, db):
        for row in db.read_here(open_suppressions):
            typer.echo(
                f"{row.address}  {row.stream.value}  since {row.since:%Y-%m-%d}  ({row.cause.value}) {row.words}"
            )
        unverified = db.read_here(unverified_bounces, since=now - _RECENT)
    if unverified:
        typer.echo(f"{unverified} bounces of the last {_RECENT.days} days named no mail of ours and count for nothing")


@suppressions.command(
    "add", epilog='Example: mailer suppressions add ana@example.com --stream all --why "asked by phone"'
)
def add_suppression(
    address: Address,
    stream: Annotated[StreamWord, typer.Option(help="all stops answers too; feedback is reviews and surveys.")] = "all",
    why: Annotated[str, typer.Option(help="Told to whoever wants to write there.")] = "a person stopped it",
) -> None:
    """Write to this address no more."""
    from mailer.cli.session import open_database
    from mailer.model import Stream, SuppressionCause
    from mailer.outbound.suppress import suppress

    with open_database() as (_, db):
        new = db.run_here(suppress, address, Stream(stream), SuppressionCause.PERSON, why, now=_clock.now())
    typer.echo("suppressed" if new else "it was suppressed already")


@suppressions.command("lift", epilog="Example: mailer suppressions lift ana@example.com")
def lift_suppression(
    address: Address,
    why: Annotated[str, typer.Option(help="Kept beside what is lifted.")] = "a person lifted it",
    they_asked: Annotated[bool, typer.Option("--they-asked", help="The customer takes an opt-out back.")] = False,
) -> None:
    """Write to this address again: bounces, complaints and decisions of the past no longer stop anything.

    What customers opted out of stays so, unless they asked to take that back.
    """
    from mailer.cli.session import open_database
    from mailer.outbound.suppress import lift

    with open_database() as (_, db):
        lifted = db.run_here(lift, address, words=why, now=_clock.now(), they_asked=they_asked)
    typer.echo(f"{lifted} lifted")
