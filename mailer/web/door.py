"""What a route for machines stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database


@dataclass(frozen=True)
class Door:
    """Handed to each route for machines."""

    db: Database
    settings: Settings
    clock: Clock
    wake: Callable[[], None]


def door(request: Request) -> Door:
    """The application that this request came to."""
    found: Door = request.app.state.door
    return found


def is_local(request: Request, console_url: str) -> bool:
    """Whether this comes from this machine and from no proxy on it, through which all the world would look local."""
    proxied = console_url and not _is_loopback(urlsplit(console_url).hostname or "")
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    return request.client is not None and _is_loopback(request.client.host) and not proxied and not forwarded


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
