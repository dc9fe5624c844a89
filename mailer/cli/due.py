"""`mailer due`: what is to be answered by when, and why then."""

from typing import Annotated

import typer

due = typer.Typer(no_args_is_help=True, help="Deadlines: what is to be answered by when, and why then.")


@due.command("list", epilog="Example: mailer due list --limit 20")
def list_due(limit: Annotated[int, typer.Option(min=1, max=1000, help="How many lines.")] = 50) -> None:
    """List the deadlines that run, those with least time left first; one that waits for the customer stands still."""
    from mailer.calendars import time_left
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.replies.clocks import Clocks
    from mailer.replies.due import due_list
    from mailer.replies.explain import moment

    now = SystemClock().now()
    with open_database() as (settings, db):
        clocks = Clocks.of(settings)
        for clock in db.read_here(due_list, limit):
            at = clock.due_at.astimezone(clocks.calendar(clock.calendar).zone)
            warned = "  warned" if clock.warned_at else ""
            left = time_left(clock.due_at, now)
            typer.echo(f"{clock.conversation_id:>6}  {left:<22}  {clock.kind:<14}  {moment(at)} {at:%Z}{warned}")


@due.command("explain", epilog="Example: mailer due explain 12")
def explain_due(
    conversation: Annotated[int, typer.Argument(help="The number in the first column of `mailer queue`.")],
) -> None:
    """Count the clocks of a conversation out, interval by interval: from, to, counted, and the sum so far."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.replies.clocks import Clocks
    from mailer.replies.explain import explain, lines

    with open_database() as (settings, db):
        found = db.read_here(explain, conversation, Clocks.of(settings))
    for one in found:
        for line in lines(one, SystemClock().now()):
            typer.echo(line)
    if not found:
        typer.echo(f"Conversation {conversation} has no clocks: nothing in it was to be answered.")
