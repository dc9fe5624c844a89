"""WooCommerce's REST API v3, as far as it lists orders (woocommerce-rest-api-docs, _orders.md and _introduction.md).

Its pages are counted, and an order that changes while we read moves to the end, so the others move up and one would
fall between two pages. So each page asks for what changed since the newest of the page before, and only where a whole
page changed within one second it asks for the second page of that.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mailer.errors import Trouble
from mailer.orders.page import Ask, Entrance, Page
from mailer.orders.source import parse_moment
from mailer.sources_config import SourceConfig

_PER_PAGE = 100
_FORM = "%Y-%m-%dT%H:%M:%S"
_OLD = "the shop does not list orders by their last change; WooCommerce 5.8 or newer does"


class WooCommerceRest:
    """Orders by the time of their last change; a mark is that time and the page, as in "2026-11-22T10:00:00 1"."""

    name = "woocommerce"
    topic = "order.updated"

    def entrance(self, config: SourceConfig) -> Entrance:
        return Entrance(auth=(config.token.get_secret_value(), config.token_secret.get_secret_value()))

    def first(self, since: datetime) -> str:
        return _mark(since, 1)

    def ask(self, mark: str, config: SourceConfig) -> Ask:
        since, page = mark.split(" ")
        params = {
            "modified_after": since,
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "per_page": str(_PER_PAGE),
            "page": page,
        }
        return Ask("/wp-json/wc/v3/orders", params)

    def read(self, mark: str, headers: Mapping[str, str], data: Any) -> Page:
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise Trouble("the shop's answer is no list of orders; is url that of the shop?", temporary=True)
        moments = [moment for one in data if (moment := _moment(self.changed_at(one)))]
        newest = max(moments, default=None)
        return Page(tuple(data), self._next(mark, headers, len(data), newest), newest)

    def changed_at(self, order: Mapping[str, Any]) -> str:
        told = str(order.get("date_modified_gmt") or order.get("date_created_gmt") or "")
        return told if not told or told.endswith("Z") or "+" in told else f"{told}Z"

    def _next(self, mark: str, headers: Mapping[str, str], count: int, newest: datetime | None) -> str:
        since, page = mark.split(" ")
        last = headers.get("x-wp-totalpages", "")
        if newest is None or (int(page) >= int(last) if last.isdigit() else count < _PER_PAGE):
            return ""
        asked = datetime.strptime(since, _FORM).replace(tzinfo=UTC)
        if newest < asked:
            raise Trouble(_OLD, temporary=False)
        # `modified_after` leaves its own second out, and the page may have ended within that second.
        following = newest - timedelta(seconds=1)
        return _mark(following, 1) if following > asked else _mark(asked, int(page) + 1)


def _mark(since: datetime, page: int) -> str:
    return f"{since.astimezone(UTC).strftime(_FORM)} {page}"


def _moment(text: str) -> datetime | None:
    try:
        return parse_moment(text)
    except ValueError:
        return None
