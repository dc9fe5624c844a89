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
from mailer.rendering.names import parse_name
from mailer.rendering.revision import LARGEST_TEXT, own_draft, save_draft
from mailer.web.console.studio_look import Word
from mailer.web.desk import Desk, Here, Publisher, newest_templates

router = APIRouter(dependencies=[Depends(newest_templates)])

_MOST_FILES = 500
# Ten times all templates that are shipped, so that one transaction can hold all of it.
_MOST_BYTES = 20_000_000


@router.get("/templates/export.zip")
async def export(here: Here, person: Publisher) -> Response:
    """Every published text under its name, to be laid over the folder of the templates."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, text in sorted(here.catalog.published.texts.items()):
            # A fixed day: the same texts are the same bytes.
            pack.writestr(zipfile.ZipInfo(f"templates/{name}", (2026, 1, 1, 0, 0, 0)), text)
    headers = {"content-disposition": 'attachment; filename="templates.zip"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


@router.post("/templates/import")
async def take_in(here: Here, person: Publisher, upload: UploadFile = File(), name: Word = "") -> Response:
    """Each file becomes a draft of whoever brings it, all or none; nothing is in service before it is published."""
    # In a thread: what is packed takes long to unpack.
    texts = await asyncio.to_thread(_texts, await upload.read(), name or upload.filename or "")
    await here.db.run(_drafts, here, texts, person.agent_id)
    return RedirectResponse("/templates?only=mine", 303)


def _drafts(session: Session, here: Desk, texts: Mapping[str, str], agent_id: int) -> None:
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


def _texts(raw: bytes, name: str) -> dict[str, str]:
    """Name and text of each file. Raises InputError with every mistake, so that all is taken or nothing."""
    files = _unpacked(raw) if raw[:4] == b"PK\x03\x04" else {name: raw}
    problems, texts = [], {}
    for path, data in files.items():
        try:
            texts[parse_name(path.removeprefix("templates/")).path] = data.decode("utf-8-sig")
        except InputError as error:
            problems.append(str(error))
        except UnicodeDecodeError:
            problems.append(f"{path}: not UTF-8")
    if problems or not texts:
        raise InputError("upload", problems or ["it holds no template"])
    return texts


def _unpacked(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as pack:
            files = [one for one in pack.infolist() if not one.is_dir()]
            too_large = any(one.file_size > LARGEST_TEXT for one in files)
            if len(files) > _MOST_FILES or too_large or sum(one.file_size for one in files) > _MOST_BYTES:
                raise InputError("upload", ["it holds too many files, or one that is too large"])
            return {one.filename: _read(pack, one) for one in files}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise InputError("upload", ["this ZIP cannot be read"]) from None


def _read(pack: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    """No more than it may have, whatever its head says."""
    with pack.open(one) as file:
        data = file.read(LARGEST_TEXT + 1)
    if len(data) > LARGEST_TEXT:
        raise InputError("upload", [f"{one.filename} is too large"])
    return data
