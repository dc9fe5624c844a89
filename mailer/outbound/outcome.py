"""What became of one try: code, enhanced status (RFC 3463) and words of a relay become a value and a sentence.

The first digit decides whether it is for now or for good (RFC 5321, 4.2.1), except where the words speak of the relay
or of our account: then the mail stays queued, because it is not its fault. One table holds every case.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """How far the dialogue had come."""

    CONNECT = "connect"  # greeting and EHLO
    TLS = "tls"  # STARTTLS and the certificate
    AUTH = "auth"  # the login
    MAIL = "mail"  # our sender
    RCPT = "rcpt"  # the recipient
    DATA = "data"  # before the body left
    BODY = "body"  # the word on the whole mail


class Scope(StrEnum):
    """Whose trouble it is, so what waits."""

    MAIL = "mail"  # this mail alone
    CONNECTIONS = "connections"  # we ask too much at once: fewer connections, and a pause
    RELAY = "relay"  # the relay: all mails wait, one asks soon
    ACCOUNT = "account"  # our account: all mails wait, one asks slowly, and an alarm is raised


class Cause(StrEnum):
    """The cases; `CASES` says what each means."""

    TAKEN = "taken"
    GREYLISTED = "greylisted"
    MAILBOX_FULL = "mailbox_full"
    RECIPIENT_LATER = "recipient_later"
    MAIL_LATER = "mail_later"
    NO_SUCH_ADDRESS = "no_such_address"
    MAILBOX_CLOSED = "mailbox_closed"
    RECIPIENT_REFUSED = "recipient_refused"
    POLICY = "policy"
    TOO_LARGE = "too_large"
    MAIL_REFUSED = "mail_refused"
    NEEDS_UTF8 = "needs_utf8"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_FAST = "too_fast"
    RELAY_LATER = "relay_later"
    RELAY_SILENT = "relay_silent"
    RELAY_LOST = "relay_lost"
    RELAY_UNCLEAR = "relay_unclear"
    LOGIN_LATER = "login_later"
    LOGIN_REFUSED = "login_refused"
    NOT_LET_IN = "not_let_in"
    NO_TLS = "no_tls"
    SENDER_REFUSED = "sender_refused"
    ACCOUNT_BLOCKED = "account_blocked"
    SENDING_LIMIT = "sending_limit"
    LOST_AFTER_BODY = "lost_after_body"
    SILENT_AFTER_BODY = "silent_after_body"
    UNCLEAR_AFTER_BODY = "unclear_after_body"


@dataclass(frozen=True)
class Case:
    """Whose trouble a cause is, what it is in a sentence, and what a person can do about it."""

    scope: Scope
    words: str
    remedy: str = ""


_LOGIN = "check [outbound] username and password in config.toml, then run `mailer outbox resume`"
_PROVIDER = "ask the mail provider to lift it, then run `mailer outbox resume`"
_DECIDE = "look whether it arrived, then run `mailer outbox decide`"

CASES: dict[Cause, Case] = {
    Cause.TAKEN: Case(Scope.MAIL, "The relay took the mail."),
    Cause.GREYLISTED: Case(Scope.MAIL, "The recipient's server does not know us yet and asks us to come again."),
    Cause.MAILBOX_FULL: Case(Scope.MAIL, "The recipient's mailbox is full."),
    Cause.RECIPIENT_LATER: Case(Scope.MAIL, "The recipient's server does not take the mail now."),
    Cause.MAIL_LATER: Case(Scope.MAIL, "The relay does not take this mail now."),
    Cause.NO_SUCH_ADDRESS: Case(Scope.MAIL, "There is no such address.", "ask the customer for another one"),
    Cause.MAILBOX_CLOSED: Case(Scope.MAIL, "The recipient's mailbox is closed.", "ask the customer for another one"),
    Cause.RECIPIENT_REFUSED: Case(Scope.MAIL, "The recipient's server refuses the mail."),
    Cause.POLICY: Case(
        Scope.MAIL,
        "A rule of the relay or of the recipient's server forbids the mail; the address may be well.",
        "read the server's words; `mailer outbox retry` sends it again when the reason is gone",
    ),
    Cause.TOO_LARGE: Case(Scope.MAIL, "The mail is larger than the relay takes.", "send a shorter answer"),
    Cause.MAIL_REFUSED: Case(Scope.MAIL, "The relay refuses this mail."),
    Cause.NEEDS_UTF8: Case(
        Scope.MAIL,
        "The address has characters outside of ASCII before the @, and the relay cannot carry them (SMTPUTF8).",
        "ask the customer for another one",
    ),
    Cause.TOO_MANY_CONNECTIONS: Case(Scope.CONNECTIONS, "The relay wants fewer connections at once."),
    Cause.TOO_FAST: Case(Scope.CONNECTIONS, "The relay wants us to send more slowly.", "set [outbound] per_minute"),
    Cause.RELAY_LATER: Case(Scope.RELAY, "The relay has no time now."),
    Cause.RELAY_SILENT: Case(Scope.RELAY, "The relay does not answer."),
    Cause.RELAY_LOST: Case(Scope.RELAY, "The relay broke off before the body left."),
    Cause.RELAY_UNCLEAR: Case(Scope.RELAY, "The relay does not speak SMTP.", "check [outbound] host and port"),
    Cause.LOGIN_LATER: Case(Scope.RELAY, "The relay cannot check our login now."),
    Cause.LOGIN_REFUSED: Case(Scope.ACCOUNT, "The relay refuses our login.", _LOGIN),
    Cause.NOT_LET_IN: Case(Scope.ACCOUNT, "The relay does not let this machine in.", _PROVIDER),
    Cause.NO_TLS: Case(
        Scope.ACCOUNT,
        "The connection to the relay cannot be encrypted as config.toml demands.",
        "check [outbound] port, tls and ca_file, and the relay's certificate",
    ),
    Cause.SENDER_REFUSED: Case(
        Scope.ACCOUNT,
        "The relay does not let this account send from our address.",
        "allow the address of [senders] for the account of [outbound], then run `mailer outbox resume`",
    ),
    Cause.ACCOUNT_BLOCKED: Case(Scope.ACCOUNT, "The mail provider has blocked our account for sending.", _PROVIDER),
    Cause.SENDING_LIMIT: Case(
        Scope.ACCOUNT, "Our account has used up what it may send.", "wait, or set [outbound] per_day below the limit"
    ),
    Cause.LOST_AFTER_BODY: Case(Scope.RELAY, "The relay broke off after the body; it may have the mail.", _DECIDE),
    Cause.SILENT_AFTER_BODY: Case(Scope.RELAY, "The relay said nothing after the body; it may have it.", _DECIDE),
    Cause.UNCLEAR_AFTER_BODY: Case(Scope.RELAY, "The relay's word on the body cannot be understood.", _DECIDE),
}


@dataclass(frozen=True)
class Accepted:
    """The relay took the mail over (250)."""

    words: str
    code: int | None = 250
    cause: Cause = Cause.TAKEN


@dataclass(frozen=True)
class Deferred:
    """Certainly not sent, and worth another try."""

    words: str
    code: int | None = None
    cause: Cause = Cause.RECIPIENT_LATER

    @property
    def relay(self) -> bool:
        """Whether the relay or our account, not the recipient, is the reason."""
        return CASES[self.cause].scope is not Scope.MAIL


@dataclass(frozen=True)
class Refused:
    """Certainly not sent, and never will be."""

    words: str
    code: int | None = None
    cause: Cause = Cause.RECIPIENT_REFUSED

    @property
    def against_recipient(self) -> bool:
        """Whether it says that the address is no good, as a hard bounce does; a rule's word never does."""
        return self.cause in (Cause.NO_SUCH_ADDRESS, Cause.MAILBOX_CLOSED)


