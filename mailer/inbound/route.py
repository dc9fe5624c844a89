"""Which room is a mail for, by its structure? What machines of ours and of the shop agreed on is found before words.

A bounce or a spam report stays what it is. An answer to a survey and a way out are told by the address they came to,
an order by the signed block in it; who answers or forwards such a mail quotes the block and means something else.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mailer.inbound.headers import Address
from mailer.inbound.order_block import OrderBlock, find_block
from mailer.links import in_address

_PURPOSES = {"rate": "rating", "unsubscribe": "unsubscribe"}
_ANSWERING = ("re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "tr:", "rv:", "antw:", "r:", "回复", "转发", "返信", "転送")


@dataclass(frozen=True)
class Claim:
    """The room, and what claims the mail for it: the address with a token that it came to, or a block."""

    route: str
    mailed_to: str = ""
    block: OrderBlock | None = None


def claim_of(route: str, recipients: Iterable[str], text: str, *, subject: str, answers: bool) -> Claim:
    """Who claims a mail that was judged for `route`. `answers`: it names an earlier mail.

    A machine's mail never rates or opts out by itself: vacation notices come from every address.
    """
    if route not in ("triage", "none"):
        return Claim(route)
    quotes = answers or subject.strip().lower().startswith(_ANSWERING)
    block = None if quotes else find_block(text)
    if block is not None:
        return Claim("order", block=block)
    if route == "triage":
        for address in recipients:
            if found := in_address(address):
                return Claim(_PURPOSES[found[0]], mailed_to=address.lower())
    return Claim(route)


def recipients_of(header_values: Iterable[tuple[str, str]], named: Iterable[Address]) -> list[str]:
    """Every address that a mail came to: by its envelope, where a server noted that, else by To and Cc."""
    noted = ("x-original-to", "envelope-to", "delivered-to", "x-envelope-to", "x-delivered-to")
    by_envelope = [value.strip("<> ") for name, value in header_values if name in noted]
    return [*by_envelope, *(one.address for one in named)]
