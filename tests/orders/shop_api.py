"""A shop's REST API on a free port: lists orders as Shopify or WooCommerce document it, limits and paging included."""

import base64
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN, SECRET = "shpat_0123", "cs_4567"


@dataclass
class Reply:
    """What the shop says once, whatever it is asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass
class ShopApi:
    """`replies` are said first, one each; `before` is called with the number of each question that is answered."""

    kind: str
    page_size: int = 3
    orders: list[dict[str, Any]] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    asked: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    before: Callable[[int], None] = lambda number: None
    bucket: str = "1/40"
    old_marks: bool = False
    url: str = ""
    _answered: int = 0

    def answer(self, path: str, params: dict[str, str], headers: dict[str, str]) -> Reply:
        """The next reply, or what is so."""
        self.asked.append(params)
        self.paths.append(path)
        if self.replies:
            return self.replies.popleft()
        if not self._lets_in(headers):
            return Reply(401, body=b'{"errors": "wrong token"}')
        self._answered += 1
        self.before(self._answered)
        return self._shopify(params) if self.kind == "shopify" else self._woocommerce(params)

    def _lets_in(self, headers: dict[str, str]) -> bool:
        if self.kind == "shopify":
            return headers.get("x-shopify-access-token") == TOKEN
        basic = base64.b64encode(f"{TOKEN}:{SECRET}".encode()).decode()
        return headers.get("authorization") == f"Basic {basic}"

    def _shopify(self, params: dict[str, str]) -> Reply:
        """Cursor paging: a mark remembers filter and place, and goes with `limit` alone."""
        if "page_info" in params:
            if self.old_marks or set(params) - {"page_info", "limit"}:
                return Reply(400, body=b'{"errors": {"page_info": "Invalid value."}}')
            since, *after = json.loads(base64.urlsafe_b64decode(params["page_info"]))
        else:
            assert params["status"] == "any" and params["order"] == "updated_at asc"
            since, after = params["updated_at_min"], ["", 0]
        rows = sorted((one["updated_at"], one["id"], one) for one in self.orders if one["updated_at"] >= since)
        rest = [row for row in rows if [row[0], row[1]] > after]
        page = rest[: self.page_size]
        headers = {"X-Shopify-Shop-Api-Call-Limit": self.bucket}
        if len(rest) > len(page):
            mark = base64.urlsafe_b64encode(json.dumps([since, *page[-1][:2]]).encode()).decode()
            link = f'<https://shop.test/admin/api/2026-07/orders.json?limit=250&page_info={mark}>; rel="next"'
            headers["Link"] = f'<https://shop.test/x?page_info=before>; rel="previous", {link}' if after[0] else link
        return Reply(headers=headers, body=json.dumps({"orders": [row[2] for row in page]}).encode())

    def _woocommerce(self, params: dict[str, str]) -> Reply:
        """Counted pages of what changed after a second."""
        assert params["dates_are_gmt"] == "true"
        after, number = params["modified_after"], int(params["page"])
        rows = [one for one in self.orders if one["date_modified_gmt"] > after]
        rows.sort(key=lambda one: (one["date_modified_gmt"], one["id"]))
        page = rows[(number - 1) * self.page_size : number * self.page_size]
        pages = -(-len(rows) // self.page_size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        return Reply(headers=headers, body=json.dumps(page).encode())


@contextmanager
def serving(shop: ShopApi) -> Iterator[ShopApi]:
    """Let a shop listen while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = shop.answer(parts.path, dict(parse_qsl(parts.query)), headers)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
