"""May this sender hear of this order, or change it? (PRODUCT, rule 5)"""

from collections.abc import Sequence

from mailer.model import Disclosure
from mailer.outbound.address import domain_of

# What the trusted server of our mailbox says of a sender who is who he says, and of one who is not (Message.dmarc).
_AUTHENTICATED, _FORGED = "pass", "fail"


def authorise(
    senders: Sequence[str], order_address: str, *, changes: bool = False, dmarc: str = "none", proven: bool = False
) -> Disclosure:
    """Order facts go to the address on the order, and only when it is the single From address.

    A forged From gains nothing by it: the answer goes to the owner of the address. Anyone else gets a neutral reply.
    What `changes` something (address, cancel, refund, privacy) is not the forger's loss but the customer's: it needs
    a sender who is confirmed too.
    """
    allowed = len(senders) == 1 and same_address(senders[0], order_address)
    if changes and not is_confirmed(senders, dmarc=dmarc, proven=proven):
        allowed = False
    return Disclosure.ORDER if allowed else Disclosure.NEUTRAL


def is_confirmed(senders: Sequence[str], *, dmarc: str, proven: bool) -> bool:
    """Whether the single sender is who he says: by his domain (`dmarc`), or `proven` by answering a mail of ours.

    A domain that calls a mail forged outweighs the proof: who was in copy has seen our identifier too.
    """
    return len(senders) == 1 and (dmarc == _AUTHENTICATED or (proven and dmarc != _FORGED))


def same_address(one: str, other: str) -> bool:
    """Whether both name one mailbox: no case in ASCII, and a domain is the same in its letters and in ASCII.

    Nothing else is levelled: what looks alike, or stands behind a plus, may be somebody else's.
    """
    return bool(one) and "@" in one and _form(one) == _form(other)


def _form(address: str) -> tuple[str, str]:
    local = address.rpartition("@")[0]
    # Lower case of other letters may turn one mailbox into another, as in the Kelvin sign and k.
    return (local.lower() if local.isascii() else local), domain_of(address)
