"""What a route for machines stands on."""

from collections.abc import Callable
from dataclasses import dataclass

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