@dataclass(frozen=True)
class Unknown:
    """The body left, and the relay's word did not come back (RFC 5321, 6.1; RFC 1047)."""

    words: str
    cause: Cause = Cause.LOST_AFTER_BODY
    code: int | None = None


Outcome = Accepted | Deferred | Refused | Unknown


def judge(step: Step, code: int, words: str) -> Outcome:
    """What an answer means that came at this step."""
    said = f"{code} {words}".strip()
    if step is Step.BODY and 200 <= code <= 299:
        return Accepted(said, code)
    if not 400 <= code <= 599:
        return _unclear(step, said)
    cause = _cause(step, code, words)
    if code < 500 or CASES[cause].scope is not Scope.MAIL:
        return Deferred(said, code, cause)
    return Refused(said, code, cause)


def say(outcome: Outcome) -> str:
    """The outcome for a person: what it is, what comes next, and what the server said."""
    if isinstance(outcome, Accepted):
        return outcome.words
    case = CASES[outcome.cause]
    pieces = [case.words, _next(outcome, case.scope)]
    if case.remedy:
        pieces.append(f"What to do: {case.remedy}.")
    return f"{' '.join(pieces)} ({outcome.words})"


def _next(outcome: Deferred | Refused | Unknown, scope: Scope) -> str:
    match outcome:
        case Refused():
            return "It was not sent."
        case Unknown():
            return "It is not sent again by itself."
        case Deferred() if scope is Scope.MAIL:
            return "It is tried again by itself."
        case Deferred() if scope is Scope.ACCOUNT:
            return "All mails wait, none is lost; one asks again from time to time."
        case Deferred():
            return "All mails wait for a moment."


def _unclear(step: Step, said: str) -> Deferred | Unknown:
    if step is Step.BODY:
        return Unknown(said, Cause.UNCLEAR_AFTER_BODY)
    return Deferred(said, None, Cause.RELAY_UNCLEAR)


