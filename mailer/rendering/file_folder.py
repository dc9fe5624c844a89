"""The files that lie beside the templates, as git has them: `templates/attachments/HASH/size-chart.pdf`.

The path says what a text says. They are checked and kept like those that people bring before any mail carries them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.errors import InputError
from mailer.model import Alarm, TemplateFile, raise_alarm, settle_alarm
from mailer.rendering.attachment import Attachment, enclosed_in, is_file_name, names
from mailer.rendering.catalog import Catalog
from mailer.rendering.files import keep_file
from mailer.rendering.pdf import Pdf, read_pdf
from mailer.rendering.published import Published
from mailer.signing import digest

FOLDER = "attachments"
ALARM = "template_file"
# Stands in for the public listener where only the folder is looked at.
_SOMEWHERE = "https://shop.invalid"


def path_of(sha256: str, name: str) -> str:
    """Where a file lies within the templates."""
    return f"{FOLDER}/{sha256}/{name}"


def is_path(path: str) -> bool:
    """Whether a path within the templates is that of a file."""
    parts = path.split("/")
    return len(parts) == 3 and parts[0] == FOLDER and is_file_name(parts[2])


def paths_named(published: Published) -> list[str]:
    """Where the files belong that published texts name; those that are not kept are left out."""
    named = {one for text in published.texts.values() for one in names(text) if one[0] in published.files}
    return [path_of(*one) for one in sorted(named)]


def folder_catalog(directory: Path) -> Catalog:
    """The templates of a folder with the files in it, to be checked without a database."""
    return with_folder(Catalog(directory))


def with_folder(catalog: Catalog) -> Catalog:
    """The same with the files of the folder that are not kept yet, to be checked: no mail can be made of these."""
    lying = (Attachment(path.parent.name, path.stat().st_size, at=_SOMEWHERE) for path in _paths(catalog.directory))
    known = {**{one.sha256: one for one in lying}, **catalog.published.files}
    return Catalog(catalog.directory, replace(catalog.published, files=known))


def titles_in(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By hash and language, with which title texts name each file."""
    found: dict[str, dict[str, str]] = {}
    for name, text in texts.items():
        locale = name.rsplit(".", 2)[-2] if name.count(".") > 1 else "en"
        for one in enclosed_in(text, {}):
            found.setdefault(one.sha256, {}).setdefault(locale, one.title)
    return found


def admitted(path: str, data: bytes, most_bytes: int) -> Pdf:
    """A file as it lies in a folder or a ZIP, checked; its path says its hash. Raises InputError."""
    found = digest(data)
    if len(data) <= most_bytes and path.split("/")[-2] != found:
        raise InputError(f"templates/{path}", [f"the folder of this file is to be called {found}"])
    try:
        return read_pdf(data, most_bytes)
    except InputError as error:
        raise InputError(f"templates/{path}", error.problems) from None


def keep_admitted(
    session: Session,
    path: str,
    pdf: Pdf,
    titles: Mapping[str, Mapping[str, str]],
    *,
    agent_id: int | None,
    now: datetime,
) -> None:
    """Keep a file that lay in a folder or a ZIP, unless it is known; without a title its name is one."""
    _, sha256, name = path.split("/")
    known = session.get(TemplateFile, sha256)
    if known is None or known.retired_at is not None:
        title = titles.get(sha256) or {"en": name.removesuffix(".pdf").replace("-", " ")}
        keep_file(session, pdf, name=name, title=title, agent_id=agent_id, now=now)


async def bring_folder(db: Database, directory: Path, most_bytes: int, *, now: datetime) -> None:
    """Keep the files of the folder in service that are not known yet. What is wrong with others is an alarm."""
    problems = await bring(db, directory, most_bytes, now=now)
    alarmed = await db.read(_alarmed)
    if problems or alarmed:
        await db.run(_tell, problems, now=now)


async def bring(db: Database, directory: Path, most_bytes: int, *, now: datetime) -> dict[str, str]:
    """Keep the files of a folder that are not known yet; by path, what is wrong with the others."""
    paths = await asyncio.to_thread(_paths, directory)
    known = await db.read(_known) if paths else set()
    new = [one for one in paths if one.parent.name not in known]
    titles = await asyncio.to_thread(_titles, directory) if new else {}
    problems: dict[str, str] = {}
    for path in new:
        where = path.relative_to(directory).as_posix()
        try:
            pdf = await asyncio.to_thread(_read, path, where, most_bytes)
            await db.run(keep_admitted, where, pdf, titles, agent_id=None, now=now)
        except InputError as error:
            problems[f"templates/{where}"] = "; ".join(error.problems)
    return problems


def _read(path: Path, where: str, most_bytes: int) -> Pdf:
    with path.open("rb") as file:
        return admitted(where, file.read(most_bytes + 1), most_bytes)


def _paths(directory: Path) -> list[Path]:
    found = sorted((directory / FOLDER).glob("*/*.pdf"))
    return [one for one in found if is_path(one.relative_to(directory).as_posix())]


def _titles(directory: Path) -> dict[str, dict[str, str]]:
    catalog = Catalog(directory)
    return titles_in({name: catalog.text(name) for name in catalog.every()})


def _known(session: Session) -> set[str]:
    return set(session.exec(select(TemplateFile.sha256)))


def _alarmed(session: Session) -> list[str]:
    wanted = select(Alarm.subject).where(Alarm.kind == ALARM, col(Alarm.settled_at).is_(None))
    return list(session.exec(wanted))


def _tell(session: Session, problems: Mapping[str, str], *, now: datetime) -> None:
    for path in _alarmed(session):
        if path not in problems:
            settle_alarm(session, ALARM, path, now)
    for path, words in problems.items():
        raise_alarm(session, ALARM, path, words, now)
