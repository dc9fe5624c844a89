"""The two applications: the console for people, the public one for the shop's systems and for customers' links.

The console listens on loopback and knows every page; the public one knows only what is written below, and answers 404
to the rest.
"""

from collections.abc import Callable

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.rendering.shelf import TemplateShelf
from mailer.replies.approve import Terms
from mailer.signing import Keys
from mailer.web import problems
from mailer.web.api import openapi, orders
from mailer.web.audit import Audited
from mailer.web.console import (
    account,
    catch_up,
    claims,
    customers,
    deliveries,
    draft_part,
    drafts,
    due,
    failed,
    flows,
    health,
    incidents,
    interventions,
    item,
    live,
    mail_bytes,
    notes,
    other_template,
    people,
    photos,
    pictures,
    preview,
    quarantine,
    queue,
    regroupings,
    replies,
    reports,
    returns,
    search,
    sign_in,
    snoozes,
    stop,
    studio,
    studio_attachments,
    studio_compare,
    studio_drafts,
    studio_files,
    studio_history,
    studio_images,
    studio_look,
    studio_publish,
    studio_test,
    templates,
    together,
    troubles,
    two_languages,
    versions,
    views,
    wishes,
)
from mailer.web.console import (
    orders as orders_page,
)
from mailer.web.desk import Desk, newest_templates, signed_in
from mailer.web.door import Door
from mailer.web.live import Live
from mailer.web.pages import BUNDLE, STATIC, Pages
from mailer.web.public import files, healthz, hooks, images, metrics
from mailer.web.public.customers import Customers
from mailer.web.public.site import Site
from mailer.web.security import BodyLimit, SameOrigin, SecurityHeaders, Unbroken

_CONSOLE_BODY = 1_000_000
_PICTURE_BODY = 5_000_000
# Templates with their files.
_ZIP_BODY = 30_000_000
# The rooms of the console that only people who are signed in may enter, as an agent, a marketer and the operator go
# through them. Of two that know an address the first one answers, so rooms of the studio stand before its tree.
_SIGNED_IN = (
    # the list, and one item of it
    queue,
    views,
    live,
    item,
    claims,
    due,
    mail_bytes,
    photos,
    pictures,
    notes,
    wishes,
    snoozes,
    regroupings,
    # its answer
    draft_part,
    drafts,
    versions,
    replies,
    other_template,
    two_languages,
    preview,
    together,
    # what became of it
    deliveries,
    failed,
    interventions,
    stop,
    catch_up,
    quarantine,
    incidents,
    troubles,
    # whom and what it is about
    search,
    customers,
    orders_page,
    returns,
    # what we write
    studio,
    studio_compare,
    studio_drafts,
    studio_attachments,
    studio_files,
    studio_history,
    studio_images,
    studio_look,
    studio_publish,
    studio_test,
    templates,
    flows,
    # how we are doing, and who works here
    reports,
    health,
    people,
    account,
)
_PUBLIC_BODY = 5_000_000


def build_console(
    db: Database,
    settings: Settings,
    keys: Keys,
    clock: Clock,
    wake: Callable[[], None],
    story: Clock | None = None,
) -> FastAPI:
    """The application for agents and marketers. `wake` is called after a decision, so that the loops look at once.

    `story` is the time in which orders and flows live, where it is not the machine's.
    """
    pages = Pages(settings)
    app = _bare("Mailer console", _console_middleware(settings, pages, db, clock))
    shelf = TemplateShelf.of(db, clock, settings)
    app.state.desk = Desk(db, settings, clock, Terms.of(settings, keys), wake, pages, shelf, story=story)
    app.state.door = Door(db, settings, clock, wake)
    app.state.live = Live(db, clock)
    problems.handle(app)
    for open_to_all in (sign_in, healthz, metrics):
        app.include_router(open_to_all.router)
    for room in _SIGNED_IN:
        # Whoever decides, decides on the templates that are in service at this request.
        app.include_router(room.router, dependencies=[Depends(signed_in), Depends(newest_templates)])
    app.mount("/static", _Static(directory=STATIC), name="static")
    # Its names change with their bytes too. Without it the pages work, with fewer comforts.
    app.mount("/bundle", _Static(directory=BUNDLE, check_dir=False), name="bundle")
    return app


def build_public(
    db: Database, settings: Settings, keys: Keys, clock: Clock, wake: Callable[[], None] = lambda: None
) -> FastAPI:
    """The application that the world reaches. `wake` is called after orders or answers came in."""
    middleware = [
        Middleware(Customers, site=Site(db, settings, keys, clock, wake)),
        Middleware(SecurityHeaders),
        Middleware(Unbroken, answer=_say),
        Middleware(BodyLimit, limit=_PUBLIC_BODY),
    ]
    app = _bare("Mailer", middleware)
    app.state.door = Door(db, settings, clock, wake)
    app.add_exception_handler(orders.WrongToken, _wrong_token)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.include_router(orders.router)
    app.include_router(openapi.router)
    app.include_router(hooks.router)
    app.include_router(images.router)
    app.include_router(files.router)
    app.include_router(healthz.router)
    return app


def _bare(title: str, middleware: list[Middleware]) -> FastAPI:
    # The documentation pages of FastAPI load scripts from other hosts.
    return FastAPI(
        title=title, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, middleware=middleware
    )


def _console_middleware(settings: Settings, pages: Pages, db: Database, clock: Clock) -> list[Middleware]:
    def answer(status: int, text: str) -> Response:
        link = ("/queue", "Back to the queue")
        return pages.render("problem.html", status=status, title="This did not work", what=text, link=link)

    file = settings.rendering.largest_file + _CONSOLE_BODY
    larger = {"/templates/images": _PICTURE_BODY, "/templates/files": file, "/templates/import": _ZIP_BODY}
    return [
        Middleware(SecurityHeaders),
        Middleware(Unbroken, answer=answer),
        Middleware(SameOrigin, answer=answer, public_url=settings.web.console_url),
        Middleware(BodyLimit, limit=_CONSOLE_BODY, larger=larger),
        Middleware(Audited, db=db, clock=clock),
    ]


class _Static(StaticFiles):
    """Files whose address changes with their bytes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def _say(status: int, text: str) -> Response:
    return JSONResponse({"problems": [text]}, status)


def _wrong_token(request: Request, error: Exception) -> Response:
    response = _say(401, "needs a token of scope orders: `mailer tokens add NAME --scope orders`")
    response.headers["www-authenticate"] = "Bearer"
    return response


def _http(request: Request, error: Exception) -> Response:
    status, said = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    return _say(status, said)


def _unreadable(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return JSONResponse({"problems": [f"{entry['loc'][-1]}: {entry['msg']}" for entry in found]}, 400)
