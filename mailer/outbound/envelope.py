"""An envelope sender that proves where a bounce belongs: our address with a signed tag behind a plus.

Only for relays that let us choose the envelope sender and mailboxes that know plus addresses.
"""

from mailer.signing import Keys

_PURPOSE = "envelope"
# RFC 5321, 4.5.3.1.1.
_LONGEST_LOCAL = 64


def signed_sender(address: str, delivery_id: int, keys: Keys) -> str:
    """`care@shop.example` as `care+b17-signature@shop.example`; as it is when that would be too long."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+b{delivery_id}-{keys.sign(_PURPOSE, str(delivery_id))}"
    return f"{tagged}@{domain}" if len(tagged) <= _LONGEST_LOCAL else address


def delivery_of(address: str, keys: Keys) -> int | None:
    """The delivery that a signed envelope sender names; None when there is no tag or it is not ours."""
    local = address.lower().rpartition("@")[0]
    number, dash, signature = local.rpartition("+b")[2].partition("-")
    if "+b" not in local or not dash or not number.isdecimal() or not number.isascii() or len(number) > 15:
        return None
    known = signature.isascii() and keys.verify(_PURPOSE, number, signature)
    return int(number) if known else None
