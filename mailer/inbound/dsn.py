"""The machine-readable part of a delivery status notification (RFC 3464, RFC 6533), as servers really write it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mailer.failure import BouncedRecipient, failure_kind

_MAX_LINES = 4_000
_MAX_VALUE = 2_000
_MAX_RECIPIENTS = 100
_NAMES = ("original-recipient", "final-recipient", "x-actual-recipient", "x-original-recipient")
_NO_FAILURE = ("delivered", "relayed", "expanded", "deliverable")


@dataclass
class _Group:
    fields: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True)
class Report:
    """What a report says, recipient by recipient."""

    failed: tuple[BouncedRecipient, ...] = ()
    # Actions that are no failure: delivered, relayed, expanded.
    arrived: tuple[str, ...] = ()
    # Groups that tell of a failure without an address that can be read.
    nameless: tuple[BouncedRecipient, ...] = ()
    message_id: str = ""

    def __bool__(self) -> bool:
        return bool(self.failed or self.arrived or self.nameless)


def read_dsn(text: str, explanation: str = "") -> Report:
    """Read the fields of a delivery status; `explanation` is the report's text for people.

    Never raises; lines and recipients beyond a bound are left out. A text without such fields gives an empty report.
    """
    failed: dict[str, BouncedRecipient] = {}
    arrived: list[str] = []
    nameless: list[BouncedRecipient] = []
    groups = list(_groups(text))
    for group in groups:
        action = group.value("action").split(" ")[0].lower()
        if action in _NO_FAILURE:
            arrived.append(action)
            continue
        address = next(filter(None, (typed_address(group.value(name)) for name in _NAMES)), "")
        told = address or group.value("action") or any(group.value(name) for name in _NAMES)
        if not told or address.lower() in failed or len(failed) + len(nameless) >= _MAX_RECIPIENTS:
            continue
        one = _recipient(group, address, action, explanation)
        if address:
            failed[address.lower()] = one
        else:
            nameless.append(one)
    ids = (group.value("original-message-id") or group.value("x-original-message-id") for group in groups)
    return Report(tuple(failed.values()), tuple(arrived), tuple(nameless), next(filter(None, ids), ""))


def _groups(text: str) -> Iterator[_Group]:
    """Fields belong together until a blank line, or until a new recipient begins without one."""
    group = _Group()
    last = ""
    for line in (each[:_MAX_VALUE].rstrip() for each in text.split("\n", _MAX_LINES)[:_MAX_LINES]):
        if line.startswith((" ", "\t")) and last:
            group.fields[last] = f"{group.fields[last]} {line.strip()}"[:_MAX_VALUE]
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not line.strip() or (name == "final-recipient" and name in group.fields):
            yield group
            group, last = _Group(), ""
        if colon and name and " " not in name:
            last = name
            group.fields.setdefault(name, value.strip())
    yield group


def _recipient(group: _Group, address: str, action: str, explanation: str) -> BouncedRecipient:
    status = group.value("status").split("(")[0].strip()
    diagnostic = _without_type(group.value("diagnostic-code"))
    remark = group.value("status").partition("(")[2]
    kind = failure_kind(action, status, diagnostic, remark, explanation)
    return BouncedRecipient(address, action, status, diagnostic[:500], kind)


def typed_address(value: str) -> str:
    """The address of `rfc822; ana@example.com` (RFC 3464, 2.3.1), however it is written; empty when there is none."""
    kind, semicolon, rest = value.partition(";")
    address = rest if semicolon and "@" not in kind else value
    address = address.strip().split(" ")[0].strip("<>\"'").removeprefix("mailto:")
    address = address.replace("+40", "@") if "@" not in address else address
    local, at, domain = address.rpartition("@")
    good = local and at and domain and len(address) <= 320 and not domain.startswith(("[", "."))
    return address.rstrip(".,;>") if good and not _odd(address) else ""


def _odd(address: str) -> bool:
    return any(char in "<>()/,;=" for char in address.rpartition("@")[2])


def _without_type(value: str) -> str:
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and " " not in kind.strip() else value


def merged(reports: Sequence[Report]) -> Report:
    """Several reports of one mail as one."""
    failed = {one.recipient.lower(): one for report in reversed(reports) for one in report.failed}
    return Report(
        tuple(failed.values()),
        tuple(action for report in reports for action in report.arrived),
        tuple(one for report in reports for one in report.nameless),
        next((report.message_id for report in reports if report.message_id), ""),
    )
