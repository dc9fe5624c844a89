"""`mailer templates`: are the mails' words fit to be sent, and how do they read?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.errors import MailerError

templates = typer.Typer(no_args_is_help=True, help="The words of our mails: check them, see how they read.")

Folder = Annotated[
    Path | None,
    typer.Option(
        "--templates", help="The folder; by default that of config.toml, or ./templates.", exists=True, file_okay=False
    ),
]


@templates.command("check", epilog="Example: mailer templates check --templates templates")
def check(folder: Folder = None) -> None:
    """Tell every mistake of every template at once, with file, line and what to do; needs no database.

    Unknown values, values that may be missing, what sounds wrong, what was left to be filled in. A language that a
    mail does not exist in is noted and no mistake.
    """
    from mailer.rendering.catalog import Catalog
    from mailer.rendering.check import check_templates, missing_locales

    catalog = Catalog(_folder(folder))
    problems = check_templates(catalog)
    for line in problems:
        typer.echo(f"FAIL  {line}")
    for line in missing_locales(catalog) if catalog.directory.is_dir() else ():
        typer.echo(f"note  {line}")
    if problems:
        typer.echo(f"{len(problems)} mistakes in {catalog.directory}")
        raise typer.Exit(1)
    typer.echo(f"ok    {len(list(catalog.names()))} mails and {len(list(catalog.blocks()))} blocks read well.")


@templates.command("preview", epilog='Example: mailer templates preview order_status --order "#1001" --locale de')
def preview(
    name: Annotated[str, typer.Argument(help="The mail, as in order_status; its file is replies/order_status.en.md.")],
    order: Annotated[str | None, typer.Option(help="With the facts of this order; else with samples.")] = None,
    locale: Annotated[str, typer.Option(help="The customer's language, as in de or pt-BR.")] = "en",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part.")] = False,
    storefront: Annotated[str, typer.Option(help="The brand whose mail it is.")] = "main",
    folder: Folder = None,
) -> None:
    """Show how a mail reads: with samples, or with what is known of an order; facts that are missing are named."""
    from mailer.rendering.catalog import Catalog
    from mailer.rendering.known import SAMPLES
    from mailer.rendering.render import MissingFacts, render_named, to_html

    catalog = Catalog(_folder(folder))
    facts = SAMPLES if order is None else _facts(order, locale, storefront)
    try:
        mail = render_named(catalog, name, [locale, "en"], facts, storefront)
    except MissingFacts as error:
        typer.echo("\n".join(["It cannot be written yet. It needs:", *(f"  {one}" for one in error.missing)]))
        raise typer.Exit(1) from None
    for line in _notes(mail):
        typer.echo(line, err=True)
    typer.echo(to_html(mail.text) if html else mail.text, nl=False)


def _folder(given: Path | None) -> Path:
    """The folder that was named, that of config.toml, or the one in this folder."""
    from mailer.config import load

    if given is not None:
        return given
    try:
        return load().rendering.templates
    except MailerError:
        if (here := Path("templates")).is_dir():
            return here
        raise


def _facts(number: str, locale: str, storefront: str) -> Mapping[str, Any]:
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.orders.show import find_order
    from mailer.rendering.facts import Subject, read_facts
    from mailer.rendering.shop_facts import sync_shop_facts

    now = SystemClock().now()
    with open_database() as (settings, db):
        db.run_here(sync_shop_facts, settings.shop, now=now)
        found = db.read_here(find_order, number, storefront=storefront)
        subject = Subject(order_id=found.id, storefront=storefront, language=locale)
        return {"agent.name": settings.sender.name, **db.read_here(read_facts, subject, now=now).values()}


def _notes(mail: Any) -> list[str]:
    """What an agent would see beside the mail."""
    notes = [f"There is no {mail.wanted_locale}; this is {mail.locale}."] if mail.wanted_locale else []
    notes += [f"Do this first: {line}" for line in mail.before.split("\n") if line]
    notes += ["A person still answers after it."] if mail.holding else []
    return [*notes, "It asks the customer; the clocks stand still."] if mail.asks else notes