# Read top to bottom, the first that fits decides: steps (none: any), codes, status, words; each a pattern of the whole.
_RULES: tuple[tuple[str, str, str, str, Cause], ...] = (
    ("", "421|432", r"4\.3\.2", "", Cause.TOO_MANY_CONNECTIONS),
    ("", r"[45]\d\d", "", r"too many (\w+ ){0,2}connections", Cause.TOO_MANY_CONNECTIONS),
    ("", r"[45]\d\d", "", r"(sender )?thread limit exceeded|concurrent connections limit", Cause.TOO_MANY_CONNECTIONS),
    ("auth", r"5\d\d|432|435", "", "", Cause.LOGIN_REFUSED),
    ("auth", r"4\d\d", "", "", Cause.LOGIN_LATER),
    ("tls", r"\d+", "", "", Cause.NO_TLS),
    ("", r"5\d\d", "", r"must issue a? ?starttls|encryption (is )?required", Cause.NO_TLS),
    ("", "530|535|534|538", "", "", Cause.LOGIN_REFUSED),
    ("", r"5\d\d", "", r"authentication (is )?required|client (was )?not authenticated", Cause.LOGIN_REFUSED),
    # Microsoft 365: continuous errors, tenant and sender bans, outbound spam; then both providers' daily limits.
    ("", r"5\d\d", r"5\.2\.25\d|5\.7\.(50[1-8]|511|7\d\d)|5\.1\.8", "", Cause.ACCOUNT_BLOCKED),
    ("", r"[45]\d\d", r"5\.4\.5|5\.1\.90|4\.5\.127", "", Cause.SENDING_LIMIT),
    ("", r"[45]\d\d", "", r"(sending (limit|quota)|(daily|hourly) .{0,30}(limit|quota)).{0,20}", Cause.SENDING_LIMIT),
    ("", r"5\d\d", r"5\.7\.60|5\.1\.7", "", Cause.SENDER_REFUSED),
    ("", r"5\d\d", "", r"sender address rejected|not owned by user|send ?as ?denied", Cause.SENDER_REFUSED),
    ("connect", r"5\d\d", "", "", Cause.NOT_LET_IN),
    ("connect|mail|data|body", r"4\d\d", r"4\.7\.(28|5\d\d)", "", Cause.TOO_FAST),
    ("connect|mail|data|body", r"4\d\d", "", r"rate limit|throttl|too (fast|quick)|too many mess", Cause.TOO_FAST),
    ("", "421", "", "", Cause.RELAY_LATER),
    ("connect", r"4\d\d", "", "", Cause.RELAY_LATER),
    ("", r"[45]\d\d", r"[45]\.3\.4", "", Cause.TOO_LARGE),
    ("mail|data|body", "552", r"(?!5\.2\.2).*", "", Cause.TOO_LARGE),
    ("mail", r"5\d\d", "", "", Cause.SENDER_REFUSED),
    ("", r"[45]\d\d", r"[45]\.2\.2", "", Cause.MAILBOX_FULL),
    ("", r"[45]\d\d", "", r"(mailbox|quota) (is )?(full|exceeded)|over quota", Cause.MAILBOX_FULL),
    ("rcpt", r"4\d\d", "", r"gr[ea]y-?list", Cause.GREYLISTED),
    ("rcpt", r"4\d\d", "", "", Cause.RECIPIENT_LATER),
    ("", r"4\d\d", "", "", Cause.MAIL_LATER),
    ("", r"5\d\d", r"5\.1\.(1|2|3|6|10)", "", Cause.NO_SUCH_ADDRESS),
    ("", r"5\d\d", r"5\.2\.1", "", Cause.MAILBOX_CLOSED),
    ("", r"5\d\d", r"5\.7\.\d+", "", Cause.POLICY),
    ("", r"5\d\d", "", r"spam|blacklist|blocklist|policy|dmarc", Cause.POLICY),
    ("rcpt", "55[0135]", "", r"(user|recipient|mailbox) .{0,40}(unknown|not exist)", Cause.NO_SUCH_ADDRESS),
    ("rcpt", "55[0135]", "", r"no such (user|person|address|mailbox)|unknown (user|recipient)", Cause.NO_SUCH_ADDRESS),
    ("rcpt", r"5\d\d", "", "", Cause.RECIPIENT_REFUSED),
)  # fmt: skip
_COMPILED = tuple(
    (re.compile(steps or ".*"), re.compile(codes), re.compile(status or ".*"), re.compile(words), cause)
    for steps, codes, status, words, cause in _RULES
)
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST = 500


def _cause(step: Step, code: int, words: str) -> Cause:
    found = _STATUS.match(words)
    status, text = found[1] if found else "", words[:_LONGEST].lower()
    for steps, codes, statuses, pattern, cause in _COMPILED:
        fits = steps.fullmatch(step) and codes.fullmatch(str(code)) and statuses.fullmatch(status)
        if fits and pattern.search(text):
            return cause
    return Cause.MAIL_REFUSED
