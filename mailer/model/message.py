"""One email, in or out; its content never changes. Bytes lie in a table of their own, compressed, by hash."""

import zlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class Blob(Row, table=True):
    """Bytes under their SHA-256; the same bytes are kept once. Erasing empties `packed` and sets `erased_at`."""

    __tablename__ = "blob"

    sha256: str = Field(primary_key=True)
    packed: bytes
    size: int
    erased_at: datetime | None = maybe_moment()

    @classmethod
    def of(cls, sha256: str, data: bytes) -> Self:
        """Pack these bytes."""
        return cls(sha256=sha256, packed=zlib.compress(data, 6), size=len(data))

    def unpack(self) -> bytes:
        """The bytes as they were."""
        return zlib.decompress(self.packed)


class Direction(StrEnum):
    IN = "in"  # a customer wrote it
    OUT = "out"  # we wrote it


class Route(StrEnum):
    """Which room claims an incoming message; set by `inbound.receive` from pure structure."""

    TRIAGE = "triage"  # a person wrote it
    BOUNCE = "bounce"  # a server returned a mail of ours
    COMPLAINT = "complaint"  # a spam report
    RATING = "rating"  # an answer to a survey by mail
    UNSUBSCRIBE = "unsubscribe"  # a way-out mail
    ORDER = "order"  # an order of the shop, machine-readable
    NONE = "none"  # a machine wrote it and nobody waits for an answer


class MessageState(StrEnum):
    RECEIVED = "received"  # readable and in its conversation; `triage` moves it on
    TRIAGED = "triaged"  # we know what it wants; `replies.draft` reads it; final
    AUTOMATED = "automated"  # a machine wrote it; nobody answers; final
    FILED = "filed"  # it lay in the mailbox before the first connect; nobody answers; final
    COMPOSED = "composed"  # ours; its Delivery tells the rest; final


class SentCopy(StrEnum):
    NONE = "none"  # the provider keeps the copy, or nobody wants one
    WANTED = "wanted"  # the owner of the mailbox is to append it to Sent
    STORED = "stored"  # it lies there


class Message(Row, table=True):
    """One email of a conversation."""

    __tablename__ = "message"
    # SQLite takes one index for a question after the mails of a conversation in some state; state alone finds them all.
    __table_args__ = (Index("ix_message_conversation_id_state", "conversation_id", "state"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    direction: Direction = word(Direction)
    state: MessageState = word(MessageState, index=True)
    route: Route = word(Route, default=Route.TRIAGE)
    storefront: str = "main"
    raw_mail_id: int | None = Field(default=None, foreign_key="raw_mail.id", unique=True)
    sha256: str = Field(foreign_key="blob.sha256")
    internet_message_id: str = Field(index=True)
    in_reply_to: str = ""
    reference_ids: list[str] = Field(default_factory=list, sa_type=JSON)
    subject: str = Field(default="", sa_type=Text)
    from_address: str = ""
    from_name: str = ""
    # Every address that the From lines hold; only a single one may hear of an order.
    senders: list[str] = Field(default_factory=list, sa_type=JSON)
    reply_to: str = ""
    to_address: str = ""
    # Every address of To and of Cc, as the mail names them.
    to_addresses: list[str] = Field(default_factory=list, sa_type=JSON)
    cc_addresses: list[str] = Field(default_factory=list, sa_type=JSON)
    text: str = Field(default="", sa_type=Text)
    own_words: str = Field(default="", sa_type=Text)
    # Whether it may hold HTML, which is read out of its bytes when somebody asks for it.
    has_html: bool = True
    # Who vouches for the sender: "pass", "fail" or "none" (inbound.authenticity); and sentences for the agent.
    dmarc: str = "none"
    warnings: list[str] = Field(default_factory=list, sa_type=JSON)
    # What could not be read of it, or is signed or encrypted; and the files that it brought (name, type, size, hash).
    defects: list[str] = Field(default_factory=list, sa_type=JSON)
    files: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    received_at: datetime = moment()
    created_at: datetime = moment()
    # The draft that answers this mail; a newer draft takes its place. No foreign key: drafts point here too.
    draft_id: int | None = Field(default=None, index=True)
    # Whether a machine may answer it at all (RFC 3834, 2): false for lists, bulk, null senders and whoever asks so.
    may_auto_answer: bool = False
    # From before the first connect: read so that later mail finds its conversation, and for nothing else.
    history: bool = False
    # A large mail of which we have header and text only.
    partial: bool = False
    sent_copy: SentCopy = word(SentCopy, default=SentCopy.NONE)
    error: str | None = None
    erased_at: datetime | None = maybe_moment()
