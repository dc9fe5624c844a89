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
FilesOnly = Annotated[
    bool, typer.Option("--files", help="Read the files alone; else what was published is read in their stead.")
]


@templates.command("check", epilog="Example: mailer templates check --templates templates")
def check(folder: Folder = None, files: FilesOnly = False) -> None:
    """Tell every mistake of every template that serves at once, with file, line and what to do.

    What was published stands over its file, where there is a database; --files or --templates read files alone.

    Unknown values, values that may be missing, what sounds wrong, what was left to be filled in; for the mails of flows
    also links and pictures without words, size, and what law and review rules ask. A language that a mail does not
    exist in is noted and no mistake.
    """
    from mailer.rendering.check import check_templates, missing_locales
    from mailer.rendering.check_lifecycle import check_lifecycle

    catalog = _catalog(folder, files_only=files)
    problems = [*check_templates(catalog), *check_lifecycle(catalog)]
    for line in problems:
        typer.echo(f"FAIL  {line}")
    for line in missing_locales(catalog) if catalog.directory.is_dir() else ():
        typer.echo(f"note  {line}")
    if problems:
        typer.echo(f"{len(problems)} mistakes in {catalog.directory}{_over(catalog)}")
        raise typer.Exit(1)
    replies, flows, blocks = (len(list(files)) for files in (catalog.names(), catalog.lifecycle(), catalog.blocks()))
    typer.echo(f"ok    {replies} replies, {flows} mails of flows and {blocks} blocks read well{_over(catalog)}.")


@templates.command("preview", epilog='Example: mailer templates preview order_status --order "#1001" --locale de')
def preview(
    name: Annotated[str, typer.Argument(help="The mail, as in order_status or lifecycle/shipping_notice.")],
    order: Annotated[str | None, typer.Option(help="With the facts of this order; else with samples.")] = None,
    locale: Annotated[str, typer.Option(help="The customer's language, as in de or pt-BR.")] = "en",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part.")] = False,
    storefront: Annotated[str, typer.Option(help="The brand whose mail it is.")] = "main",
    save: Annotated[Path | None, typer.Option(help="Write the HTML part to this file, to open in a browser.")] = None,
    folder: Folder = None,
    files: FilesOnly = False,
) -> None:
    """Show how a mail reads: with samples, or with what is known of an order; facts that are missing are named.

    It is the text that serves: what was published in the console, else the file; it says which.
    """
    from mailer.rendering.known import SAMPLES
    from mailer.rendering.render import MissingFacts

    catalog = _catalog(folder, files_only=files)
    facts = SAMPLES if order is None else _facts(order, locale, storefront)
    show = _lifecycle if name.startswith("lifecycle/") else _reply
    try:
        text, page = show(catalog, name, [locale, "en"], facts, storefront)
    except MissingFacts as error:
        typer.echo("\n".join(["It cannot be written yet. It needs:", *(f"  {one}" for one in error.missing)]))
        raise typer.Exit(1) from None
    if save is not None:
        save.write_text(page, encoding="utf-8")
    typer.echo(page if html else text, nl=False)


def _reply(catalog: Any, name: str, locales: list[str], facts: Mapping[str, Any], storefront: str) -> tuple[str, str]:
    """Text and HTML of a reply; what an agent would see beside it goes to the error output."""
    from mailer.rendering.attachment import said_plainly
    from mailer.rendering.render import render_named, to_html

    mail = render_named(catalog, name, locales, facts, storefront)
    _say_which(catalog, mail.made_from)
    for line in _notes(mail):
        typer.echo(line, err=True)
    files = catalog.published.files
    return said_plainly(mail.text, files), to_html(mail.text, files=files)


def _lifecycle(
    catalog: Any, name: str, locales: list[str], facts: Mapping[str, Any], storefront: str
) -> tuple[str, str]:
    """Text and HTML of a mail that a flow sends, with sample links; its subject goes to the error output."""
    from mailer.rendering.context import flatten
    from mailer.rendering.known import SAMPLES
    from mailer.rendering.lifecycle import render_lifecycle

    links = {path.removeprefix("links."): str(url) for path, url in SAMPLES.items() if path.startswith("links.")}
    template = catalog.find(name, locales, storefront)
    # Samples of the template's own speak its language.
    own = {**flatten(template.optional), **flatten(template.needs)} if facts is SAMPLES else {}
    told = {path: value for path, value in {**facts, **own}.items() if not path.startswith("links.")}
    key = name.removeprefix("lifecycle/")
    mail = render_lifecycle(catalog, key, told, links, locales=locales, storefront=storefront)
    _say_which(catalog, mail.made_from)
    typer.echo(f"Subject: {mail.subject}\n         {mail.preheader}", err=True)
    if mail.wanted_locale:
        typer.echo(f"There is no {mail.wanted_locale}; this is {mail.locale}.", err=True)
    return mail.text, mail.html


def _catalog(folder: Path | None, *, files_only: bool) -> Any:
    """What serves; the files alone where they were asked for, and where there is no configuration or no database."""
    from mailer.config import load
    from mailer.migrations import readable
    from mailer.rendering.file_folder import folder_catalog, with_folder
    from mailer.rendering.shelf import service_catalog

    where = _folder(folder)
    if folder is not None or files_only:
        return folder_catalog(where)
    try:
        settings = load()
    except MailerError:
        return folder_catalog(where)
    db = readable(settings.db.url)
    if db is None:
        return folder_catalog(where)
    try:
        return with_folder(db.read_here(service_catalog, where, settings.web.public_url))
    finally:
        db.close()


def _over(catalog: Any) -> str:
    """How many texts are not their files'."""
    count = len(catalog.published.texts)
    return f", {count} of all these as published over their files" if count else ""


def _say_which(catalog: Any, made_from: Mapping[str, str]) -> None:
    published = [name for name in made_from if name in catalog.published.texts]
    if published:
        typer.echo(f"Published in the console, and read instead of the file: {', '.join(published)}", err=True)


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
    from mailer.rendering.shipment_facts import newest_occasion
    from mailer.rendering.shop_facts import sync_shop_facts

    now = SystemClock().now()
    with open_database() as (settings, db):
        db.run_here(sync_shop_facts, settings.shop, settings.offers, now=now)
        found = db.read_here(find_order, number, storefront=storefront)
        about = Subject(order_id=found.id, storefront=storefront, language=locale)
        subject = db.read_here(newest_occasion, about)
        return {"agent.name": settings.sender.name, **db.read_here(read_facts, subject, now=now).values()}


def _notes(mail: Any) -> list[str]:
    """What an agent would see beside the mail."""
    notes = [f"There is no {mail.wanted_locale}; this is {mail.locale}."] if mail.wanted_locale else []
    notes += [f"Do this first: {line}" for line in mail.before.split("\n") if line]
    notes += ["A person still answers after it."] if mail.holding else []
    return [*notes, "It asks the customer; the clocks stand still."] if mail.asks else notes
