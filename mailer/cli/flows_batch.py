"""What `mailer flows release` shows of a batch, and what it does with it."""

from typing import Any

import typer

from mailer.errors import Conflict, NotFound

_MOST_SHOWN = 20
# What one look holds; the others wait for the next.
_MOST = 500


def show_batch(settings: Any, db: Any, name: str) -> None:
    """How many mails wait, to whom, one of them, and the code of this look."""
    from mailer.flows.looked_at import look_code

    _, shown = _look(settings, db, name)
    fit = [one for one in shown if one.written is not None]
    typer.echo(f"{len(shown)} mails wait")
    for one in shown[:_MOST_SHOWN]:
        typer.echo(f"  {one.sheet.passage.enrollment.address}  {one.sheet.passage.step.id}  {one.problem}".rstrip())
    if len(shown) > _MOST_SHOWN:
        typer.echo(f"  and {len(shown) - _MOST_SHOWN} more")
    if fit:
        mail = fit[0].written.mail
        typer.echo(f"\nThe first of them:\n\nSubject: {mail.subject}\n\n{mail.text}")
        typer.echo(f"--yes --look {look_code(shown)} lets them go, --skip --look {look_code(shown)} never sends them.")


def decide_batch(settings: Any, db: Any, name: str, *, skip: bool, look: str, by: str) -> None:
    """Let the mails of this look go, or skip them. Raises Conflict when others wait, or they read otherwise."""
    from mailer.clock import SystemClock
    from mailer.flows.looked_at import look_code, marks
    from mailer.flows.release import release, skip_batch

    flow, shown = _look(settings, db, name)
    if look != look_code(shown):
        told = f"--look {look}" if look else "without --look"
        raise Conflict(f"what waits now is not what was looked at ({told}); look again: `mailer flows release {name}`")
    now = SystemClock().now()
    if skip:
        count = db.run_here(skip_batch, flow, [one.step_id for one in shown], by=by, now=now)
    else:
        count = db.run_here(release, flow, marks(shown), by=by, now=now)
    typer.echo(f"{count} mails {'are skipped' if skip else 'go as far as nothing speaks against them'}.")


def _look(settings: Any, db: Any, name: str) -> tuple[Any, list[Any]]:
    from mailer.clock import SystemClock
    from mailer.flows.files import in_service
    from mailer.flows.looked_at import show, waiting
    from mailer.flows.terms import Terms
    from mailer.rendering.shelf import TemplateShelf
    from mailer.signing import read_keys

    found = db.read_here(in_service, settings.flows.directory)
    if name not in found:
        raise NotFound(f'there is no flow "{name}" in service; there are {", ".join(found) or "none"}')
    terms, now = Terms.of(settings, read_keys(settings.signing.key_file)), SystemClock().now()
    templates = TemplateShelf.of(db, SystemClock(), settings)
    templates.read_here()
    some = db.read_here(waiting, found[name], terms, limit=_MOST, now=now)
    return found[name], [show(one, templates.catalog, terms, wall=now) for one in some]
