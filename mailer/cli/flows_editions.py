"""`mailer flows history`, `export` and `import`: editions that were written in the console, and files for git."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.errors import InputError, NotFound


def register(flows: typer.Typer) -> None:
    """Add these commands."""
    flows.command("history", epilog="Example: mailer flows history review_invitation")(history)
    flows.command("export", epilog="Example: mailer flows export review_invitation")(export)
    flows.command("import", epilog="Example: mailer flows import review_invitation --as maria")(bring_in)


Name = Annotated[str, typer.Argument(help="The flow, as in review_invitation.")]


def history(name: Name) -> None:
    """Show every edition of a flow that was published from the console, newest first, and which one serves."""
    from mailer.cli.session import open_database
    from mailer.flows import revisions

    with open_database() as (settings, db):
        db.read_here(revisions.editions, settings.flows.directory, name)
        found = db.read_here(revisions.history, name)
    for one in found:
        until = f"until {one.retired_at:%Y-%m-%d %H:%M}" if one.retired_at else "serves now"
        published = f"{one.published_at:%Y-%m-%d %H:%M}" if one.published_at else ""
        typer.echo(f"{one.id:>5}  {one.sha256[:12]}  {published}  {one.published_by:<14} {until}  {one.words}".rstrip())
    if not any(one.retired_at is None for one in found):
        typer.echo(f"{settings.flows.directory / name}.toml serves.")


def export(
    name: Annotated[str | None, typer.Argument(help="The flow; without it all that were published.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="The folder; by default that of config.toml.")] = None,
) -> None:
    """Write what was published from the console into files, for git; the published editions go on serving."""
    from mailer.cli.session import open_database
    from mailer.flows import revisions

    with open_database() as (settings, db):
        found = db.read_here(revisions.published)
        if name is not None and name not in found:
            raise NotFound(f'of the flow "{name}" nothing is published; its file serves')
        folder = to or settings.flows.directory
        folder.mkdir(parents=True, exist_ok=True)
        for flow_id, one in found.items():
            if name in (None, flow_id):
                path = folder / f"{flow_id}.toml"
                path.write_text(one.text, encoding="utf-8")
                typer.echo(f"{path}  {one.sha256[:12]}")
                if folder == settings.flows.directory:
                    db.run_here(revisions.keep_ours, folder, flow_id, sha256=one.sha256)


def bring_in(
    name: Name,
    file: Annotated[
        Path | None, typer.Option("--file", help="The file; by default the flow's own.", exists=True, dir_okay=False)
    ] = None,
    by: Annotated[str, typer.Option("--as", help="Who publishes it; kept in the history.")] = "somebody",
) -> None:
    """Publish a file as a new edition, over what the console published; it is checked first."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.flows import revisions
    from mailer.flows.check import around, look_at
    from mailer.rendering.shelf import service_catalog

    with open_database() as (settings, db):
        directory = settings.flows.directory
        path = file or directory / f"{name}.toml"
        text = _read(path)
        mails = db.read_here(service_catalog, settings.rendering.templates)
        found = look_at(name, text, around(settings, mails)).findings
        if found:
            raise InputError(str(path), [f"line {one.line}: {one.words}" for one in found])
        told: dict[str, Any] = {"words": f"from {path.name}", "by": by, "now": SystemClock().now()}
        made = db.run_here(revisions.publish_text, directory, name, text, **told)
        typer.echo(f"Edition {made.id} of {name} serves within seconds ({made.sha256[:12]}).")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), [f"it cannot be read: {error}"]) from None
