"""What we know of somebody who writes: a customer already? really the owner of that address?"""

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.model import Delivery, DeliveryState, Message, Order
from mailer.replies.authorise import same_address
from mailer.signing import Keys

# A mail in one of these states may lie in the recipient's mailbox.
_MAY_HAVE_ARRIVED = (DeliveryState.SENT, DeliveryState.HANDING_OVER, DeliveryState.UNKNOWN)


def is_known(session: Session, address: str) -> bool:
    """Whether this address has an order, or an answer of ours reached it before."""
    # Addresses of orders are kept in lower case; an index finds them.
    ordered = select(Order.id).where(Order.email == address.lower()).limit(1)
    answered = select(Delivery.id).where(
        func.lower(Delivery.recipient) == address.lower(),
        Delivery.kind == "reply",
        Delivery.state == DeliveryState.SENT,
    )
    return session.exec(ordered).first() is not None or session.exec(answered.limit(1)).first() is not None


def controls_mailbox(session: Session, message: Message, keys: Keys | None) -> bool:
    """Whether this mail answers one of ours that went to the very address that it comes from.

    Nobody can guess the identifier of a mail of ours, as it is signed; whoever names it has seen that mail.
    """
    named = [one for one in (message.in_reply_to, *message.reference_ids) if one]
    if keys is None or not named or len(message.senders) != 1:
        return False
    ours = session.exec(
        select(Delivery, Message.internet_message_id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(col(Message.internet_message_id).in_(named), col(Delivery.state).in_(_MAY_HAVE_ARRIVED))
    ).all()
    return any(
        same_address(delivery.recipient, message.senders[0]) and _is_signed(delivery.key, identifier, keys)
        for delivery, identifier in ours
    )


def _is_signed(key: str, identifier: str, keys: Keys) -> bool:
    signature = identifier.removeprefix("<").partition("@")[0]
    return keys.verify("message-id", key, signature)
