"""What kind of mail is it, which room is it for, and may a machine answer it? By structure first, by words last.

Two answers that must not be mixed (FAILURES D7): `is_auto_reply` is strict, since a customer's mail must not be taken
for a machine's; `may_auto_answer` is broad, since two machines that answer each other never stop.
"""

from dataclasses import dataclass

from mailer.failure import BouncedRecipient
from mailer.inbound.arf import SpamReport, read_complaint
from mailer.inbound.auto_reply import machine_sign, responder_sign, subject_sign, submitted_as
from mailer.inbound.bounce_text import Notice, failed_recipients, found_addresses, is_daemon, notice_of, signs_of
from mailer.inbound.dsn import Report, merged, read_dsn
from mailer.inbound.kind_words import phrases
from mailer.inbound.shape import MailKind, Shape

_MAX_REPORTS = 5
_TRIAGE, _NONE, _BOUNCE, _COMPLAINT = "triage", "none", "bounce", "complaint"


@dataclass(frozen=True)
class Kind:
    """What a mail is. `reason` is the sign of a machine in words; None for a mail that a person is to see."""

    kind: MailKind
    route: str = _TRIAGE
    reason: str | None = None
    is_auto_reply: bool = False
    may_auto_answer: bool = False
    bounces: tuple[BouncedRecipient, ...] = ()
    reported_message_id: str = ""
    returned_to: str = ""
    feedback_type: str = ""


def kind_of(shape: Shape, own: frozenset[str] = frozenset()) -> Kind:
    """Judge a mail. `own` are addresses of ours, which never count as failed recipients. Never raises."""
    if report := read_complaint(shape):
        return _complaint(shape, report)
    if found := _bounce(shape, own):
        return found
    if sign := responder_sign(shape) or subject_sign(shape):
        return Kind(MailKind.AUTO_REPLY, _NONE, sign, is_auto_reply=True)
    listed = is_listed(shape) or bool(shape.header("x-cron-env"))
    if sign := machine_sign(shape):
        return Kind(MailKind.LIST if listed else MailKind.AUTO_REPLY, _NONE, sign, is_auto_reply=not listed)
    return Kind(MailKind.LIST if listed else MailKind.PERSON, may_auto_answer=may_auto_answer(shape))


def may_auto_answer(shape: Shape) -> bool:
    """Whether a machine may answer by itself: only what shows no sign of list, bulk, daemon or machine."""
    locals_ = [address.partition("@")[0] for address in shape.senders]
    nobody = not locals_ or any(
        local.startswith(phrases("machine", "nobody")) or local.endswith("-request") for local in locals_
    )
    suppressed = shape.header("x-auto-response-suppress").lower() not in ("", "none")
    no_path = shape.header("return-path").replace(" ", "") == "<>"
    machine = submitted_as(shape) not in ("", "no") or responder_sign(shape) or machine_sign(shape)
    return not (nobody or suppressed or no_path or machine or is_listed(shape) or is_daemon(shape))


def is_listed(shape: Shape) -> bool:
    """Whether it came through a list or group, or is bulk mail. Behind a group may be a customer."""
    bulk = shape.header("precedence").lower() in ("bulk", "list", "junk")
    return bulk or any(shape.header(name) for name in phrases("machine", "list_headers"))


def _complaint(shape: Shape, report: SpamReport) -> Kind:
    words = f"a spam report ({report.feedback_type})"
    return Kind(
        MailKind.COMPLAINT,
        _COMPLAINT,
        words,
        reported_message_id=report.message_id,
        returned_to=_returned_to(shape),
        feedback_type=report.feedback_type,
    )


def _bounce(shape: Shape, own: frozenset[str]) -> Kind | None:
    notice = notice_of(shape)
    report = _report(shape, notice)
    if report.failed or report.nameless:
        return _bounced(shape, notice, report.failed or failed_recipients(shape, notice, own), own, report.message_id)
    if report.arrived:
        return None
    if shape.header("x-failed-recipients") or _declared(shape) or signs_of(shape, notice).enough:
        return _bounced(shape, notice, failed_recipients(shape, notice, own), own)
    return None


def _report(shape: Shape, notice: Notice) -> Report:
    declared = [
        piece
        for piece in shape.of_type("message/delivery-status", "message/global-delivery-status", "text/delivery-status")
    ]
    # A report that somebody forwards stands inside a mail of theirs; its parts are not at the top.
    if declared and not _by_person(shape):
        return merged([read_dsn(piece.text, notice.text) for piece in declared[:_MAX_REPORTS]])
    if "final-recipient:" in notice.text[:64_000].lower() and (is_daemon(shape) or _declared(shape)):
        return read_dsn(notice.text, notice.text)
    if is_daemon(shape) and not declared:
        # A gateway that wraps another server's report in a mail of its own.
        inner = (piece.text for piece in shape.of_type("message/rfc822") if "\nfinal-recipient:" in piece.text.lower())
        return next((read_dsn(text) for text in inner), Report())
    return Report()


def _declared(shape: Shape) -> bool:
    top = shape.header("content-type").lower()
    return top.startswith("multipart/report") and "delivery-status" in top


def _by_person(shape: Shape) -> bool:
    answering = shape.subject.lower().startswith(("re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "tr:", "rv:"))
    return answering and not is_daemon(shape) and not _declared(shape)


def _bounced(
    shape: Shape, notice: Notice, failed: tuple[BouncedRecipient, ...], own: frozenset[str], said_id: str = ""
) -> Kind:
    kept = tuple(one for one in failed if one.recipient.lower() not in own)
    return Kind(
        MailKind.BOUNCE,
        _BOUNCE,
        "a mail server's report",
        bounces=kept,
        reported_message_id=notice.returned.message_id or said_id,
        returned_to=_returned_to(shape),
    )


def _returned_to(shape: Shape) -> str:
    """The address that this came to, as the envelope says where that is known; it may hold our signature."""
    for name in ("x-original-to", "envelope-to", "delivered-to", "x-envelope-to", "x-delivered-to", "to"):
        for address, _, _ in found_addresses(shape.header(name)):
            return address.lower()
    return ""
