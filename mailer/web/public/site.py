"""What a page for customers stands on: a link that is ours, whom it is for, and the words of their language.

A page is opened by its link alone: no cookie, no sign-in, no script. GET shows and notes the visit; POST acts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import InputError, MailerError
from mailer.feedback.about import About, about
from mailer.feedback.visit import note_visit
from mailer.links import Link, read_link
from mailer.rendering.environment import pages_environment
from mailer.rendering.shop_facts import ShopBook, read_shop
from mailer.signing import Keys, digest
from mailer.web.public.words import Wording, asked_by_browser, best
from mailer.web.throttle import Throttle

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_FREE_TRIES = 60


class Closed(MailerError):
    """A link that opens nothing: forged (404), too old or gone (410), used too often (429), or only tested (200)."""

    def __init__(self, status: int, why: str, language: str | None = None) -> None:
        self.status = status
        self.why = why
        self.language = language
        super().__init__(why)


@dataclass(frozen=True)
class Site:
    """Handed to each page for customers."""

    db: Database
    settings: Settings
    keys: Keys
    clock: Clock
    wake: Callable[[], None]
    throttle: Throttle = field(default_factory=lambda: Throttle(free=_FREE_TRIES))
    # Pictures are unpacked one at a time: each takes memory.
    darkroom: asyncio.Lock = field(default_factory=asyncio.Lock)

    def words(self, language: str | None) -> Wording:
        """The words of the best language, as this shop addresses people."""
        return best(language, self.settings.shop.language, formal=self.settings.shop.address == "formal")

    def page(self, file: str, words: Wording, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in a language."""
        return HTMLResponse(
            _template(file).render(shop=self.settings.shop.name, t=words, style=STYLE, **values), status
        )


@dataclass(frozen=True)
class Opened:
    """What a link opened: `order` may be asked for where the page is about one."""

    link: Link
    token: str
    about: About
    words: Wording
    book: ShopBook
    now: datetime

    @property
    def today(self) -> date:
        """The day in the shop's zone."""
        return self.book.today

    @property
    def reviews_url(self) -> str:
        """Where others judge the shop: the same for everybody, whatever they said."""
        return str(self.book.words(self.book.get("reviews_url")) or "")


def site(request: Request) -> Site:
    """The pages that this request came to."""
    found: Site = request.app.state.site
    return found


Here = Annotated[Site, Depends(site)]


async def opened(here: Site, request: Request, token: str, *purposes: str, value: str = "") -> Opened:
    """What a link opens; a look is noted with the answer that it preselects. Raises Closed."""
    now = here.clock.now()
    link = _read(here, request, token, purposes)
    here.throttle.count(token, now)
    if here.throttle.wait(token, now):
        raise Closed(429, "busy", _language(request))
    looked = request.method in ("GET", "HEAD") and not link.is_test
    work = here.db.run if looked else here.db.read
    visit = (request.method, dict(request.headers), value) if looked else None
    found, book = await work(_look, here, link, visit, now=now)
    if link.is_test and (found is None or request.method not in ("GET", "HEAD")):
        raise Closed(200, "test", (found.language if found else None) or here.settings.shop.language)
    if found is None:
        raise Closed(410, "gone", _language(request))
    language = found.language or here.settings.shop.language
    if link.expired(now):
        raise Closed(410, "expired", language)
    return Opened(link, token, found, here.words(language), book, now)


def _read(here: Site, request: Request, token: str, purposes: tuple[str, ...]) -> Link:
    try:
        link = read_link(here.keys, token)
    except InputError:
        raise Closed(404, "forged", _language(request)) from None
    if link.purpose not in purposes:
        raise Closed(404, "forged", _language(request))
    return link


def _look(
    session: Session, here: Site, link: Link, visit: tuple[str, dict[str, str], str] | None, *, now: datetime
) -> tuple[About | None, ShopBook]:
    if visit is not None:
        method, headers, value = visit
        note_visit(session, here.keys, link, method=method, headers=headers, value=value, now=now)
    found = about(session, link)
    language = (found.language if found else None) or here.settings.shop.language
    return found, read_shop(session, language, now=now)


def _language(request: Request) -> str | None:
    return asked_by_browser(request.headers.get("accept-language", ""))


_environment = pages_environment(_HERE / "pages")
# The address changes with the bytes, so browsers may keep the file for ever.
STYLE = digest((STATIC / "customer.css").read_bytes())[:12]
_template = _environment.get_template
