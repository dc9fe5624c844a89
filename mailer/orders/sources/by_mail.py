"""Orders in a signed block of the shop's own mails, and of the generic API: JSON as POST /api/orders takes it.

Of a mail the signature was proven where the mail was read (`inbound.claims`); over HTTP nothing of this kind comes in.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from mailer.errors import InputError
from mailer.orders.hook import Facts, Hooked, payload_key
from mailer.orders.source import parse_payload
from mailer.sources_config import SourceConfig


class ByMail:
    """Orders as our own API knows them."""

    name = "mail"
    kept: tuple[str, ...] = ()

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """Never: these come by mail."""
        return False

    def is_ping(self, hooked: Hooked) -> bool:
        """There is none."""
        return False

    def topic(self, hooked: Hooked) -> str:
        """Always orders."""
        return "order"

    def key(self, hooked: Hooked) -> str:
        """By what it says."""
        return payload_key("mail", body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        try:
            data: object = json.loads(hooked.body)
        except (ValueError, RecursionError) as error:
            raise InputError("body", [f"not valid JSON: {error}"]) from None
        orders = parse_payload(data)
        wanted = [order for order in orders if config.sandbox or not order.test]
        if not wanted:
            return Facts(ignored="a test order of the platform; [sources] sandbox takes them" if orders else "no order")
        return Facts(tuple(order.model_copy(update={"test": False}) for order in wanted))
