"""The door to HTTP for pictures of customers' mails: asks a stranger's server for one file, and tells it little.

The name is resolved once, every address that it has is checked, and the connection goes to the very address that was
checked, so a name that changes in between (DNS rebinding) changes nothing; after each redirect anew. No cookies, no
referrer, no proxy or password file of the environment, and no more bytes or seconds than allowed.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import httpx2

from mailer.errors import InputError
from mailer.web.reach import Reach, public_only

# The numeric addresses of a host.
Resolve = Callable[[str, int], list[str]]

LARGEST = 5_000_000
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "User-Agent": "Mozilla/5.0 (mail)",
    "Connection": "close",
}
_SECONDS = {"connect": 3.0, "read": 4.0, "write": 3.0, "pool": 5.0}
# Answers of name servers are waited for apart, so that slow ones hold up nothing else.
_ASKING_NAMES = 4


class Fetcher:
    """Fetches one file at a time for each that asks.

    `reach` says which addresses it may ask, `resolve` which ones a name has, `verify` whose certificates count.
    """

    def __init__(
        self, reach: Reach = public_only, *, resolve: Resolve | None = None, verify: ssl.SSLContext | None = None
    ) -> None:
        self._reach, self._resolve, self._verify = reach, resolve or every_address, verify
        self._names = ThreadPoolExecutor(_ASKING_NAMES, thread_name_prefix="names")

    async def fetch(self, address: str) -> bytes:
        """The bytes at this address. Raises InputError whose problem is "address", "silent", "large" or "kind"."""
        url = _url(address)
        async with self._transport() as transport:
            for _ in range(_MOST_REDIRECTS + 1):
                found = await self._ask(transport, url)
                if isinstance(found, bytes):
                    return found
                url = found
        raise _wrong("silent")

    def close(self) -> None:
        """Let go of the threads that ask for names."""
        self._names.shutdown(wait=False, cancel_futures=True)

    def _transport(self) -> httpx2.AsyncHTTPTransport:
        # No connection is used twice: two names may lie at one address, and each is proven by its own certificate.
        limits = httpx2.Limits(max_connections=1, max_keepalive_connections=0)
        return httpx2.AsyncHTTPTransport(verify=self._trusts, trust_env=False, limits=limits)

    @cached_property
    def _trusts(self) -> ssl.SSLContext:
        """Read once: it holds every authority that there is."""
        return self._verify or httpx2.create_ssl_context(trust_env=False)

    async def _ask(self, transport: httpx2.AsyncHTTPTransport, url: httpx2.URL) -> bytes | httpx2.URL:
        """What one server answers: the bytes, or where else they are."""
        port = url.port or _PORTS[url.scheme]
        pinned = await self._pinned(url, port)
        headers = {"Host": url.netloc.decode("ascii"), **_HEADERS}
        told: dict[str, Any] = {"timeout": _SECONDS, "sni_hostname": url.raw_host.decode("ascii")}
        # The transport alone: a client would keep cookies and follow on its own.
        request = httpx2.Request(
            "GET", url.copy_with(host=pinned, port=port, fragment=None), headers=headers, extensions=told
        )
        try:
            answer = await transport.handle_async_request(request)
            try:
                return await _read(answer, url)
            finally:
                await answer.aclose()
        except (httpx2.TransportError, httpx2.StreamError, ssl.SSLError, OSError):
            raise _wrong("silent") from None

    async def _pinned(self, url: httpx2.URL, port: int) -> str:
        """The address to ask. One that may not be asked among those of a name spoils it."""
        host = url.raw_host.decode("ascii")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._names, self._resolve, host, port)
        except (OSError, UnicodeError):
            raise _wrong("silent") from None
        if not found or not all(self._reach(one, port) for one in found):
            raise _wrong("address")
        return found[0]


def every_address(host: str, port: int) -> list[str]:
    """Every address of a host; IPv4 first, as it works nearly everywhere."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in sorted(found, key=lambda one: one[0] != socket.AF_INET)))


def _url(address: str) -> httpx2.URL:
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        raise _wrong("address") from None
    if url.scheme not in _PORTS or not url.raw_host or url.userinfo:
        raise _wrong("address")
    return url


async def _read(answer: httpx2.Response, url: httpx2.URL) -> bytes | httpx2.URL:
    if answer.status_code in _REDIRECTS:
        try:
            return _url(str(url.join(answer.headers.get("location", ""))))
        except (httpx2.InvalidURL, ValueError, UnicodeError):
            raise _wrong("address") from None
    if answer.status_code != 200:
        raise _wrong("silent")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise _wrong("kind")
    announced = answer.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > LARGEST:
        raise _wrong("large")
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise _wrong("large")
    return bytes(body)


def _wrong(problem: str) -> InputError:
    return InputError("picture", [problem])
