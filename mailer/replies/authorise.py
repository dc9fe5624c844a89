"""May this sender hear of this order, or change it? (PRODUCT, rule 5)"""

from collections.abc import Sequence

from mailer.model import Disclosure

# What the trusted server of our mailbox says of a sender who is who he says (Message.dmarc).
_AUTHENTICATED = "pass"


def authorise(senders: Sequence[str], order_address: str, *, changes: bool = False, dmarc: str = "none") -> Disclosure:
    """Order facts go to the address on the order, and only when it is the single From address.

    A forged From gains nothing by it: the answer goes to the owner of the address. Anyone else gets a neutral reply.
    What `changes` something (address, cancel, refund, privacy) is not the forger's loss but the customer's: it needs
    a sender whom `dmarc` confirms.
    """
    only_sender = senders[0].casefold() if len(senders) == 1 else None
    allowed = bool(order_address) and only_sender == order_address.casefold()
    if changes and dmarc != _AUTHENTICATED:
        allowed = False
    return Disclosure.ORDER if allowed else Disclosure.NEUTRAL
