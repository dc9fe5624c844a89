"""The outgoing mail read once more before it is queued: exactly the headers that we wrote, and the words that we meant.

Read by rules of its own, not by those that wrote it: a library that lets a line slip in would not see it again.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Part
from email.policy import compat32

LONGEST_LINE = 998
LARGEST = 25_000_000
# What a reply may carry; each at most once, the first five always.
_ALWAYS = ("message-id", "date", "from", "to", "subject")
_ALLOWED = (
    *_ALWAYS,
    *("in-reply-to", "references", "reply-to", "mime-version", "content-type", "content-transfer-encoding"),
    *("auto-submitted", "x-auto-response-suppress", "x-loop"),
)
# What a mail of a flow carries beside these, and must carry.
_OF_FLOWS = ("auto-submitted", "x-auto-response-suppress", "x-loop", "feedback-id")
_BY_KIND: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "transactional": (_OF_FLOWS, ()),
    "feedback": ((*_OF_FLOWS, "list-unsubscribe"), ("list-unsubscribe-post",)),
    "marketing": ((*_OF_FLOWS, "list-unsubscribe", "precedence"), ("list-unsubscribe-post",)),
    # Any of ours, sent to one of us.
    "test": ((), (*_OF_FLOWS, "list-unsubscribe", "list-unsubscribe-post", "precedence")),
}
# With pictures, these stand beside the HTML; with files, they stand behind all of it.
_STRUCTURES = (
    ["text/plain"],
    ["multipart/alternative", "text/plain", "text/html"],
    ["multipart/alternative", "text/plain", "multipart/related", "text/html"],
)
_FILE = "application/pdf"
_FIELD = re.compile(r"([!-9;-~]+):[ \t]?(.*)", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Meant:
    """What the mail is to say."""

    message_id: str
    recipient: str
    subject: str
    text: str
    # The relay's limit, when it named one (RFC 1870).
    size_limit: int | None = None
    # The delivery's: it decides what headers a mail of a flow must have.
    kind: str = "reply"


def proofread(raw: bytes, meant: Meant) -> list[str]:
    """What is wrong with these bytes, in words for an agent; empty when all is as it was meant."""
    problems = _wire(raw, meant.size_limit)
    head = raw.partition(b"\r\n\r\n")[0]
    fields, broken = _fields(head)
    problems += broken + _headers(fields, meant.kind)
    if not problems:
        problems = _values(dict(fields), meant) + _body(raw, meant.text)
    return problems


def _wire(raw: bytes, limit: int | None) -> list[str]:
    """Lines end in CR LF, none is too long (RFC 5322, 2.1.1), and no control character is among them."""
    problems = []
    rest = raw.replace(b"\r\n", b"")
    if b"\r" in rest or b"\n" in rest:
        problems.append("it holds a bare CR or LF")
    if _CONTROL.search(raw):
        problems.append("it holds a control character")
    if max(len(line) for line in raw.split(b"\r\n")) > LONGEST_LINE:
        problems.append(f"a line is longer than {LONGEST_LINE} bytes")
    if len(raw) > (largest := min(LARGEST, limit or LARGEST)):
        problems.append(f"it has {len(raw)} bytes, the relay takes {largest}")
    return problems


def _fields(head: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """Names in lower case and unfolded values, in their order."""
    found: list[tuple[str, str]] = []
    for line in head.decode("utf-8", "replace").split("\r\n"):
        field = _FIELD.fullmatch(line)
        if line[:1] in (" ", "\t") and found:
            found[-1] = (found[-1][0], found[-1][1] + line)
        elif field:
            found.append((field[1].lower(), field[2]))
        else:
            return found, ["its header holds a line that is no header"]
    return found, []


def _headers(fields: list[tuple[str, str]], kind: str) -> list[str]:
    names = [name for name, _ in fields]
    must, may = _BY_KIND.get(kind, ((), ()))
    problems = [f"it lacks the header {name}" for name in (*_ALWAYS, *must) if name not in names]
    known = (*_ALLOWED, *must, *may)
    problems += [f"it has a header that we did not write: {name}" for name in names if name not in known]
    return problems + [f"it has the header {name} twice" for name in sorted(set(names)) if names.count(name) > 1]


def _values(fields: dict[str, str], meant: Meant) -> list[str]:
    problems = []
    if fields["message-id"].strip() != meant.message_id:
        problems.append("its Message-ID is another")
    if _only_address(fields["to"]) != meant.recipient:
        problems.append("its To is not the recipient")
    if " ".join(_decoded(fields["subject"]).split()) != " ".join(meant.subject.split()):
        problems.append("its subject is another")
    return problems


def _body(raw: bytes, text: str) -> list[str]:
    """The structure that we write, and in its plain part the text that was approved."""
    whole = message_from_bytes(raw, policy=compat32)
    kinds = [part.get_content_type() for part in whole.walk()]
    if kinds[0] == "multipart/mixed":
        files = len(whole.get_payload()) - 1
        kinds = kinds[1:-files] if files and set(kinds[-files:]) == {_FILE} else kinds
    if [kind for kind in kinds if not kind.startswith("image/")] not in _STRUCTURES:
        return ["its parts are not a text and the same text in HTML"]
    plain = next(part for part in whole.walk() if part.get_content_type() == "text/plain")
    return [] if _lines(_text(plain)) == _lines(text) else ["its text is another than the one approved"]


def _text(part: Part) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError):
        return value


def _only_address(value: str) -> str:
    """The one address of a To that we wrote: in angle brackets when there is a name."""
    found = re.search(r"<([^<>\s]+)>\s*$", value)
    return found[1] if found else value.strip()
