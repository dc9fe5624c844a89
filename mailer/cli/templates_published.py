"""`mailer templates history`, `publish`, `rollback`, `import`, `export`: the texts in the database over the files."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.cli.templates import templates
from mailer.errors import Conflict, InputError

__all__ = ["templates"]

TemplateName = Annotated[str, typer.Argument(help="The template, as in replies/order_status.en.md.")]
ByAgent = Annotated[str, typer.Option("--agent", help="The marketer or admin who decides.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Publish it though the checks warn.")]


@templates.command("history", epilog="Example: mailer templates history replies/order_status.en.md")
def show_history(name: TemplateName) -> None:
    """Tell what was in service, is, and will be, the newest first; and whether the file was changed meanwhile."""
    from mailer.cli.session import open_database
    from mailer.rendering.catalog import Catalog
    from mailer.rendering.standing import history, standing

    with open_database() as (settings, db):
        stands = db.read_here(standing, Catalog(settings.rendering.templates), name)
        for entry in db.read_here(history, name):
            typer.echo(_line(entry))
    if stands.both_changed:
        typer.echo("The file was changed as well since this text was begun; the console shows both side by side.")
    elif stands.published is None:
        typer.echo(f"In service: {'its file' if stands.file_text is not None else 'nothing'}.")


@templates.command("publish", epilog="Example: mailer templates publish replies/order_status.en.md --agent mia")
def publish(name: TemplateName, agent: ByAgent, confirm: Confirm = False) -> None:
    """Put the draft that this person wrote into service, when the checks find no mistake in it."""
    from mailer.cli.session import open_database, publishing_agent
    from mailer.rendering.revision import own_draft

    with open_database() as (settings, db):
        person = publishing_agent(db, agent)
        draft = db.read_here(own_draft, name, person)
        if draft is None:
            raise Conflict(f"{agent} has no draft of {name}; write one in the console, or `mailer templates import`")
        _publish(settings, db, [draft], person, confirm=confirm)


@templates.command("rollback", epilog="Example: mailer templates rollback replies/stock.en.md --to 3 --agent mia")
def roll_back(
    name: TemplateName,
    agent: ByAgent,
    to: Annotated[int | None, typer.Option(help="The number of the text in the history; without it, the file.")] = None,
) -> None:
    """Put an earlier text into service again, or the file."""
    from mailer.cli.session import open_database, publishing_agent

    with open_database() as (settings, db):
        person = publishing_agent(db, agent)
        with _press(settings, db) as press:
            done = asyncio.run(press.roll_back(name, to, agent_id=person))
    typer.echo(f"{name}: {f'number {done.number} is in service' if done else 'its file is in service'}.")


@templates.command("import", epilog="Example: mailer templates import templates --agent mia --publish")
def take_in(
    source: Annotated[Path, typer.Argument(help="A folder of templates, or one file within it.", exists=True)],
    agent: ByAgent,
    folder: Annotated[Path | None, typer.Option("--within", help="The folder that names of files count from.")] = None,
    at_once: Annotated[bool, typer.Option("--publish", help="Publish them too.")] = False,
    confirm: Confirm = False,
) -> None:
    """Make drafts of the files that read otherwise than what is in service; several are published one by one."""
    from mailer.cli.session import open_database, publishing_agent
    from mailer.clock import SystemClock
    from mailer.rendering.file_folder import bring
    from mailer.rendering.shelf import service_catalog

    top = folder or (source if source.is_dir() else None)
    found = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    files = [path for path in found if path.suffix != ".pdf"]
    with open_database() as (settings, db):
        person, now = publishing_agent(db, agent), SystemClock().now()
        if top is not None:
            _refuse_bad(asyncio.run(bring(db, top, settings.rendering.largest_file, now=now)))
        catalog = db.read_here(service_catalog, settings.rendering.templates)
        drafts = [_drafted(db, catalog, _name(path, top), path, person, now) for path in files]
        fresh = [one for one in drafts if one is not None]
        if at_once:
            _publish(settings, db, fresh, person, confirm=confirm)
        else:
            typer.echo(f"{len(fresh)} drafts; {len(files) - len(fresh)} files read as what is in service does.")


@templates.command("export", epilog="Example: mailer templates export --to ~/shop/templates")
def write_out(
    to: Annotated[Path | None, typer.Option("--to", help="The folder; by default the one that is in service.")] = None,
) -> None:
    """Write what was published into files, for git, with the PDFs that it names. Files in service hold again then."""
    from mailer.cli.session import open_database
    from mailer.clock import SystemClock
    from mailer.rendering.catalog import Catalog
    from mailer.rendering.file_folder import paths_named
    from mailer.rendering.files import file_bytes
    from mailer.rendering.names import parse_name
    from mailer.rendering.shelf import in_service
    from mailer.rendering.standing import caught_up

    with open_database() as (settings, db):
        target = to or settings.rendering.templates
        published = db.read_here(in_service).published
        texts = published.texts
        written = {parse_name(name).path: text.encode() for name, text in sorted(texts.items())}
        written |= {path: db.read_here(file_bytes, path.split("/")[1]) for path in paths_named(published)}
        for name, data in written.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f"{path.name}.new")
            beside.write_bytes(data)
            beside.replace(path)
            typer.echo(f"{path}")
        held = db.run_here(caught_up, Catalog(settings.rendering.templates), now=SystemClock().now())
    typer.echo(f"{len(texts)} texts written; {len(held)} of them are in service as files now.")


def _line(entry: Any) -> str:
    one = entry.revision
    number = f"number {one.number}" if one.number else "not numbered yet"
    since = one.published_at or one.publish_at or one.updated_at
    words = f"{number:<12} {one.state.value:<10} {since:%Y-%m-%d %H:%M} by {entry.publisher or entry.author}"
    return "  ".join(filter(None, [words, one.note, one.reason]))


def _name(path: Path, top: Path | None) -> str:
    """A file's name within the templates: counted from the folder, else from the one that its use names."""
    if top is not None:
        return path.resolve().relative_to(top.resolve()).as_posix()
    parts = path.resolve().parts
    start = next((at for at, part in enumerate(parts) if part in ("storefronts", "replies", "lifecycle", "blocks")), -1)
    return "/".join(parts[start:])


