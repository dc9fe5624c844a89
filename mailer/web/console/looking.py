"""How somebody looks at the queue: a tab, filters and a page, as they stand in the address.

A form of an item need not repeat them: without any in the address they are those of the page that it was sent from.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Depends, Request

from mailer.model import Intent
from mailer.replies.tabs import NOBODY, Filters, Tab
from mailer.web.desk import Reader

ME, NO_ONE = "me", "nobody"
_LAST_PAGE = 10_000
_LONGEST = 100
_KEYS = ("tab", "intent", "language", "product", "storefront", "assignee", "page")


@dataclass(frozen=True)
class Looking:
    """One way of looking; empty words narrow nothing. `assignee` is "me", "nobody" or the number of a person."""

    tab: Tab = Tab.TO_APPROVE
    intent: str = ""
    language: str = ""
    product: str = ""
    storefront: str = ""
    assignee: str = ""
    page: int = 1
    # Who looks: the one that "me" means.
    me: int = field(default=0, compare=False)

    @classmethod
    def read(cls, given: dict[str, str], me: int = 0) -> Self:
        """What an address says; what makes no sense is left out, so that old links go on working."""
        words = {key: value.strip()[:_LONGEST] for key, value in given.items() if key in _KEYS}
        page = words.pop("page", "1")
        intent, tab = words.pop("intent", ""), words.pop("tab", "")
        assignee = words.pop("assignee", "")
        return cls(
            tab=Tab(tab) if tab in list(Tab) else Tab.TO_APPROVE,
            intent=intent if intent in list(Intent) else "",
            assignee=assignee if assignee in (ME, NO_ONE) or _is_number(assignee) else "",
            page=min(int(page), _LAST_PAGE) if _is_number(page) else 1,
            me=me,
            **words,
        )

    @property
    def filters(self) -> Filters:
        """The filters as whoever looks means them."""
        whose = {"": None, ME: self.me, NO_ONE: NOBODY}
        assignee = whose[self.assignee] if self.assignee in whose else int(self.assignee)
        return Filters(self.intent, self.language, self.product, self.storefront, assignee)

    @property
    def narrows(self) -> bool:
        """Whether any filter is set."""
        return replace(self, tab=Tab.TO_APPROVE, page=1) != Looking()

    @property
    def full_query(self) -> str:
        """As in an address: the tab, and what is set of the rest."""
        found = [(key, str(getattr(self, key))) for key in _KEYS]
        return urlencode([(key, value) for key, value in found if value and (key, value) != ("page", "1")])

    @property
    def query(self) -> str:
        """The same; nothing for what everybody sees first."""
        return self.full_query if self != Looking() else ""

    def on(self, tab: Tab) -> "Looking":
        """The same filters on another tab."""
        return replace(self, tab=tab, page=1)

    def turned(self, page: int) -> "Looking":
        """Another page of it."""
        return replace(self, page=page)

    @property
    def address(self) -> str:
        """The list."""
        return self.list()

    def list(self, more: str = "") -> str:
        """The list; `more` is what else the address says."""
        return _joined("/queue", self.query, more)

    def item(self, conversation_id: int, more: str = "") -> str:
        """A conversation beside the list."""
        return _joined(f"/conversations/{conversation_id}", self.query, more)


def looking(request: Request, person: Reader) -> Looking:
    """How this request looks at the queue: as its address says, else as the page says that it came from."""
    given = dict(request.query_params)
    if any(key in given for key in _KEYS):
        return Looking.read(given, person.agent_id)
    page = urlsplit(request.headers.get("referer", ""))
    is_list = request.url.path == "/queue"
    if not is_list and page.netloc == request.url.netloc and page.path.startswith(("/queue", "/conversations/")):
        return Looking.read(dict(parse_qsl(page.query)), person.agent_id)
    return Looking(me=person.agent_id)


Look = Annotated[Looking, Depends(looking)]


def _joined(path: str, *queries: str) -> str:
    query = "&".join(part for part in queries if part)
    return f"{path}?{query}" if query else path


def _is_number(words: str) -> bool:
    return words.isascii() and words.isdecimal() and 0 < len(words) < 10 and int(words) > 0
