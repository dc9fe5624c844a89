"""The pages for customers as an application of their own: other headers, other limits, friendly words for faults."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from mailer.web.public import choice, rate, returns, review, unseen, unsubscribe
from mailer.web.public.site import STATIC, Closed, Site
from mailer.web.public.words import asked_by_browser
from mailer.web.security import BodyLimit, SecurityHeaders, Unbroken

_PAGES = ("rate", "review", "choice", "return", "unsubscribe", "unseen", "look")
_WITH_PHOTOS = ("/review/", "/return/")
_FORM_BYTES = 100_000
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    # The address of a page is its key.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
}


class Customers:
    """Sends what is for customers to their pages, and all else on."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.pages = build_pages(site)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["path"].split("/")[1:2] and scope["path"].split("/")[1] in _PAGES
        await (self.pages if is_page else self.app)(scope, receive, send)


def build_pages(site: Site) -> FastAPI:
    """The application with one page for each purpose of a link."""

    def answer(status: int, _: str) -> Response:
        return _note(site, status, "broken", None)

    photos = site.settings.feedback.photos * site.settings.feedback.photo_bytes
    middleware = [
        Middleware(SecurityHeaders, instead=_HEADERS),
        Middleware(Unbroken, answer=answer),
        Middleware(_FormLimit, photos=photos),
    ]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, middleware=middleware)
    app.state.site = site
    app.add_exception_handler(Closed, _closed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    for page in (rate, review, choice, returns, unsubscribe, unseen):
        app.include_router(page.router)
    app.mount("/look", _Look(directory=STATIC), name="look")
    return app


class _FormLimit:
    """Words are short; only forms with photos may be large."""

    def __init__(self, app: ASGIApp, photos: int) -> None:
        self.small = BodyLimit(app, _FORM_BYTES)
        self.large = BodyLimit(app, _FORM_BYTES + photos)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_photos = scope["type"] == "http" and scope["path"].startswith(_WITH_PHOTOS)
        await (self.large if has_photos else self.small)(scope, receive, send)


class _Look(StaticFiles):
    """Files whose address changes with their bytes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _closed(request: Request, error: Exception) -> Response:
    status, why, language = (
        (error.status, error.why, error.language) if isinstance(error, Closed) else (500, "broken", None)
    )
    return _note(request.app.state.site, status, why, language)


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    why = {404: "forged", 405: "forged", 413: "large", 400: "large"}.get(status, "broken")
    return _note(request.app.state.site, status, why, asked_by_browser(request.headers.get("accept-language", "")))


def _unreadable(request: Request, error: Exception) -> Response:
    return _note(request.app.state.site, 400, "broken", asked_by_browser(request.headers.get("accept-language", "")))


def _note(site: Site, status: int, why: str, language: str | None) -> Response:
    words = site.words(language)
    return site.page("note.html", words, status=status, title=words(f"closed.{why}_title"), text=words(f"closed.{why}"))
