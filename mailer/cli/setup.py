"""`mailer init` and `mailer check`: from an empty folder to a daemon that can start."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from mailer.errors import MailerError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: mailer init shop && cd shop && mailer check")(init)
    app.command(epilog="Example: MAILER_CONFIG=/srv/shop/config.toml mailer check")(check)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put the files; made when it is not there.")] = Path(),
) -> None:
    """Write a commented config.toml, a key file, templates/ and schedules/; nothing that exists is overwritten."""
    from mailer.signing import write_key_file

    shipped = shipped_files()
    taken = [name for name in ("config.toml", "mailer.key", "templates", "schedules") if (folder / name).exists()]
    if taken:
        raise MailerError(f"{folder}: {', '.join(taken)} exists already; nothing was written. Choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(shipped / "config.toml", folder / "config.toml")
    for name in ("templates", "schedules"):
        shutil.copytree(shipped / name, folder / name)
    write_key_file(folder / "mailer.key")
    typer.echo(f"Wrote config.toml, mailer.key, templates/ and schedules/ to {folder.resolve()}")
    typer.echo("Next: fill in the mailbox and the relay in config.toml, then `mailer check` in that folder.")


def check() -> None:
    """Test everything that can be tested before the first mail: config, database, mailbox, relay, templates, clock."""
    import asyncio

    from mailer.app import check as check_all
    from mailer.clock import SystemClock
    from mailer.config import load

    settings = load()
    typer.echo("ok    config     every key is known and fits")
    checks = asyncio.run(check_all(settings, SystemClock()))
    for one in checks:
        typer.echo(f"{'ok  ' if one.ok else 'FAIL'}  {one.name:<10} {one.words}")
    failed = sum(not one.ok for one in checks)
    if failed:
        typer.echo(f"{failed} of {len(checks) + 1} checks failed.")
        raise typer.Exit(1)
    typer.echo("All is well. Next: `mailer users add NAME --role admin`, then `mailer run`.")


def shipped_files() -> Path:
    """Where config.toml, templates/ and schedules/ of this package lie: in the wheel, or at the top of a checkout."""
    package = Path(__file__).parent.parent
    return package / "shipped" if (package / "shipped").is_dir() else package.parent
