"""POST /hooks/NAME: a system of the shop tells what happened. It is answered after the commit, and read later."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from mailer.db import Grouped
from mailer.orders.hook import Hooked, HookSource
from mailer.orders.hooks import Delivered, Turned, refuse, store
from mailer.orders.own_source import hook_of
from mailer.signing import digest
from mailer.sources_config import SourceConfig
from mailer.web.door import Door, door

router = APIRouter()

# Under this name those are counted that no source has: names of strangers' making would fill a table.
_NOBODY = ""


# Seconds that a commit waits for company: at 300 webhooks a second, one commit for three of them.
_LINGER = 0.01


class Intake:
    """Keeps the webhooks of one process: many that come at once share a commit."""

    def __init__(self, here: Door) -> None:
        self.kept = Grouped(here.db, store, linger=_LINGER)
        self.turned_away = Grouped(here.db, refuse, linger=_LINGER)


def _intake(request: Request, here: Door) -> Intake:
    found: Intake | None = getattr(request.app.state, "intake", None)
    if found is None:
        found = request.app.state.intake = Intake(here)
    return found


@router.post("/hooks/{name}")
async def post_hook(request: Request, name: str) -> Response:
    """200 when it is kept, or was already; 401, 404 and 413 are counted, and `mailer orders deliveries` shows them."""
    # Asked for here: as dependencies they would cost a thread each.
    here = door(request)
    taking = _intake(request, here)
    config = here.settings.sources.get(name)
    hook = hook_of(config.kind) if config else None
    if config is None or hook is None:
        return await _refuse(taking, here, _NOBODY, 404, "there is no such source")
    body = await _read(request, config.largest)
    if body is None:
        return await _refuse(taking, here, name, 413, f"larger than {config.largest} bytes")
    hooked = Hooked(name, {key.lower(): value for key, value in request.headers.items()}, body, request.query_params)
    if hook.is_ping(hooked):
        return _ok("a ping")
    if problem := _unsigned(hook, hooked, config, here):
        return await _refuse(taking, here, name, 401, problem)
    new = await taking.kept.do(_delivered(hook, hooked, config, here))
    return _ok("kept" if new else "known already")


async def _read(request: Request, largest: int) -> bytes | None:
    """The body; None when it is larger than that, of which no more is read."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > largest:
        return None
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > largest:
                return None
            parts.append(part)
    except ClientDisconnect:
        raise HTTPException(400, "the request ended too early") from None
    return b"".join(parts)


def _unsigned(hook: HookSource, hooked: Hooked, config: SourceConfig, here: Door) -> str:
    """Why a webhook is not believed; empty when it is."""
    if not config.secrets:
        return "no secret is configured, so nothing can be believed"
    return "" if hook.verify(hooked, config.keys, here.clock.now()) else "wrong signature"


def _delivered(hook: HookSource, hooked: Hooked, config: SourceConfig, here: Door) -> Delivered:
    kept = {name: hooked.headers[name][:500] for name in hook.kept if name in hooked.headers}
    key, topic = hook.key(hooked), hook.topic(hooked)[:200]
    return Delivered(hooked, config.kind, topic, key, digest(hooked.body), kept, here.clock.now())


async def _refuse(taking: Intake, here: Door, source: str, status: int, reason: str) -> Response:
    await taking.turned_away.do(Turned(source, reason, here.clock.now()))
    return JSONResponse({"problems": [reason]}, status)


def _ok(words: str) -> Response:
    return JSONResponse({"ok": words})
