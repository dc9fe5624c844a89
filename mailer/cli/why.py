"""`mailer why`: what the flows did with one order, and what they will do."""

from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(epilog="Example: mailer why 1001")(why)


def why(number: Annotated[str, typer.Argument(help="The order's number, as in 1001 or #1001.")]) -> None:
    """Print the past and the future of one order in every flow, gate by gate, with each reason."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.flows.explain import explain, find_order
    from mailer.flows.files import in_service
    from mailer.flows.terms import Terms
    from mailer.signing import read_keys

    with open_database() as (settings, db):
        terms = Terms.of(settings, read_keys(settings.signing.key_file))
        now = SystemClock().now()

        def read(session: Any) -> tuple[Any, list[Any]]:
            order = find_order(session, number)
            return order, explain(session, order, in_service(session, settings.flows.directory), terms, now=now)

        order, chapters = db.read_here(read)
    typer.echo(f"Order {order.number}")
    for chapter in chapters:
        _print(chapter, terms.zone)


def _print(chapter: Any, zone: Any) -> None:
    typer.echo(f"\n{chapter.flow} ({chapter.subject}): {chapter.standing}")
    for moment in chapter.past:
        step = f" {moment.step}" if moment.step else ""
        typer.echo(f"  {moment.at.astimezone(zone):%Y-%m-%d %H:%M}  {moment.what}{step}  {moment.reason}".rstrip())
    for gate in chapter.gates:
        typer.echo(f"    {'yes' if gate.is_open else 'NO ':<4} {gate.name}: {gate.words}")
    for line in chapter.then:
        typer.echo(f"    then {line}")
