"""`mailer incidents`: what is late or in trouble, and what customers are told of it."""

from typing import Annotated

import typer

from mailer.clock import SystemClock

incidents = typer.Typer(no_args_is_help=True, help="Delays and troubles of parcels: see them, tell customers, settle.")

_clock = SystemClock()

As = Annotated[str, typer.Option("--as", help="The agent who decides, as named by `mailer users add`.")]
Number = Annotated[int, typer.Argument(help="The number of the incident, as `mailer incidents list BATCH` shows it.")]


@incidents.command("list", epilog="Example: mailer incidents list dhl:DE-US:2026-11-22")
def list_incidents(
    batch: Annotated[str, typer.Argument(help="Show the incidents of this batch; else all batches.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many batches.")] = 100,
) -> None:
    """Show open incidents by carrier, route and day, or those of one such batch."""
    from mailer.cli.session import open_database
    from mailer.orders.incidents import batch_line, batches, incident_line, incidents_of

    with open_database() as (_, db):
        if batch:
            lines = [incident_line(incident, order) for incident, order in db.read_here(incidents_of, batch)]
        else:
            lines = [batch_line(one) for one in db.read_here(batches, limit=limit)]
    for line in lines or ["Nothing is late that we know of."]:
        typer.echo(line)


@incidents.command("show", epilog="Example: mailer incidents show 12")
def show(incident: Number) -> None:
    """Show one incident: its cause, its days, and what rang while it was open."""
    from mailer.cli.session import open_database
    from mailer.orders.incidents import describe

    with open_database() as (_, db):
        lines = db.read_here(lambda session: list(describe(session, incident)))
    for line in lines:
        typer.echo(line)


@incidents.command("tell", epilog="Example: mailer incidents tell dhl:DE-US:2026-11-22 --as ana")
def tell(batch: Annotated[str, typer.Argument(help="The first column of `mailer incidents list`.")], agent: As) -> None:
    """Let the customers of a batch know, after you have looked at it."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.orders.incidents import tell as let_know

    with open_database() as (_, db):
        deciding_agent(db, agent)
        told = db.run_here(let_know, batch, by=agent, now=_clock.now())
    typer.echo(f"{told} customers are told by the flow of delay.opened, if it is live.")


@incidents.command("settle", epilog='Example: mailer incidents settle 12 --as ana --reason "found in the depot"')
def settle(
    incident: Number, agent: As, reason: Annotated[str, typer.Option("--reason", help="Why it is over.")] = ""
) -> None:
    """Say that an incident is over; what it held goes on, and the same cause does not ring again."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.orders.incidents import settle as end

    with open_database() as (_, db):
        deciding_agent(db, agent)
        db.run_here(end, incident, by=agent, reason=reason, now=_clock.now())
    typer.echo(f"Incident {incident} is settled.")
