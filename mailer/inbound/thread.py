"""Which conversation does a mail belong to? The identifiers that it names, and only among its sender's own."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from mailer.model import Conversation, Message


def find_conversation(
    session: Session, customer_id: int, in_reply_to: str, reference_ids: Sequence[str]
) -> Conversation | None:
    """The conversation of the mail that this one answers: In-Reply-To first, then References from the newest back.

    Mail clients fill them differently (RFC 5322, 3.6.4 is the rule; Outlook leaves References short, Gmail long),
    so each is asked. A customer joins no conversation of another: identifiers can be guessed or forwarded.
    """
    named = list(dict.fromkeys([in_reply_to, *reversed(reference_ids)]))
    wanted = [one for one in named if one]
    if not wanted:
        return None
    rows = session.exec(
        select(Message.internet_message_id, Conversation)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(col(Message.internet_message_id).in_(wanted), Conversation.customer_id == customer_id)
    ).all()
    return min(rows, key=lambda row: wanted.index(row[0]), default=(None, None))[1]
