"""Shopify's REST Admin API, as far as it lists orders (shopify.dev/docs/api/admin-rest/2026-07/resources/order).

Pages follow the Link header (…/admin-rest/usage/pagination): a `page_info` goes with `limit` alone. The shop tells how
full its bucket of requests is (…/usage/rate-limits). Only orders of the last 60 days are listed unless the app was
given `read_all_orders`. Shopify calls this API legacy since October 2024 and still serves it in 2026-07 and 2026-10.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mailer.errors import Trouble
from mailer.orders.page import Ask, Entrance, Page
from mailer.orders.source import parse_moment
from mailer.sources_config import SourceConfig

_PER_PAGE = "250"
_NEXT = re.compile(r'<[^<>]{0,2000}[?&]page_info=([^&<>"]{1,1000})[^<>]{0,1000}>; rel="?next"?')
_SINCE, _PAGE = "since ", "page "
# From so much of the bucket on, we wait until some of it has leaked: two requests a second on the smallest plan.
_NEARLY_FULL = 0.8
_LEAK_SECONDS = 2.0


class ShopifyRest:
    """Orders by the time of their last change."""

    name = "shopify"
    topic = "orders/updated"

    def entrance(self, config: SourceConfig) -> Entrance:
        return Entrance(headers={"X-Shopify-Access-Token": config.token.get_secret_value()})

    def first(self, since: datetime) -> str:
        return _SINCE + since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def ask(self, mark: str, config: SourceConfig) -> Ask:
        path = f"/admin/api/{config.api_version}/orders.json"
        if mark.startswith(_PAGE):
            return Ask(path, {"limit": _PER_PAGE, "page_info": mark.removeprefix(_PAGE)})
        since = mark.removeprefix(_SINCE)
        params = {"status": "any", "updated_at_min": since, "order": "updated_at asc", "limit": _PER_PAGE}
        return Ask(path, params)

    def read(self, mark: str, headers: Mapping[str, str], data: Any) -> Page:
        orders = data.get("orders") if isinstance(data, dict) else None
        if not isinstance(orders, list) or not all(isinstance(one, dict) for one in orders):
            raise Trouble("the shop's answer holds no list of orders; is url that of the shop?", temporary=True)
        following = _NEXT.search(headers.get("link", ""))
        moments = [moment for one in orders if (moment := _moment(self.changed_at(one)))]
        return Page(
            tuple(orders),
            _PAGE + following[1] if following else "",
            max(moments, default=None),
            _rest(headers.get("x-shopify-shop-api-call-limit", "")),
        )

    def changed_at(self, order: Mapping[str, Any]) -> str:
        return str(order.get("updated_at") or "")


def _moment(text: str) -> datetime | None:
    try:
        return parse_moment(text)
    except ValueError:
        return None


def _rest(bucket: str) -> float:
    """Seconds to wait by a header as in "32/40"."""
    used, _, size = bucket.partition("/")
    if not (used.isdigit() and size.isdigit() and int(size)):
        return 0.0
    return _LEAK_SECONDS if int(used) >= int(size) * _NEARLY_FULL else 0.0
