"""The demo's way into the public listener, as platforms, customers and scanners have it: over HTTP and nothing else."""

import base64
import hashlib
import hmac

import httpx2

from mailer.demo.plot import PARCELS, Happening

_TIMEOUT = 20.0


class Browser:
    """Somebody outside who asks the public listener; without cookies, and following nobody."""

    def __init__(self, address: str) -> None:
        self._client = httpx2.AsyncClient(base_url=address, timeout=_TIMEOUT)

    async def tell(self, happening: Happening, secret: str) -> int:
        """Send a webhook as its platform signs it; the status."""
        sign = base64.b64encode(hmac.new(secret.encode(), happening.body, hashlib.sha256).digest()).decode()
        headers = {"x-shopify-topic": happening.topic, "x-shopify-webhook-id": happening.key}
        name = "aftership-hmac-sha256" if happening.source == PARCELS else "x-shopify-hmac-sha256"
        answer = await self._client.post(
            f"/hooks/{happening.source}", content=happening.body, headers={**headers, name: sign}
        )
        return answer.status_code

    async def look(self, address: str, *, method: str = "GET", early: bool = False) -> int:
        """Open a link, or let a scanner do it before anybody sees the mail; the status."""
        answer = await self._client.request(method, address, headers={"sec-purpose": "prefetch"} if early else {})
        self._client.cookies.clear()
        return answer.status_code

    async def send(self, address: str, form: dict[str, str]) -> int:
        """Send a form of a page; the status."""
        answer = await self._client.post(address, data=form)
        return answer.status_code

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()
