"""Did a machine answer? RFC 3834 first, then the headers of responders, then subjects that only they begin with."""

from collections.abc import Callable, Iterator

from mailer.inbound.kind_words import phrases, says
from mailer.inbound.returned import lines_of
from mailer.inbound.shape import Shape

_EXCHANGE_SOURCES = ("mailbox rules agent", "oof", "out of office", "autoreply", "inbox rules")
_PRECEDENCE = ("auto_reply", "auto-reply", "autoreply", "auto_replied")
_ENDS = ":：-–—(（[【.!…;|/】]*~"
_OPENERS = " \t*[【<«\"'(（!~-"


def responder_sign(shape: Shape) -> str | None:
    """The header with which a responder says what it is; None when there is none."""
    return next(_responder_signs(shape), None)


def _responder_signs(shape: Shape) -> Iterator[str]:
    submitted = submitted_as(shape)
    if submitted.startswith("auto-repl") or "vacation" in submitted:
        yield f"Auto-Submitted: {submitted[:40]}"
    for name in phrases("machine", "responder_headers"):
        if name in shape.first and shape.header(name).lower() not in ("no", "false", "0"):
            yield name
    if shape.header("precedence").lower() in _PRECEDENCE:
        yield "Precedence: auto_reply"
    if any(name == "delivered-to" and value.strip().lower().startswith("autorespond") for name, value in shape.headers):
        yield "Delivered-To: Autoresponder"
    if shape.header("x-ms-exchange-generated-message-source").lower().startswith(_EXCHANGE_SOURCES):
        yield "X-MS-Exchange-Generated-Message-Source"
    if shape.header("x-ms-exchange-inbox-rules-loop"):
        yield "X-MS-Exchange-Inbox-Rules-Loop"
    if any(
        "oof" in value.lower().split("ipm.note.rules")[-1] for name, value in shape.headers if _is_class(name, value)
    ):
        yield "message class of an out-of-office reply"
    if "autoreply" in shape.header("x-mailer").lower().replace("-", "").replace(" ", ""):
        yield "X-Mailer"


def machine_sign(shape: Shape) -> str | None:
    """A sign that no person wrote this, though it is no answer: a notification (RFC 3834, 5: auto-generated)."""
    submitted = submitted_as(shape)
    if submitted not in ("", "no"):
        return f"Auto-Submitted: {submitted[:40]}"
    if shape.header("content-type").lower().startswith("multipart/report"):
        return "Content-Type: multipart/report"
    return "X-Cron-Env" if shape.header("x-cron-env") else None


def subject_sign(shape: Shape) -> str | None:
    """Whether the subject alone gives a responder away: only when it begins so and nothing speaks against it."""
    subject = " ".join(shape.subject.lower().split()).lstrip(_OPENERS)
    if _against(shape):
        return None
    # A date or "until" may follow a person's words too: "automatic reply to my question".
    if _begins(subject, "sure", _ends_there):
        return "Subject"
    begins = _begins(subject, "sure", _new_thought) or _begins(subject, "maybe", _new_thought)
    return "Subject and text" if begins and (_sounds_away(shape) or _answers(shape)) else None


def submitted_as(shape: Shape) -> str:
    """The keyword of Auto-Submitted in lower case, without parameters and comments."""
    return shape.header("auto-submitted").split(";")[0].split("(")[0].strip().lower()


def _is_class(name: str, value: str) -> bool:
    return name in ("x-message-class", "message-class", "x-ms-message-class") and "ipm.note.rules" in value.lower()


def _against(shape: Shape) -> bool:
    """What a responder's mail does not have: a list or newsletter around it, or an explicit word of a person."""
    listed = any(
        shape.header(name) for name in ("list-id", "list-unsubscribe", "list-post", "x-mailing-list", "newsgroups")
    )
    return listed or submitted_as(shape) == "no" or shape.header("precedence").lower() == "list"


def _begins(subject: str, key: str, follows: Callable[[str], bool]) -> bool:
    return any(follows(subject[len(phrase) :]) for phrase in phrases("away", key) if subject.startswith(phrase))


def _ends_there(rest: str) -> bool:
    """Whether nothing follows, or a mark; the dash of "auto-reply" is none."""
    inside = rest[:1] == "-" and rest[1:2].isalpha()
    return not inside and (not rest.strip() or rest.strip()[0] in _ENDS)


def _new_thought(rest: str) -> bool:
    tail = rest.strip()
    return _ends_there(rest) or tail[:1].isdigit() or tail.split(" ")[0].rstrip(":") in phrases("away", "until")


def _sounds_away(shape: Shape) -> bool:
    for piece in shape.of_type("text/plain", "text/html"):
        first = " ".join(line for line in lines_of(piece.text)[:30] if not line.startswith(">"))
        if says(" ".join(first.lower().split())[:1_500], "away", "away"):
            return True
    return False


def _answers(shape: Shape) -> bool:
    path = shape.header("return-path").replace(" ", "")
    return path == "<>" or bool(shape.header("x-auto-response-suppress"))
