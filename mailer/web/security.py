"""What every request and answer of both applications goes through, as pure ASGI.

SecurityHeaders (on each answer), Unbroken (a fault becomes an answer), SameOrigin (no other site acts for an agent),
BodyLimit (nobody fills the memory).
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import structlog
from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

# For a document that a page of ours shows in <iframe sandbox>: a mail. Nothing runs in it and it fetches nothing;
# pictures are data: addresses. {styles} is empty, or `style-src` with the hashes of what may style it.
FRAMED_CSP = "default-src 'none'; img-src data:; {styles}form-action 'none'; frame-ancestors 'self'; sandbox"

_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: with it browsers say `Origin: null` on our own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

Answer = Callable[[int, str], Response]


class SecurityHeaders:
    """The same safe headers on each answer. Pages hold customers' words: no cache keeps what does not ask for it."""

    def __init__(self, app: ASGIApp, instead: Mapping[str, str] | None = None) -> None:
        self.app = app
        self.headers = {**_HEADERS, **(instead or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    # A document that is to be framed brings its own, stricter policy.
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        return await self.app(scope, receive, with_headers)


def framed(styles: str = "") -> dict[str, str]:
    """The headers of a mail that is shown in a frame; `styles` as in "'sha256-...' 'unsafe-hashes'"."""
    policy = FRAMED_CSP.format(styles=f"style-src {styles}; " if styles else "")
    return {"content-security-policy": policy, "x-frame-options": "SAMEORIGIN"}


class Unbroken:
    """A fault of ours becomes an answer 500 and a line in our log, not one in the server's with a body in it."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("request_failed", method=scope["method"], route=_route(scope))
            if started:
                raise
            text = "Something broke on our side; our log says what. Look at the conversation before you try again."
            await self.answer(500, text)(scope, receive, send)


class SameOrigin:
    """Whatever changes something must come from our own pages (Fetch Metadata; Origin for older browsers)."""

    def __init__(self, app: ASGIApp, answer: Answer, public_url: str = "") -> None:
        self.app = app
        self.answer = answer
        self.public = urlsplit(public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _READING and not self._is_ours(Headers(scope=scope)):
            text = "This request came from another site. Nothing was changed."
            return await self.answer(403, text)(scope, receive, send)
        return await self.app(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        if site := headers.get("sec-fetch-site"):
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        # Behind a proxy the Host is the proxy's word; config says what agents' browsers see.
        return origin is None or urlsplit(origin).netloc == (self.public or headers.get("host"))


class BodyLimit:
    """Refuses bodies over so many bytes, whether they say their length or not; `larger` are paths that take more."""

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int] | None = None) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        length = Headers(scope=scope).get("content-length", "0")
        announced = int(length) if length.isdecimal() else 0
        limit = self.larger.get(scope["path"], self.limit)
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if max(read, announced) > limit:
                raise HTTPException(413, f"The body is larger than {limit // 1_000_000} MB.")
            return message

        return await self.app(scope, counted, send)


def _route(scope: Scope) -> str:
    # The path itself may hold the token of a link.
    return getattr(scope.get("route"), "path", "")
