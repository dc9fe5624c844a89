"""The machine-readable block in a shop's own notification mails: an order without any public address of ours.

    [mailer-order-v1 NAME BASE64 SIGNATURE]

NAME is the section [sources.NAME], BASE64 a JSON payload as POST /api/orders takes it, SIGNATURE the hexadecimal
HMAC-SHA256 of the base64 text under that section's secret. It may be broken by blanks and line ends anywhere between
its words and in BASE64, as mail programs do; docs/orders-by-mail.md has what to paste into a shop's templates.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.errors import InputError

_BEGIN, _END = "[mailer-order-v1 ", "]"
_MOST = 200_000
_SIGNATURE_DIGITS = 64
_WORDS = 3


@dataclass(frozen=True)
class OrderBlock:
    """What stands in a block, unproven: who says it, the payload in base64, the signature."""

    source: str
    payload: str
    signature: str


def find_block(text: str) -> OrderBlock | None:
    """The first block of a text; None when there is none, it was cut, or somebody quotes it."""
    # A line of a template may end right after the first word.
    start = text.replace("\n", " ").replace("\xa0", " ").find(_BEGIN)
    if ">" in text[text.rfind("\n", 0, max(start, 0)) + 1 : max(start, 0)]:
        return None
    end = text.find(_END, start, start + _MOST) if start >= 0 else -1
    words = text[start + len(_BEGIN) : end].split() if end >= 0 else []
    if len(words) < _WORDS:
        return None
    name, *payload = words
    whole = "".join(payload)
    return OrderBlock(name[:100], whole[:-_SIGNATURE_DIGITS], whole[-_SIGNATURE_DIGITS:].lower())


def read_block(block: OrderBlock, secrets: Sequence[str]) -> bytes:
    """The payload that one of these secrets signed. Raises InputError with what is wrong and what to do."""
    if not any(_proves(block, secret) for secret in secrets):
        raise InputError("order mail", [f"its signature is not that of [sources.{block.source}]; compare the secret"])
    try:
        return base64.b64decode(block.payload, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("order mail", ["what it signs is not base64; paste the template again"]) from None


def sign_block(source: str, payload: bytes, secret: str) -> str:
    """A block as a shop's template writes it."""
    encoded = base64.b64encode(payload).decode("ascii")
    return f"{_BEGIN}{source} {encoded} {_hmac(encoded, secret)}{_END}"


def _proves(block: OrderBlock, secret: str) -> bool:
    # An empty secret would let in whoever knows that it is empty.
    return bool(secret) and hmac.compare_digest(_hmac(block.payload, secret).encode(), block.signature.encode())


def _hmac(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
