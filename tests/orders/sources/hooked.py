"""Bodies of webhooks for the tests of their sources, and how each platform signs."""

import base64
import hashlib
import hmac
import json
from typing import Any

SECRET = "s3cret"
# The body of the vectors in PROVIDERS 2.7.
VECTOR_BODY = b'{"id":820982911946154508,"name":"#1001"}'
VECTOR = "JMoyz+TiMsmUdN5xBaoh6rHHysLy1lJ9dV8Fu5kUdcQ="


def as_json(data: object) -> bytes:
    return json.dumps(data).encode()


def base64_hmac(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def hex_hmac(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def a_tracking(**changes: Any) -> dict[str, Any]:
    """One parcel as AfterShip tells it, its order known by id."""
    return {"tracking_number": "JD014", "slug": "dhl", "order_id": "5001", "checkpoints": [], **changes}
