"""The one door to HTTP: asks a shop's REST API, politely and within bounds.

It waits as long as the shop says (429 with Retry-After), tries again what may pass (5xx, a broken connection), follows
no redirect to another host, since the request carries a secret, and reads no endless answer.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx2

from mailer.clock import Clock
from mailer.errors import Trouble

Pause = Callable[[float], Awaitable[None]]

_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_TRIES = 5
_LONGEST_PAUSE = 60.0
_MOST_BYTES = 50_000_000
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 307, 308)


@dataclass(frozen=True)
class Answer:
    """What a shop said. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as data. Raises Trouble when it is none; trying again may help."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Trouble("the shop's answer is not valid JSON; does url lead to the shop?", temporary=True) from None


class Refused(Trouble):
    """The shop turned a question down; `status` is what it said in HTTP."""

    def __init__(self, status: int, text: str, *, temporary: bool) -> None:
        self.status = status
        super().__init__(text, temporary=temporary)


class Rest:
    """One shop's API under one address; an async context."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._base = httpx2.URL(url)
        self._clock = clock
        self._pause = pause
        # Neither a proxy nor a password file of the environment has a say in where our secrets go.
        self._client = httpx2.AsyncClient(
            headers={"Accept": "application/json", "User-Agent": "mailer", **(headers or {})},
            auth=auth,
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Ask, several times where that may help; any answer below 400. Raises Trouble with what to do."""
        for attempt in range(1, _TRIES + 1):
            try:
                answer = await self._get_once(path, params)
            except (httpx2.TransportError, httpx2.InvalidURL) as error:
                words = f"{self._base.host} does not answer ({type(error).__name__}); is url right and the shop up?"
                if attempt == _TRIES:
                    raise Trouble(words, temporary=True) from None
                await self._pause(2.0 ** (attempt - 1))
                continue
            if answer.status < 400:
                return answer
            if not _may_pass(answer.status) or attempt == _TRIES:
                raise _trouble(answer)
            await self._pause(self._wait(answer, attempt))
        raise AssertionError("the last try returns or raises")

    async def pause(self, seconds: float) -> None:
        """Let a shop rest whose limit is near."""
        if seconds > 0:
            await self._pause(min(seconds, _LONGEST_PAUSE))

    async def _get_once(self, path: str, params: Mapping[str, str]) -> Answer:
        url = self._base.copy_with(path=self._base.path.rstrip("/") + path).copy_merge_params(dict(params))
        for _ in range(_MOST_REDIRECTS):
            answer = await self._read(url)
            if answer.status not in _REDIRECTS:
                return answer
            url = self._same_host(url.join(answer.headers.get("location", "")))
        raise Trouble(f"{self._base.host} redirects without end; is url right?", temporary=False)

    async def _read(self, url: httpx2.URL) -> Answer:
        async with self._client.stream("GET", url) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise Trouble(f"the shop's answer is larger than {_MOST_BYTES:,} bytes", temporary=False)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, bytes(body))

    def _same_host(self, url: httpx2.URL) -> httpx2.URL:
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            there = f"{url.scheme}://{url.host}"
            raise Trouble(
                f"{self._base.host} redirects to {there}; if that is your shop, set url to it", temporary=False
            )
        return url

    def _wait(self, answer: Answer, attempt: int) -> float:
        """Seconds until the next try: as the shop says, else longer each time."""
        said = answer.headers.get("retry-after", "").strip()
        try:
            seconds = float(said)
        except ValueError:
            seconds = self._until(said) if said else 2.0 ** (attempt - 1)
        # "nan" is a float too.
        return 1.0 if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_PAUSE)

    def _until(self, date: str) -> float:
        try:
            return (parsedate_to_datetime(date) - self._clock.now()).total_seconds()
        except (ValueError, TypeError):
            return 1.0


def _may_pass(status: int) -> bool:
    return status in (408, 429) or status >= 500


def _trouble(answer: Answer) -> Refused:
    advice = {
        400: "the shop does not understand the question; is api_version one that it still serves?",
        401: "the shop does not know this token; make a new one and put it into [sources]",
        402: "the shop is frozen until its bill is paid",
        403: "the token may not read orders; give it that right (Shopify: read_orders, WooCommerce: read)",
        404: "there is no such address; is url that of the shop, and api_version one that it still serves?",
        423: "the shop is locked; ask its platform",
        429: "the shop is asked too often, by us or by others; we try again later",
    }
    words = advice.get(answer.status, "the shop has a problem; we try again later")
    return Refused(answer.status, f"HTTP {answer.status}: {words}", temporary=_may_pass(answer.status))
