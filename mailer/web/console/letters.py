"""The mails of a conversation as they are shown: own words first, what decided our judgement marked in them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.model import Classification, DeliveryState, Direction, Message
from mailer.replies.queue import Item
from mailer.web.console.evidence import Piece, pieces
from mailer.web.console.notes import Noted
from mailer.web.console.photos import has_photos
from mailer.web.console.words import Standing, standing


@dataclass(frozen=True)
class File:
    """A file that came with a mail; `place` is its number in the mail, counted from 1."""

    place: int
    name: str
    size: str
    kind: str


@dataclass(frozen=True)
class Mail:
    """One mail as it is shown: the own words, and the whole only where it holds more; ours with how far it got."""

    id: int
    ours: bool
    standing: Standing | None
    name: str
    address: str
    at: datetime
    subject: str
    words: tuple[Piece, ...]
    whole: str
    # Why to look twice at the sender, what could not be read, and the files that came with it.
    warnings: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    authenticated: bool = False
    # Of a large mail of which only the beginning is here: the number of its raw bytes.
    partial: int | None = None
    # Which of its files are photos from one of our pages.
    photos: tuple[int, ...] = ()
    # Whether its bytes can be taken out, and may hold HTML.
    has_bytes: bool = False
    has_html: bool = False


@dataclass(frozen=True)
class Entry:
    """One mail or one note among the others."""

    at: datetime
    mail: Mail | None = None
    note: Noted | None = None


@dataclass(frozen=True)
class Entries:
    """All of them, the oldest first; those of `earlier` are folded, so that the mail to answer stands by its draft."""

    earlier: Sequence[Entry]
    recent: Sequence[Entry]

    @property
    def mails(self) -> list[Mail]:
        """The mails among them."""
        return [entry.mail for entry in (*self.earlier, *self.recent) if entry.mail]


def in_time(letters: Iterable[Mail], notes: Iterable[Noted]) -> Entries:
    """Mails and notes together; recent is what came since our last answer, or that answer and the mail before it."""
    both = [*(Entry(one.at, mail=one) for one in letters), *(Entry(one.at, note=one) for one in notes)]
    found = sorted(both, key=lambda entry: entry.at)
    ours = [place for place, entry in enumerate(found) if entry.mail and entry.mail.ours]
    since = ours[-1] + 1 if ours else 0
    if not any(entry.mail for entry in found[since:]):
        theirs = [place for place, entry in enumerate(found[:since]) if entry.mail and not entry.mail.ours]
        since = theirs[-1] if theirs else 0
    return Entries(found[:since], found[since:])


def mails(found: Item, now: datetime) -> Iterator[Mail]:
    """The conversation for reading; what was taken back is no part of it."""
    newest = {entry.message_id: entry for entry in reversed(found.deliveries)}
    reasons = {judged.message_id: evidence_of(judged) for judged in found.judgements}
    for message in found.messages:
        delivery = newest.get(message.id or 0)
        if delivery is None or delivery.state is not DeliveryState.CANCELED:
            yield as_mail(message, standing(delivery, now) if delivery else None, reasons.get(message.id or 0, ()))


def as_mail(message: Message, how_far: Standing | None = None, evidence: Sequence[str] = ()) -> Mail:
    """A message as plain text, quotes folded away."""
    words = message.own_words.strip() or message.text.strip()
    whole = message.text.strip()
    came_as_mail = message.raw_mail_id is not None and message.erased_at is None
    return Mail(
        id=message.id or 0,
        ours=message.direction is Direction.OUT,
        standing=how_far,
        name=message.from_name,
        address=message.from_address,
        at=message.received_at,
        subject=message.subject,
        words=tuple(pieces(words, evidence)),
        whole=whole if whole != words else "",
        partial=message.raw_mail_id if message.partial else None,
        warnings=tuple(message.warnings),
        defects=tuple(message.defects),
        files=tuple(_files(message)),
        to=tuple(message.to_addresses),
        cc=tuple(message.cc_addresses),
        authenticated=message.dmarc == "pass",
        photos=tuple(range(1, len(message.files) + 1)) if has_photos(message) else (),
        has_bytes=came_as_mail,
        has_html=came_as_mail and message.has_html,
    )


def evidence_of(judged: Classification) -> list[str]:
    """All words that speak for one of its wishes."""
    wishes: Sequence[Mapping[str, Sequence[str]]] = judged.intents or [{"evidence": judged.evidence}]
    return [words for wish in wishes for words in wish.get("evidence", ())]


def _files(message: Message) -> Iterator[File]:
    for place, file in enumerate(message.files, 1):
        yield File(place, file["name"], size_in_words(file["size"]), file["content_type"])


def size_in_words(count: int) -> str:
    """As in `2.5 MB`."""
    return (
        f"{count} bytes" if count < 1_000 else f"{count // 1_000} KB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
    )