def _refuse_bad(files: dict[str, str]) -> None:
    """Before any draft is made of what names them."""
    if files:
        raise InputError("import", [f"{path}: {words}" for path, words in files.items()])


def _drafted(db: Any, catalog: Any, name: str, path: Path, person: int, now: Any) -> Any:
    from mailer.rendering.revision import own_draft, plain, save_draft

    try:
        text = plain(name, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError(str(path), ["not UTF-8; save the file as UTF-8"]) from None
    if catalog.has(name) and catalog.text(name) == text:
        return None
    known = db.read_here(own_draft, name, person)
    version = known.version if known else 0
    return db.run_here(save_draft, name, text, agent_id=person, expected_version=version, catalog=catalog, now=now)


def _publish(settings: Any, db: Any, drafts: list[Any], person: int, *, confirm: bool) -> None:
    """Blocks first: what includes them is judged beside them."""
    with _press(settings, db) as press:
        for draft in sorted(drafts, key=lambda one: ("blocks/" not in one.name, one.name)):
            done = asyncio.run(press.publish(draft.id, sha256=draft.sha256, agent_id=person, confirm=confirm))
            typer.echo(f"{done.name}: number {done.number} is in service.")


@contextmanager
def _press(settings: Any, db: Any) -> Iterator[Any]:
    """What publishes, with its child, which ends with it."""
    from mailer.clock import SystemClock
    from mailer.rendering.press import Press
    from mailer.rendering.renderer import Renderer
    from mailer.rendering.shelf import TemplateShelf

    clock, renderer = SystemClock(), Renderer(children=1)
    shelf = TemplateShelf.of(db, clock, settings)
    try:
        yield Press(db, clock, shelf, renderer)
    finally:
        renderer.close()
