"""A webhook as a shop's system sends it, and the facts in it: what every source of webhooks is made of."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from mailer.errors import InputError
from mailer.orders.source import FulfillmentIn, OrderIn, RefundIn, ScanIn, join_place, mistakes_of
from mailer.outbound.consent import ConsentTold
from mailer.sources_config import SourceConfig

# A key is part of an index.
_LONGEST_KEY = 200


@dataclass(frozen=True)
class Hooked:
    """One request to POST /hooks/NAME. Header names are in lower case; `source` is the NAME.

    What came another way, as by a poll, has no headers and says in `about` what its topic is.
    """

    source: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    about: str = ""

    def header(self, *names: str) -> str:
        """The first of these headers that is there; empty without any."""
        return next((self.headers[name] for name in names if self.headers.get(name)), "")


@dataclass(frozen=True)
class TrackingIn:
    """What was told of one parcel. Its order is known by id or number, else by the parcel's own number."""

    parcel: FulfillmentIn
    changed_at: datetime
    order_id: str = ""
    order_number: str = ""
    # A free text of the shop in which the order's number may stand.
    hint: str = ""
    promised_on: Any = None

    @property
    def waits_for(self) -> str:
        """What must be known first."""
        return self.order_id or self.order_number or self.parcel.tracking_number


@dataclass(frozen=True)
class GoneIn:
    """The shop deleted this order."""

    order_id: str


Fact = OrderIn | TrackingIn | RefundIn | ConsentTold | GoneIn


@dataclass(frozen=True)
class Facts:
    """What a webhook says, in its sequence; none, and why it is ignored; and what a person must do about it."""

    facts: tuple[Fact, ...] = ()
    ignored: str = ""
    for_a_person: str = ""


class HookSource(Protocol):
    """A kind of system that sends webhooks. The shipped ones stand in `mailer.orders.sources.HOOKS`."""

    name: str
    # The headers that are kept with the body.
    kept: tuple[str, ...]

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """Whether it was signed with one of the secrets, and lately where the signature holds its time."""
        ...

    def is_ping(self, hooked: Hooked) -> bool:
        """Whether it only asks if somebody is there; it has no signature, and nothing of it is kept."""
        ...

    def topic(self, hooked: Hooked) -> str:
        """What it is about, in the words of its source."""
        ...

    def key(self, hooked: Hooked) -> str:
        """What makes the same delivery the same."""
        ...

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        ...


def payload_key(*parts: str, body: bytes) -> str:
    """A key from what its source calls a delivery; from the body where it calls it nothing."""
    name = ":".join(parts) if all(parts) else ":".join([*filter(None, parts), body_hash(body)])
    return name if len(name) <= _LONGEST_KEY else body_hash(name.encode("utf-8", "replace"))


def body_hash(body: bytes) -> str:
    """What tells this body from all others."""
    return hashlib.sha256(body).hexdigest()


def hmac_sha256(secret: str, data: bytes) -> bytes:
    """The signature of these bytes."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), data, hashlib.sha256).digest()


def signed_base64(given: str, secrets: Iterable[str], data: bytes) -> bool:
    """Whether one of the secrets made this base64 HMAC-SHA256."""
    return same(given, [base64.b64encode(hmac_sha256(secret, data)).decode() for secret in secrets])


def same(given: str, made: Iterable[str]) -> bool:
    """Whether a signature is one of these; how long it takes tells nothing of how near it was."""
    ours = given.strip().encode("utf-8", "replace")
    # All are compared, so that the time does not tell which secret fits either.
    return any([hmac.compare_digest(ours, one.encode()) for one in made])


def json_object(body: bytes) -> dict[str, Any]:
    """The object in a body. Raises InputError."""
    try:
        data: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("body", [f"not valid JSON: {error}"]) from None
    if not isinstance(data, dict):
        raise InputError("body", ["is not an object with fields"])
    return data


def glance(body: bytes) -> dict[str, Any]:
    """The object in a body that nobody has looked at yet; empty where it is none."""
    try:
        return json_object(body)
    except InputError:
        return {}


def part_of(data: Mapping[str, Any], *path: str) -> dict[str, Any]:
    """An object within an object; empty where there is none."""
    inner: Any = data
    for name in path:
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}


def list_of(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list; empty where there is none."""
    found = data.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def word_of(data: Mapping[str, Any], *names: str) -> str:
    """The first of these that says something, as text; ids are text (they are bigger than 2^53)."""
    for name in names:
        value = data.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def parse_order(data: dict[str, Any], place: str = "") -> OrderIn:
    """An order. Raises InputError with every mistake and its place."""
    try:
        return OrderIn.model_validate(data)
    except ValidationError as error:
        raise _input_error(place, error) from None


def parse_parcel(data: dict[str, Any], place: str = "") -> FulfillmentIn:
    """A parcel with its scans. Raises InputError with every mistake and its place."""
    try:
        return FulfillmentIn.model_validate(data)
    except ValidationError as error:
        raise _input_error(place, error) from None


def parse_refund(data: dict[str, Any], place: str = "") -> RefundIn:
    """A refund. Raises InputError with every mistake and its place."""
    try:
        return RefundIn.model_validate(data)
    except ValidationError as error:
        raise _input_error(place, error) from None


def told_at(parcel: FulfillmentIn, default: datetime | None = None) -> datetime:
    """When a parcel was told of: by the payload, else by its newest scan. Raises InputError without either."""
    newest: ScanIn | None = max(parcel.events, key=lambda scan: scan.happened_at, default=None)
    at = parcel.updated_at or parcel.created_at or (newest.happened_at if newest else None) or default
    if at is None:
        raise InputError("payload", ["says no time at all"])
    return at


def _input_error(place: str, error: ValidationError) -> InputError:
    return InputError("payload", [f"{join_place(place, where)}: {text}" for where, text in mistakes_of(error)])
