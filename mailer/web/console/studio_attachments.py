"""PDFs for templates, beside the editor: brought, titled, put into the text, let go of when no template names them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, InputError, MailerError
from mailer.model import TemplateFile
from mailer.rendering.attachment import ATTACHED, LINKED, file_name
from mailer.rendering.files import file_bytes, files, keep_file, naming, retire_unused, say_title, uses
from mailer.rendering.tree import split
from mailer.web.auth import SignedIn
from mailer.web.console.studio_drafts import edit_address
from mailer.web.console.studio_images import Words, languages_of
from mailer.web.console.studio_look import Word
from mailer.web.desk import Desk, Here, Publisher, Reader, newest_templates
from mailer.web.public.files import download

router = APIRouter(dependencies=[Depends(newest_templates)])


@dataclass(frozen=True)
class Offered:
    """One file as the studio lists it: what attaches it or links to it here, and the templates that name it."""

    row: TemplateFile
    attach: str
    link: str
    used: Sequence[str]


async def files_for(here: Desk, name: str) -> list[Offered]:
    """All files that are offered, for the template of this name."""
    if not here.catalog.published.files:
        return []
    served = await asyncio.to_thread(naming, here.catalog)
    return await here.db.read(_listed, served, name)


def _listed(session: Session, served: Mapping[str, str], name: str) -> list[Offered]:
    used = uses(session, served)
    return [
        Offered(one, insertion(one, name, ATTACHED), insertion(one, name, LINKED), used.get(one.sha256, []))
        for one in files(session)
    ]


def insertion(file: TemplateFile, name: str, way: str) -> str:
    """What puts a file into a template: a link of HTML, in an answer one of Markdown."""
    locale = split(name)[2] or "en"
    title = file.title.get(locale) or file.title.get("en") or next(iter(file.title.values()), file.name)
    address = f"{way}:{file.sha256}/{file.name}"
    return f"[{title}]({address})\n" if name.endswith(".md") else f'<p><a href="{address}">{title}</a></p>\n'


@router.get("/templates/files")
async def listed(here: Here, person: Reader, of: Annotated[str, Query(max_length=200)]) -> Response:
    """The files beside a template."""
    return await _part(here, person, of)


@router.post("/templates/files")
async def bring(
    request: Request,
    here: Here,
    person: Publisher,
    of: Word,
    title: Words,
    locale: Words,
    upload: UploadFile = File(),
    called: Word = "",
) -> Response:
    """Keep a PDF as it is, when nothing speaks against it."""
    request.state.back = edit_address(of)
    most = here.settings.rendering.largest_file
    try:
        said = dict(zip(locale, title, strict=False))
        _refuse_untitled(said, of)
        pdf = await here.renderer.admit(await upload.read(most + 1), most)
        name = file_name(called.strip() or upload.filename or "")
        await here.db.run(keep_file, pdf, name=name, title=said, agent_id=person.agent_id, now=here.clock.now())
    except InputError as error:
        return await _failed(request, here, person, of, error, error.problems)
    return await _done(request, here, person, of)


@router.get("/templates/files/{sha256}")
async def give(here: Here, person: Reader, sha256: str) -> Response:
    """Its bytes, as a download."""
    name, data = await here.db.read(_kept, sha256[:65])
    headers = {"content-disposition": download(name), "content-security-policy": "default-src 'none'; sandbox"}
    return Response(data, media_type="application/pdf", headers=headers)


@router.post("/templates/files/{sha256}/titles")
async def say(
    request: Request, here: Here, person: Publisher, sha256: str, of: Word, title: Words, locale: Words
) -> Response:
    """Say what it is, in each language."""
    request.state.back = edit_address(of)
    try:
        await here.db.run(say_title, sha256, dict(zip(locale, title, strict=False)))
    except InputError as error:
        return await _failed(request, here, person, of, error, error.problems)
    return await _done(request, here, person, of)


@router.post("/templates/files/{sha256}/retire")
async def let_go(request: Request, here: Here, person: Publisher, sha256: str, of: Word) -> Response:
    """Offer one no more that no template names."""
    request.state.back = edit_address(of)
    try:
        served = await asyncio.to_thread(naming, here.catalog)
        await here.db.run(retire_unused, sha256, served, now=here.clock.now())
    except Conflict as error:
        return await _failed(request, here, person, of, error, [str(error)])
    return await _done(request, here, person, of)


def _kept(session: Session, sha256: str) -> tuple[str, bytes]:
    data = file_bytes(session, sha256)
    return session.get_one(TemplateFile, sha256).name, data


def _refuse_untitled(said: Mapping[str, str], name: str) -> None:
    own = split(name)[2] or "en"
    if not said.get(own, "").strip():
        raise InputError("file", [f"say what it is ({own}), as in Size chart"])


def _is_part(request: Request) -> bool:
    return "hx-request" in request.headers


async def _failed(
    request: Request, here: Desk, person: SignedIn, of: str, error: MailerError, problems: Sequence[str]
) -> Response:
    if not _is_part(request):
        raise error
    return await _part(here, person, of, problems=problems)


async def _done(request: Request, here: Desk, person: SignedIn, of: str) -> Response:
    if not _is_part(request):
        return RedirectResponse(f"{edit_address(of)}#files", 303)
    await here.templates.read()
    return await _part(here, person, of)


async def _part(here: Desk, person: SignedIn, of: str, *, problems: Sequence[str] = ()) -> Response:
    return here.pages.render(
        "studio_attachments.html",
        person=person,
        name=of,
        files=await files_for(here, of),
        languages=languages_of(of),
        public=here.settings.web.public_url,
        most=here.settings.rendering.largest_file,
        problems=problems,
    )
