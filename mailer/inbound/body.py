"""The tree of parts becomes what a person sees: one text, one HTML, and files. Each leaf is read once."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape

from mailer.inbound.attachments import attachment, open_winmail, without_uuencoded
from mailer.inbound.charset import decode
from mailer.inbound.html import MAX_HTML, Foreign, sanitised, visible_text
from mailer.inbound.parsed import Attachment
from mailer.inbound.plain import printable, unflowed, without_armour
from mailer.inbound.quote import label
from mailer.inbound.quote_html import mark_quotes
from mailer.inbound.shape import Piece
from mailer.inbound.walk import Part

_MAX_TEXT = 500_000
_MAX_TEXT_BYTES = 2_000_000
_MAX_PIECE = 64_000
_MAX_FILES = 200
_NOT_SHOWN = ("text/calendar", "text/csv", "text/rfc822-headers", "text/vcard", "text/x-vcard", "text/css")
_SIGNATURES = {"application/pgp-signature": "PGP", "application/pkcs7-signature": "S/MIME"}
_CIPHERED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_WINMAIL = ("application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(frozen=True)
class Segment:
    """A stretch of the mail that is shown: its plain text (of HTML with the quotes marked), and its HTML if any."""

    text: str
    html: str | None = None
    # Out of Outlook's wrapper, which mostly repeats what stands beside it.
    wrapped: bool = False


@dataclass(frozen=True)
class Body:
    """What a person sees of a mail."""

    text: str = ""
    html: str | None = None
    own_words: str = ""
    signature: str = ""
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()
    pieces: tuple[Piece, ...] = ()
    # The bytes of the file that was asked for.
    wanted: bytes | None = None


def read_body(root: Part, defects: list[str], *, wanted: str = "", foreign: Foreign | None = None) -> Body:
    """Read the whole tree; `defects` collects what could not be read and what the agent should know.

    `wanted` is the SHA-256 of a file whose bytes are to be handed out; `foreign` is asked for each picture that would
    be seen and does not lie in the mail.
    """
    reader = _Reader(defects, wanted)
    found = [segment for segment in reader.read(root, first=True) if segment.text.strip() or segment.html]
    segments = [segment for segment in found if not segment.wrapped] or found
    text = "\n\n".join(segment.text.strip("\n") for segment in segments)[:_MAX_TEXT]
    labelled = label(text, marked=any(segment.html is not None for segment in segments))
    return Body(
        text="\n".join(line for _, line in labelled.lines).strip(),
        html=_shown(segments, foreign),
        own_words=labelled.own_words,
        signature=labelled.signature,
        quoted=labelled.quoted,
        attachments=tuple(reader.files),
        pieces=tuple(reader.pieces),
        wanted=reader.found,
    )


def _shown(segments: list[Segment], foreign: Foreign | None) -> str | None:
    if not any(segment.html for segment in segments):
        return None
    whole = (segment.html if segment.html is not None else f"<pre>{escape(segment.text)}</pre>" for segment in segments)
    return printable(sanitised("\n".join(whole), foreign))


@dataclass
class _Reader:
    """Walks the tree; segments are handed up, files and pieces collected on the way."""

    defects: list[str]
    wanted: str = ""
    found: bytes | None = None
    files: list[Attachment] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    text_left: int = 4 * _MAX_TEXT_BYTES
    html_left: int = 2 * MAX_HTML

    def read(self, part: Part, *, first: bool) -> list[Segment]:
        """What is shown of this part. `first` says that nothing stands before it."""
        match part.content_type:
            case "multipart/alternative" if part.children:
                return self._best([self.read(child, first=True) for child in part.children])
            case "multipart/signed" if part.children:
                return self._signed(part, first)
            case "multipart/encrypted" if part.children:
                self.defects.append("encrypted (PGP): it cannot be read here")
                return self._files_only(part.children)
            case _ if part.children:
                shown = (self.read(child, first=first and n == 0) for n, child in enumerate(part.children))
                return [segment for segments in shown for segment in segments]
            case _:
                return list(self._leaf(part, first))

    def _best(self, choices: list[list[Segment]]) -> list[Segment]:
        """Of alternatives the plain text is read and the HTML shown; without one of them the other does both."""
        filled = [choice for choice in choices if any(one.text.strip() or one.html for one in choice)]
        plain = next((choice for choice in filled if all(one.html is None for one in choice)), None)
        rich = next((choice for choice in reversed(filled) if any(one.html for one in choice)), None)
        if plain is None or rich is None:
            return plain or rich or []
        html = "\n".join(one.html or "" for one in rich)
        return [Segment("\n\n".join(one.text for one in plain), html)]

    def _signed(self, part: Part, first: bool) -> list[Segment]:
        kind = _SIGNATURES.get(part.children[-1].content_type.replace("x-pkcs7", "pkcs7"), "unknown kind")
        self.defects.append(f"signed ({kind}); the signature was not checked")
        self._files_only(part.children[1:])
        return self.read(part.children[0], first=first)

    def _files_only(self, parts: tuple[Part, ...]) -> list[Segment]:
        for part in parts:
            self._attach(part.data, part.file_name, part.content_type)
        return []

    def _leaf(self, part: Part, first: bool) -> Iterator[Segment]:
        kind = part.content_type
        if kind in _WINMAIL or part.file_name.lower() == "winmail.dat":
            yield from self._winmail(part)
        elif kind in _CIPHERED and part.values.get("smime-type") != "certs-only":
            self._ciphered(part)
        elif kind.startswith("message/") or kind == "text/rfc822-headers":
            self.pieces.append(Piece(kind, self._text(part, _MAX_PIECE)))
            self._attach(part.data, part.file_name, kind)
        elif kind.startswith("multipart/"):
            # Its boundary is missing or never comes: what there is may be words.
            yield self._plain(part)
        elif not kind.startswith("text/"):
            self._attach(part.data, part.file_name, kind)
        elif self._is_file(part, first):
            self.pieces.append(Piece(kind, self._text(part, _MAX_PIECE), attached=True))
            self._attach(part.data, part.file_name, kind)
        elif kind == "text/html":
            yield self._html(self._text(part, _MAX_TEXT_BYTES))
        else:
            yield self._plain(part)

    def _is_file(self, part: Part, first: bool) -> bool:
        """RFC 8621, 4.1.4: a text with a name is a file unless the mail begins with it."""
        return (
            part.disposition == "attachment" or part.content_type in _NOT_SHOWN or (bool(part.file_name) and not first)
        )

    def _plain(self, part: Part) -> Segment:
        text, files = without_uuencoded(printable(self._text(part, _MAX_TEXT_BYTES)))
        for name, data in files:
            self._attach(data, name, "application/octet-stream")
        text = text[:_MAX_TEXT]
        if part.values.get("format", "").lower() == "flowed":
            text = unflowed(text, delsp=part.values.get("delsp", "").lower() == "yes")
        text, told = without_armour(text)
        if told:
            self.defects.append(told)
        self.pieces.append(Piece(part.content_type, text[:_MAX_PIECE]))
        return Segment(text)

    def _html(self, html: str) -> Segment:
        if len(html) > self.html_left:
            self.defects.append("its HTML is too long; the end was not read")
        html = html[: self.html_left]
        self.html_left -= len(html)
        text = printable(visible_text(mark_quotes(html)))
        self.pieces.append(Piece("text/html", text[:_MAX_PIECE]))
        return Segment(text, html)

    def _text(self, part: Part, limit: int) -> str:
        limit = min(limit, self.text_left)
        self.text_left -= min(limit, len(part.data))
        text, defect = decode(part.data, part.values.get("charset", ""), limit)
        if defect and defect not in self.defects:
            self.defects.append(defect)
        return text.replace("\r\n", "\n")

    def _winmail(self, part: Part) -> Iterator[Segment]:
        opened = open_winmail(part.data)
        if opened is None:
            self.defects.append("Outlook rich text (winmail.dat) that could not be opened")
            self._attach(part.data, part.file_name or "winmail.dat", part.content_type)
            return
        for name, data in opened.files:
            self._attach(data, name, "application/octet-stream")
        if opened.html.strip():
            yield replace(self._html(opened.html), wrapped=True)
        elif opened.text.strip():
            yield Segment(printable(opened.text), wrapped=True)
        elif opened.unread:
            self.defects.append("Outlook rich text (winmail.dat): its words could not be read")

    def _ciphered(self, part: Part) -> None:
        signed = "signed" in part.values.get("smime-type", "")
        words = "signed in a closed form" if signed else "encrypted"
        self.defects.append(f"{words} (S/MIME): it cannot be read here")
        self._attach(part.data, part.file_name or "smime.p7m", part.content_type)

    def _attach(self, data: bytes, name: str, content_type: str) -> None:
        if len(self.files) < _MAX_FILES:
            file = attachment(data, name, content_type)
            self.files.append(file)
            self.found = data if file.sha256 == self.wanted else self.found
        elif len(self.files) == _MAX_FILES:
            self.defects.append(f"more than {_MAX_FILES} files; the rest is not listed")
