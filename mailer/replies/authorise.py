"""May this sender hear of this order? (PRODUCT, rule 5)"""

from collections.abc import Sequence

from mailer.model import Disclosure


def authorise(senders: Sequence[str], order_address: str) -> Disclosure:
    """Order facts go to the address on the order, and only when it is the single From address.

    A forged From gains nothing by it: the answer goes to the owner of the address. Anyone else gets a neutral reply.
    """
    only_sender = senders[0].casefold() if len(senders) == 1 else None
    allowed = bool(order_address) and only_sender == order_address.casefold()
    return Disclosure.ORDER if allowed else Disclosure.NEUTRAL
