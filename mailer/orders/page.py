"""A shop's list of orders, page by page: what is asked, what a page said, and where to go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from mailer.sources_config import SourceConfig


@dataclass(frozen=True)
class Ask:
    """A question to a shop's REST API; `auth` and `headers` hold the secret that lets us in."""

    path: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """The orders of a page, the newest change among them, and the mark of the next page; empty after the last.

    `rest` is how many seconds the shop wants to be left alone before the next question.
    """

    orders: tuple[dict[str, Any], ...] = ()
    next: str = ""
    changed_until: datetime | None = None
    rest: float = 0.0


@dataclass(frozen=True)
class Entrance:
    """How a shop lets us in."""

    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None


class PollSource(Protocol):
    """A platform that can be asked which orders changed. A mark is text of its own, kept while a run is under way."""

    name: str
    # As which webhook's topic its orders are read.
    topic: str

    def entrance(self, config: SourceConfig) -> Entrance:
        """With which secrets we ask."""
        ...

    def first(self, since: datetime) -> str:
        """The mark of the first page of what changed since then."""
        ...

    def ask(self, mark: str, config: SourceConfig) -> Ask:
        """The question for a page."""
        ...

    def read(self, mark: str, headers: Mapping[str, str], data: Any) -> Page:
        """What a page says. Raises Trouble when it is not what the platform documents."""
        ...

    def changed_at(self, order: Mapping[str, Any]) -> str:
        """When the shop last changed an order, as it says it."""
        ...
