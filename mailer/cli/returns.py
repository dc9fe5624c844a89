"""`mailer returns`: what customers want to send back, and what becomes of it."""

from typing import Annotated

import typer

from mailer.clock import SystemClock

returns = typer.Typer(no_args_is_help=True, help="Returns that customers ask for by our links.")

_clock = SystemClock()

Number = Annotated[int, typer.Argument(help="The number in the first column of `mailer returns list`.")]
As = Annotated[str, typer.Option("--as", help="The agent who decides, as named by `mailer users add`.")]


@returns.command("list", epilog="Example: mailer returns list")
def list_returns(
    all_states: Annotated[bool, typer.Option("--all", help="Show refused and settled ones too.")] = False,
) -> None:
    """Show what is open, the oldest first, with what is wanted and why."""
    from mailer.cli.session import open_database
    from mailer.feedback.returns import all_returns

    with open_database() as (_, db):
        found = db.read_here(all_returns, all_states=all_states)
    for row, order in found:
        items = ", ".join(f"{item['quantity']} x {item['title']} ({item['reason']})" for item in row.items)
        kept = ", kept" if row.keep else ""
        told = f" ({row.reason})" if row.reason else ""
        typer.echo(
            f"{row.id}  {row.state.value}{kept}  {order}  {row.requested_at:%Y-%m-%d}  {row.wish}: {items}{told}"
        )
    if not found:
        typer.echo("no return is open" if not all_states else "there are no returns")


@returns.command(epilog="Example: mailer returns agree 3 --as ana")
def agree(
    number: Number,
    agent: As,
    keep: Annotated[bool, typer.Option("--keep", help="The customer keeps the items.")] = False,
    label: Annotated[str, typer.Option(help="Where the customer prints the label; else as config.toml says.")] = "",
) -> None:
    """It may come back. Address and label are those of the customer's country in [shop.returns]."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.feedback.returns import agree as decide
    from mailer.feedback.returns import way_back
    from mailer.rendering.shop_facts import sync_shop_facts

    now = _clock.now()
    with open_database() as (settings, db):
        deciding_agent(db, agent)
        db.run_here(sync_shop_facts, settings.shop, settings.offers, now=now)
        send_to, label_url = db.read_here(way_back, number, settings.shop.language, now=now)
        found = db.run_here(decide, number, by=agent, keep=keep, send_to=send_to, label_url=label or label_url, now=now)
    typer.echo(
        "agreed; the customer keeps it" if keep else f"agreed; it comes back to: {found.send_to or '(no address)'}"
    )


@returns.command(epilog='Example: mailer returns refuse 3 --as ana --reason "worn for a summer"')
def refuse(number: Number, agent: As, reason: Annotated[str, typer.Option(help="The customer reads it.")]) -> None:
    """It may not come back."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.feedback.returns import refuse as decide

    with open_database() as (_, db):
        deciding_agent(db, agent)
        db.run_here(decide, number, by=agent, reason=reason, now=_clock.now())
    typer.echo("refused")


@returns.command(epilog="Example: mailer returns received 3 --as ana")
def received(number: Number, agent: As) -> None:
    """It is with us."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.feedback.returns import receive

    with open_database() as (_, db):
        deciding_agent(db, agent)
        db.run_here(receive, number, by=agent, now=_clock.now())
    typer.echo("received")


@returns.command(epilog="Example: mailer returns settle 3 --as ana")
def settle(number: Number, agent: As) -> None:
    """Money or another item went out."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.feedback.returns import settle as decide

    with open_database() as (_, db):
        deciding_agent(db, agent)
        db.run_here(decide, number, by=agent, now=_clock.now())
    typer.echo("settled")
