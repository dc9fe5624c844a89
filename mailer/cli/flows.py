"""`mailer flows`: the mails that go by themselves. What there is, whether it is fit, and what would happen."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.cli import flows_editions
from mailer.errors import InputError, MailerError, NotFound

flows = typer.Typer(no_args_is_help=True, help="The mails that go by themselves: check them, see what would happen.")

flows_editions.register(flows)

Folder = Annotated[
    Path | None,
    typer.Option("--flows", help="The folder; by default that of config.toml, or ./schedules/flows.", file_okay=False),
]


@flows.command("list", epilog="Example: mailer flows list")
def list_flows(folder: Folder = None) -> None:
    """Show every flow of the folder: status, kind, what lets somebody in, its steps; needs no database."""
    from mailer.flows.parse import read_flows

    found, broken = read_flows(_folder(folder))
    for flow in found.values():
        steps = ", ".join(step.id for step in flow.steps)
        about = f"{flow.trigger.event} per {flow.trigger.per}: {steps}"
        typer.echo(f"{flow.id:<22} {flow.status:<7} {flow.kind:<14} {about}")
    for flow_id, mistakes in broken.items():
        typer.echo(f"{flow_id}: {len(mistakes)} mistakes; `mailer flows check` tells them", err=True)


@flows.command("check", epilog="Example: mailer flows check --flows schedules/flows")
def check(
    folder: Folder = None,
    templates: Annotated[Path | None, typer.Option(help="The folder of the mails.", file_okay=False)] = None,
) -> None:
    """Tell every mistake of every flow at once, with file, line and what to do, and run their own tests.

    Needs no database. With a config.toml, senders and pools of coupons are looked up there too.
    """
    from mailer.flows.check import around, check_flows, in_words
    from mailer.rendering.catalog import Catalog

    directory, settings = _folder(folder), _settings()
    mails = templates or (settings.rendering.templates if settings else Path("templates"))
    checked = check_flows(directory, around(settings, Catalog(mails)))
    for line in checked.problems:
        typer.echo(f"FAIL  {line}")
    for line in checked.notes:
        typer.echo(f"note  {line}")
    if checked.problems:
        typer.echo(f"{len(checked.problems)} mistakes in {directory}")
        raise typer.Exit(1)
    typer.echo(f"ok    {in_words(checked)}.")


@flows.command(
    "simulate",
    epilog="Example: mailer flows simulate review_invitation --order schedules/examples/order.toml --days 60",
)
def simulate(
    name: Annotated[str, typer.Argument(help="The flow, as in review_invitation.")],
    order: Annotated[
        Path, typer.Option(help="A TOML file with `order` and `events`, as in [[test]].", exists=True, dir_okay=False)
    ],
    days: Annotated[int, typer.Option(help="How many days to move the clock.", min=1, max=800)] = 60,
    folder: Folder = None,
) -> None:
    """Move one order through the days of a flow, and print every send, hold, wait and skip with its reason.

    Nothing is read from or written to the database, and nothing is sent. Times are those on the recipient's wall.
    """
    from mailer.flows.case import read_case
    from mailer.flows.simulate import lines_by_day
    from mailer.flows.simulate import simulate as move

    flow = _flow(_folder(folder), name)
    case = read_case(str(order), _text(order))
    shop = _shop()
    lines = move(flow, case, shop, days=days)
    for line in lines:
        typer.echo(_told(line, flow, case, shop))
    if not any(line.what == "enter" for line in lines):
        typer.echo(f"Nothing lets this order in; {flow.trigger.event} would.")
    expect = ", ".join(f'"{one}"' for one in lines_by_day(lines))
    typer.echo(f"As a [[test]]: expect = [{expect}]")


@flows.command("status", epilog="Example: mailer flows status")
def status() -> None:
    """Show each flow in numbers: who is in it, what it sent and skipped, how many reached its goal."""
    from mailer.cli.session import open_database
    from mailer.flows.tally import tally

    with open_database() as (_, db):
        found = db.read_here(tally)
    if not found:
        typer.echo("Nobody has entered a flow yet; `mailer flows list` shows which are live.")
        return
    columns = ("active", "paused", "finished", "exited", "sent", "skipped", "reached")
    typer.echo(f"{'':<22}{''.join(f'{name:>10}' for name in columns)}")
    for one in found:
        typer.echo(f"{one.flow:<22}{''.join(f'{getattr(one, name):>10}' for name in columns)}")


@flows.command("release", epilog="Example: mailer flows release review_invitation --yes --look 3f9a21c07d55 --as maria")
def release(
    name: Annotated[str, typer.Argument(help="The flow, with status manual.")],
    yes: Annotated[bool, typer.Option("--yes", help="Let them go; without it they are only shown.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Never send them; their next steps follow.")] = False,
    look: Annotated[str, typer.Option(help="The code that was printed when you looked at them.")] = "",
    by: Annotated[str, typer.Option("--as", help="Who decides; kept beside each.")] = "somebody",
) -> None:
    """Show the mails of a manual flow that wait for a person: how many, to whom, and one of them; let them go or skip.

    What came after the look, or reads otherwise since, is not let go. What speaks against a mail by the time it goes (a
    question that is open, a fact that changed) still holds it.
    """
    from mailer.cli.flows_batch import decide_batch, show_batch
    from mailer.cli.session import open_database

    with open_database() as (settings, db):
        if yes or skip:
            decide_batch(settings, db, name, skip=skip, look=look, by=by)
        else:
            show_batch(settings, db, name)


def _told(line: Any, flow: Any, case: Any, shop: Any) -> str:
    from mailer.flows.simulate import wall

    moment = wall(line, flow, case, shop)
    return f"{moment:%a %Y-%m-%d %H:%M}  day {line.day:<3}  {line.what:<8} {line.step:<12} {line.reason}".rstrip()


def _flow(directory: Path, name: str) -> Any:
    """The flow of that name. Raises InputError with its mistakes, or NotFound."""
    from mailer.flows.parse import read_flows

    found, broken = read_flows(directory)
    if name in broken:
        raise InputError(str(directory / f"{name}.toml"), broken[name])
    if name not in found:
        raise NotFound(f'there is no flow "{name}" in {directory}; there are {", ".join(found) or "none"}')
    return found[name]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(str(file), [f"byte {error.start}: not UTF-8; save the file as UTF-8"]) from None


def _settings() -> Any:
    """The shop's settings; None where there are none, as checks of files need none."""
    from mailer.config import config_path, load

    return load() if config_path().is_file() else None


def _folder(given: Path | None) -> Path:
    """The folder that was named, that of config.toml, or the one in this folder."""
    if given is None:
        settings = _settings()
        given = settings.flows.directory if settings else Path("schedules/flows")
    if not given.is_dir():
        raise MailerError(f"{given}: no such folder; name it with --flows, or let `mailer init` write one")
    return given


def _shop() -> Any:
    """Country, zone and business days of the shop; those of the tests where there is no config.toml."""
    from mailer.calendars import parse_zone
    from mailer.flows.simulate import SAMPLE_SHOP, ShopTerms

    settings = _settings()
    if settings is None:
        return SAMPLE_SHOP
    zone = parse_zone(settings.shop.zone)
    return ShopTerms(settings.shop.country or "", zone, settings.flows.business_days(settings.calendars, zone))
