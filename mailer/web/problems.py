"""What goes wrong, as a page that says what happened, that nothing was changed, and where to go from there."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, InputError, NotFound
from mailer.web.desk import Desk, NeedsSecondFactor, NotAllowed, NotSignedIn, desk
from mailer.web.languages import N_, preferred

_NO_SUCH_PAGE = N_("There is no such page.")


def handle(app: FastAPI) -> None:
    """Give the console its pages for everything that can go wrong."""
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(NeedsSecondFactor, _needs_second_factor)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(InputError, _input_error)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)


async def _not_signed_in(request: Request, error: Exception) -> Response:
    if request.method == "GET" and not _by_script(request):
        wanted = URL(request.url.path).include_query_params(**dict(request.query_params))
        return RedirectResponse(str(URL("/sign-in").include_query_params(next=str(wanted))), 303)
    what = N_("You are no longer signed in, so nothing was changed.")
    return _page(request, 401, N_("Sign in again"), what, link=("/sign-in", N_("Sign in")), kept=await _typed(request))


def _by_script(request: Request) -> bool:
    """Whether a page asked for a part of itself: it cannot show a sign-in there."""
    asks = request.headers
    return "x-pane" in asks or "hx-request" in asks or "text/event-stream" in asks.get("accept", "")


async def _needs_second_factor(request: Request, error: Exception) -> Response:
    return RedirectResponse("/account/second-factor", 303)


async def _not_allowed(request: Request, error: Exception) -> Response:
    return _page(request, 403, N_("Not yours to decide"), str(error))


async def _conflict(request: Request, error: Exception) -> Response:
    return _page(request, 409, N_("Something changed meanwhile"), str(error), kept=await _typed(request))


async def _not_found(request: Request, error: Exception) -> Response:
    return _page(request, 404, N_("Not here"), str(error))


async def _input_error(request: Request, error: Exception) -> Response:
    return _page(request, 400, N_("That cannot be taken"), str(error), kept=await _typed(request))


async def _unreadable(request: Request, error: Exception) -> Response:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    if any(problem["loc"][0] == "path" for problem in problems):
        return _page(request, 404, N_("Not here"), _NO_SUCH_PAGE)
    said = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in problems)
    return _page(request, 400, N_("The form was not complete"), f"Nothing was changed. {said}")


async def _http(request: Request, error: Exception) -> Response:
    status, said = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
    headers = error.headers if isinstance(error, HTTPException) else None
    title = N_("Not here") if status == 404 else N_("This did not work")
    page = _page(request, status, title, _say(status, said))
    page.headers.update(headers or {})
    return page


def _say(status: int, said: str) -> str:
    return {404: _NO_SUCH_PAGE, 405: N_("This page is only to be read, or only to be sent to.")}.get(status, said)


def _page(
    request: Request, status: int, title: str, what: str, *, link: tuple[str, str] | None = None, kept: str = ""
) -> Response:
    here: Desk = desk(request)
    back = getattr(request.state, "back", None)
    link = link or ((back, N_("Back to the conversation")) if back else ("/queue", N_("Back to the queue")))
    person = getattr(request.state, "person", None)
    language = preferred(request.headers.get("accept-language", ""))
    return here.pages.render(
        "problem.html",
        status=status,
        language=language,
        title=title,
        what=what,
        link=link,
        person=person,
        kept=kept,
    )


async def _typed(request: Request) -> str:
    """What the person wrote: it is never thrown away with the error."""
    if request.method != "POST":
        return ""
    try:
        text = (await request.form()).get("text", "")
    except HTTPException:
        # Too large or not a form: then there is nothing to hand back.
        return ""
    return text if isinstance(text, str) else ""
