"""Pictures for templates, beside the editor: brought, said in words, put into the text, let go of when unused."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from pydantic import AfterValidator
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, InputError
from mailer.feedback.photo import read_picture
from mailer.model import TemplateImage
from mailer.rendering.check import SHIPPED
from mailer.rendering.image import choose_way, image_bytes, images, keep_image, say_alt
from mailer.rendering.image_use import retire_unused, showing, uses
from mailer.rendering.tree import split
from mailer.web.auth import SignedIn
from mailer.web.console.forms import plain_text
from mailer.web.console.studio_drafts import edit_address
from mailer.web.console.studio_look import Word
from mailer.web.desk import Desk, Here, Publisher, Reader, newest_templates
from mailer.web.languages import N_
from mailer.web.security import framed

router = APIRouter(dependencies=[Depends(newest_templates)])

LARGEST_FILE = 4_500_000
_WRONG = {
    "type": N_("This file is no picture; PNG, JPEG, GIF and WebP are."),
    "size": N_("This picture is too large; mails show at most 1200 pixels."),
    "broken": N_("This picture cannot be read; save it anew and try again."),
}
Words = Annotated[list[Annotated[str, AfterValidator(plain_text)]], Form(max_length=50)]
_KEPT = {"cache-control": "private, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Kept:
    """One picture as the studio lists it: what puts it into this template, and the templates that show it."""

    row: TemplateImage
    insert: str
    used: Sequence[str]


async def images_for(here: Desk, name: str) -> list[Kept]:
    """All pictures in service, for the template of this name."""
    if not here.catalog.published.images:
        return []
    served = await asyncio.to_thread(showing, here.catalog)
    return await here.db.read(_listed, served, name)


def _listed(session: Session, served: Mapping[str, str], name: str) -> list[Kept]:
    used = uses(session, served)
    return [Kept(one, insertion(one, name), used.get(one.sha256, [])) for one in images(session)]


def insertion(image: TemplateImage, name: str) -> str:
    """What shows a picture in a template: a piece of the kit, in an answer Markdown; nothing in a block of answers."""
    if name.endswith(".md"):
        words = image.alt.get(split(name)[2]) or image.alt.get("en", "")
        # What would end the words there, or begin an expression.
        plain = re.sub(r"[\[\]{}]", "", words)
        return "" if "blocks/" in name else f"![{plain}](image:{image.sha256})\n"
    return f"{{{{ kit.image(images.{image.name}) }}}}\n"


@router.get("/templates/images")
async def listed(here: Here, person: Reader, of: Annotated[str, Query(max_length=200)]) -> Response:
    """The pictures beside a template."""
    return await _part(here, person, of)


@router.post("/templates/images")
async def bring(
    request: Request,
    here: Here,
    person: Publisher,
    of: Word,
    alt: Words,
    locale: Words,
    upload: UploadFile = File(),
    called: Word = "",
    way: Word = "inline",
) -> Response:
    """Keep a picture, made anew by us, under a name of its own."""
    request.state.back = edit_address(of)
    try:
        made = await asyncio.to_thread(read_picture, await upload.read(LARGEST_FILE + 1), LARGEST_FILE)
        said = dict(zip(locale, alt, strict=False))
        _refuse_silent(said, of)
        await here.db.run(
            keep_image,
            name=called.strip() or name_of(upload.filename or ""),
            data=made.data,
            mime=made.mime,
            width=made.width,
            height=made.height,
            alt=said,
            inline=way != "link",
            agent_id=person.agent_id,
            now=here.clock.now(),
        )
    except InputError as error:
        if not _is_part(request):
            raise InputError("picture", [_WRONG.get(one, one) for one in error.problems]) from None
        return await _part(here, person, of, problem=[_WRONG.get(one, one) for one in error.problems])
    return await _done(request, here, person, of)


@router.get("/templates/images/{sha256}")
async def picture(here: Here, person: Reader, sha256: str) -> Response:
    """Its bytes, for the list."""
    data, mime = await here.db.read(image_bytes, sha256[:64])
    return Response(data, media_type=mime, headers={**framed(), **_KEPT})


@router.post("/templates/images/{sha256}/words")
async def say(
    request: Request,
    here: Here,
    person: Publisher,
    sha256: str,
    of: Word,
    alt: Words,
    locale: Words,
    way: Word = "inline",
) -> Response:
    """Say what it shows, and how mails carry it."""
    request.state.back = edit_address(of)
    try:
        await here.db.run(_said, sha256, dict(zip(locale, alt, strict=False)), inline=way != "link")
    except InputError as error:
        if not _is_part(request):
            raise
        return await _part(here, person, of, problem=error.problems)
    return await _done(request, here, person, of)


@router.post("/templates/images/{sha256}/retire")
async def let_go(request: Request, here: Here, person: Publisher, sha256: str, of: Word) -> Response:
    """Take one away that no template shows."""
    request.state.back = edit_address(of)
    try:
        served = await asyncio.to_thread(showing, here.catalog)
        await here.db.run(retire_unused, sha256, served, now=here.clock.now())
    except Conflict as error:
        if not _is_part(request):
            raise
        return await _part(here, person, of, problem=[str(error)])
    return await _done(request, here, person, of)


def name_of(file: str) -> str:
    """How templates call a picture whose file has this name."""
    words = re.sub(r"[^a-z0-9]+", "_", PurePath(file).stem.lower()).strip("_")[:60]
    return words if words[:1].isalpha() else f"picture_{words}".rstrip("_")


def languages_of(name: str) -> list[str]:
    """In which languages a new picture is to be said: this template's first, then English, then ours."""
    return list(dict.fromkeys(one for one in (split(name)[2], "en", *SHIPPED) if one))


def _refuse_silent(said: dict[str, str], name: str) -> None:
    own = split(name)[2] or "en"
    if not said.get(own, "").strip():
        raise InputError("picture", [f"say in words what it shows ({own}); some do not see it"])


def _said(session: Session, sha256: str, alt: dict[str, str], *, inline: bool) -> None:
    say_alt(session, sha256, alt)
    choose_way(session, sha256, inline=inline)


def _is_part(request: Request) -> bool:
    return "hx-request" in request.headers


async def _done(request: Request, here: Desk, person: SignedIn, of: str) -> Response:
    if not _is_part(request):
        return RedirectResponse(f"{edit_address(of)}#pictures", 303)
    await here.templates.read()
    return await _part(here, person, of)


async def _part(here: Desk, person: SignedIn, of: str, *, problem: Sequence[str] = ()) -> Response:
    return here.pages.render(
        "studio_images.html",
        status=200,
        person=person,
        name=of,
        images=await images_for(here, of),
        languages=languages_of(of),
        public=here.settings.web.public_url,
        problems=problem,
    )
