"""The door to HTTP for alarms: one POST of JSON to the operator's own address, signed."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from mailer.errors import Trouble

_TIMEOUT = httpx2.Timeout(10.0)


async def post(url: str, data: Mapping[str, Any], *, secret: str) -> None:
    """Tell it once; X-Mailer-Signature is the HMAC-SHA256 of the body in hexadecimal. Raises Trouble."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json", "user-agent": "mailer"}
    if secret:
        headers["x-mailer-signature"] = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    try:
        # Neither a proxy nor a password file of the environment has a say in where alarms go.
        async with httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            answer = await client.post(url, content=body, headers=headers)
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise Trouble(f"the webhook does not answer ({type(error).__name__})", temporary=True) from None
    if not 200 <= answer.status_code < 300:
        raise Trouble(f"the webhook answered HTTP {answer.status_code}", temporary=True)
