"""What a received mail says: frozen values, bounded and without control characters, to and from JSON.

The JSON form is how the limited child process answers (`inbound.child`); nothing of it is ever executed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mailer.failure import BouncedRecipient
from mailer.inbound.headers import Address
from mailer.inbound.order_block import OrderBlock


@dataclass(frozen=True)
class Attachment:
    """A file that came with the mail; its bytes stay in the raw mail. `name` is safe to show and to save under."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Authenticity:
    """Who vouches for the sender. `warnings` are sentences for the agent."""

    from_count: int = 0
    dmarc: str = "none"  # "pass", "fail" or "none"
    spf: str = "none"
    dkim: str = "none"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParsedMail:
    """A received mail as the rooms behind the door know it."""

    message_id: str
    in_reply_to: str = ""
    reference_ids: tuple[str, ...] = ()
    subject: str = ""
    senders: tuple[Address, ...] = ()
    # The first address of Reply-To; all of them with their names in `reply_addresses`.
    reply_to: str = ""
    reply_addresses: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    # As the header says it. Never trusted for order: that is the server's time of receipt.
    date: str | None = None
    text: str = ""
    html: str | None = None
    own_words: str = ""
    signature: str = ""
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()
    route: str = "triage"
    # The address with a token that an answer to a survey or a way out came to; the signed block of an order.
    mailed_to: str = ""
    order_block: OrderBlock | None = None
    kind: str = "person"
    automatic: str | None = None
    is_auto_reply: bool = False
    may_auto_answer: bool = True
    bounces: tuple[BouncedRecipient, ...] = ()
    reported_message_id: str = ""
    returned_to: str = ""
    feedback_type: str = ""
    defects: tuple[str, ...] = ()
    authenticity: Authenticity = field(default_factory=Authenticity)


def to_json(mail: ParsedMail) -> dict[str, Any]:
    """The mail as plain data."""
    return asdict(mail)


def from_json(values: Mapping[str, Any]) -> ParsedMail:
    """The mail that `to_json` described. Raises TypeError and KeyError for anything else."""
    rest = dict(values)
    for name in ("senders", "reply_addresses", "to", "cc"):
        rest[name] = tuple(Address(**one) for one in rest[name])
    rest["attachments"] = tuple(Attachment(**one) for one in rest["attachments"])
    rest["bounces"] = tuple(BouncedRecipient(**one) for one in rest["bounces"])
    authenticity = dict(rest["authenticity"])
    authenticity["warnings"] = tuple(authenticity["warnings"])
    rest["authenticity"] = Authenticity(**authenticity)
    block = rest.get("order_block")
    rest["order_block"] = OrderBlock(**block) if block is not None else None
    rest["reference_ids"] = tuple(rest["reference_ids"])
    rest["defects"] = tuple(rest["defects"])
    return ParsedMail(**rest)
