"""`mailer demo`: a whole made-up shop on this machine."""

from typing import Annotated, Literal

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mailer demo --for 30s --report json")(demo)


def demo(
    lasts: Annotated[str, typer.Option("--for", help="Run unattended for a time, as in 30s, with an agent.")] = "",
    report: Annotated[Literal["json", "text"], typer.Option(help="The form of an unattended run's report.")] = "text",
    every: Annotated[float, typer.Option(help="Seconds between two new mails; 0: as fits.", min=0)] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same customers' mails.")] = 1,
    speed: Annotated[str, typer.Option(help="How much time orders and flows live through in a second.")] = "6h",
    port: Annotated[int, typer.Option(help="Port of the console; 0 takes a free one.", min=0, max=65535)] = 8025,
) -> None:
    """Run a whole shop with its own mail server, until Ctrl-C; nothing outside of this machine is touched.

    With --for it runs unattended and exits 0 only if nothing was lost, sent twice or left unexplained, and if the
    flows kept every rule: each mail once, none in quiet hours, none while something is open, none after its end.
    """
    import asyncio
    import json

    from mailer import logs
    from mailer.calendars import parse_span
    from mailer.cli.setup import shipped_files
    from mailer.clock import SystemClock
    from mailer.demo.run import Wishes, run_demo

    try:
        span = parse_span(lasts) if lasts else None
        faster = max(parse_span(speed).total_seconds(), 1.0)
    except ValueError as error:
        raise typer.BadParameter(f"--for or --speed: {error}") from None
    logs.configure("warning", "text")
    pause = every or (0.4 if span else 4.0)
    wishes = Wishes(span, pause, seed, 0 if span else port, faster)
    say = _to_standard_error if span else typer.echo
    found = asyncio.run(run_demo(wishes, shipped_files(), SystemClock(), say))
    if found is None:
        return
    if report == "json":
        typer.echo(json.dumps(found))
    else:
        for name, value in found.items():
            typer.echo(f"{name:>14}  {value}")
    if found["lost"] or found["twice"] or found["unexplained"] or any(found["rules"].values()):
        raise typer.Exit(1)


def _to_standard_error(words: str) -> None:
    typer.echo(words, err=True)
