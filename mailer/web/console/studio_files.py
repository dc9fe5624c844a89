"""What was published as files for git, and files as drafts: one ZIP out, a ZIP or a single file in."""

import asyncio
import io
import zipfile
import zlib
from collections.abc import Mapping

from fastapi import APIRouter, Depends, File, UploadFile
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError
from mailer.rendering.file_folder import is_path, keep_admitted, paths_named, titles_in
from mailer.rendering.files import file_bytes
from mailer.rendering.names import parse_name
from mailer.rendering.pdf import Pdf
from mailer.rendering.published import Published
from mailer.rendering.revision import LARGEST_TEXT, own_draft, save_draft
from mailer.web.console.studio_look import Word
from mailer.web.desk import Desk, Here, Publisher, newest_templates

router = APIRouter(dependencies=[Depends(newest_templates)])

_MOST_FILES = 500
# Ten times all templates that are shipped, and some PDFs, so that one transaction can hold all of it.
_MOST_BYTES, _MOST_UNPACKED = 20_000_000, 60_000_000


@router.get("/templates/export.zip")
async def export(here: Here, person: Publisher) -> Response:
    """Every published text and the files that it names, to be laid over the folder of the templates."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as pack:
        for path, data in sorted(await here.db.read(_written_out, here.catalog.published)):
            # A fixed day: the same texts are the same bytes.
            pack.writestr(zipfile.ZipInfo(f"templates/{path}", (2026, 1, 1, 0, 0, 0)), data)
    headers = {"content-disposition": 'attachment; filename="templates.zip"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


def _written_out(session: Session, published: Published) -> list[tuple[str, bytes]]:
    texts = [(name, text.encode()) for name, text in published.texts.items()]
    return [*texts, *((path, file_bytes(session, path.split("/")[1])) for path in paths_named(published))]


@router.post("/templates/import")
async def take_in(here: Here, person: Publisher, upload: UploadFile = File(), name: Word = "") -> Response:
    """Each text becomes a draft of whoever brings it, all or none; nothing is in service before it is published."""
    most = here.settings.rendering.largest_file
    # In a thread: what is packed takes long to unpack.
    texts, pdfs = await asyncio.to_thread(_texts, await upload.read(), name or upload.filename or "", most)
    await here.db.run(_taken, here, texts, await _checked(here, pdfs), person.agent_id)
    return RedirectResponse("/templates?only=mine", 303)


def _taken(session: Session, here: Desk, texts: Mapping[str, str], pdfs: Mapping[str, Pdf], agent_id: int) -> None:
    titles = titles_in(texts)
    for path, pdf in pdfs.items():
        keep_admitted(session, path, pdf, titles, agent_id=agent_id, now=here.clock.now())
    for path, text in texts.items():
        _draft(session, here, path, text, agent_id)


def _draft(session: Session, here: Desk, path: str, text: str, agent_id: int) -> None:
    known = own_draft(session, path, agent_id)
    version = known.version if known else 0
    save_draft(
        session,
        path,
        text,
        agent_id=agent_id,
        expected_version=version,
        catalog=here.catalog,
        now=here.clock.now(),
    )


async def _checked(here: Desk, pdfs: Mapping[str, bytes]) -> dict[str, Pdf]:
    """Each file as the door lets it in. Raises InputError with every mistake."""
    most, problems, good = here.settings.rendering.largest_file, list[str](), {}
    for path, data in pdfs.items():
        try:
            good[path] = await here.renderer.admit_from(path, data, most)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("upload", problems)
    return good


def _texts(raw: bytes, name: str, largest_file: int) -> tuple[dict[str, str], dict[str, bytes]]:
    """The texts by name and PDFs by path. Raises InputError with every mistake, so that all is taken or nothing."""
    files = _unpacked(raw, largest_file) if raw[:4] == b"PK\x03\x04" else {name: raw}
    inner = {path.removeprefix("templates/"): data for path, data in files.items()}
    pdfs = {path: data for path, data in inner.items() if is_path(path)}
    problems, texts = [], {}
    for path, data in inner.items():
        if path in pdfs:
            continue
        try:
            texts[parse_name(path).path] = data.decode("utf-8-sig")
        except InputError as error:
            problems.append(str(error))
        except UnicodeDecodeError:
            problems.append(f"{path}: not UTF-8")
    if problems or not texts:
        raise InputError("upload", problems or ["it holds no template"])
    return texts, pdfs


def _unpacked(raw: bytes, largest_file: int) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as pack:
            files = [one for one in pack.infolist() if not one.is_dir()]
            most = {one.filename: largest_file if one.filename.endswith(".pdf") else LARGEST_TEXT for one in files}
            too_large = any(one.file_size > most[one.filename] for one in files)
            texts = sum(one.file_size for one in files if most[one.filename] == LARGEST_TEXT)
            too_large = too_large or texts > _MOST_BYTES or sum(one.file_size for one in files) > _MOST_UNPACKED
            if len(files) > _MOST_FILES or too_large:
                raise InputError("upload", ["it holds too many files, or one that is too large"])
            return {one.filename: _read(pack, one, most[one.filename]) for one in files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise InputError("upload", ["this ZIP cannot be read"]) from None


def _read(pack: zipfile.ZipFile, one: zipfile.ZipInfo, most: int) -> bytes:
    """No more than it may have, whatever its head says."""
    with pack.open(one) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InputError("upload", [f"{one.filename} is too large"])
    return data
