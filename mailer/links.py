"""Links that customers get: what they are about, for whom, and until when, under the shop's signature.

A token is small letters, digits, `-` and `.`, so that it lives in an address on the web and before the @ of a mail
address (`care+rate-TOKEN@shop.example`, at most 64 characters: RFC 5321, 4.5.3.1.1). Whoever has it may do what it says
and nothing else; it is not a way to sign in.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self
from urllib.parse import quote

from mailer.errors import InputError
from mailer.signing import Keys

_EPOCH = date(2020, 1, 1)
_SIGNED_FOR = "link"
_LONGEST_LOCAL_PART = 64
_LIFE_DAYS = 180
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_NUMBERS = re.compile(r"([a-z0-9]{1,12})-([a-z0-9]{1,12})-([a-z0-9]{1,12})-([a-z0-9]{1,5})(-t)?")
_IN_ADDRESS = re.compile(r"\+(rate|unsubscribe)-([a-z0-9.-]{1,120})@")

# One letter each: the token has to be short. A letter that is in use keeps its meaning for ever.
_PURPOSES = {"rate": "r", "review": "v", "choice": "c", "return": "b", "unsubscribe": "u", "unseen": "x"}
_KINDS = {"order": "o", "conversation": "c", "incident": "i", "customer": "u"}
_QUESTIONS = {
    "-": "0",
    "satisfaction": "s",
    "recommend": "n",
    "arrived": "a",
    "review": "v",
    "feedback": "f",
    "marketing": "m",
}


@dataclass(frozen=True)
class Link:
    """`purpose` ("rate", "review", "choice", "return", "unsubscribe", "unseen") about one row.

    `question` tells links apart: what is asked, or the stream that is left. `customer_id` is whose link it is;
    `enrollment_id` the passage through a flow that sent it, 0 for none.
    """

    purpose: str
    subject_kind: str
    subject_id: int
    customer_id: int
    question: str = "-"
    enrollment_id: int = 0
    # The last day on which it works; None for ever (a way out never expires).
    last_day: date | None = None
    # In a mail that one of us sent to themselves: its pages open, and nothing is recorded.
    is_test: bool = False

    @classmethod
    def lasting(cls, days: int, now: datetime, **about: object) -> Self:
        """A link that works for so many days from now."""
        return cls(last_day=now.date() + timedelta(days=days), **about)  # type: ignore[arg-type]

    def token(self, keys: Keys) -> str:
        """As it stands in a link. Raises KeyError for a word that no link knows."""
        text = self._text()
        return f"{text}.{keys.sign(_SIGNED_FOR, text)}"

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.last_day is not None and now.date() > self.last_day

    def unseen(self) -> "Link":
        """The link of the same mail that no person sees: whoever fetches it fetches everything."""
        return replace(self, purpose="unseen", subject_kind="customer", subject_id=self.customer_id, question="-")

    def _text(self) -> str:
        head = _PURPOSES[self.purpose] + _KINDS[self.subject_kind] + _QUESTIONS[self.question]
        days = "x" if self.last_day is None else _in_36((self.last_day - _EPOCH).days)
        numbers = map(_in_36, (self.subject_id, self.customer_id, self.enrollment_id))
        return head + "-".join([*numbers, days, *(["t"] if self.is_test else [])])


def read_link(keys: Keys, token: str) -> Link:
    """What a token says, its signature proven; expiry is the caller's to ask. Raises InputError."""
    text, _, signature = token.lower().rpartition(".")
    # Signed first, understood second: nothing of an unsigned text is looked at.
    known = len(token) <= 120 and token.isascii() and keys.verify(_SIGNED_FOR, text, signature)
    numbers = _NUMBERS.fullmatch(text[3:])
    if not known or numbers is None:
        raise InputError("link", ["this link is not one of ours, or it was cut; open it from the mail again"])
    subject, customer, enrollment = (int(numbers[place], 36) for place in (1, 2, 3))
    last_day = None if numbers[4] == "x" else _EPOCH + timedelta(days=int(numbers[4], 36))
    purpose, kind, question = (_word(words, text[place]) for place, words in enumerate((_PURPOSES, _KINDS, _QUESTIONS)))
    return Link(purpose, kind, subject, customer, question, enrollment, last_day, bool(numbers[5]))


def in_address(address: str) -> tuple[str, str] | None:
    """Purpose and token of an address that answers by mail: `care+rate-TOKEN@shop.example`; None for any other."""
    found = _IN_ADDRESS.search(address.lower()) if len(address) < 400 else None
    return (found[1], found[2]) if found else None


def customer_links(
    keys: Keys,
    public_url: str,
    mail_address: str,
    *,
    customer_id: int,
    order_id: int | None,
    incident_id: int | None,
    conversation_id: int | None,
    enrollment_id: int | None,
    kind: str,
    now: datetime,
    marketplace: bool = False,
    is_test: bool = False,
) -> dict[str, str]:
    """What a mail of this kind may offer to click, by name; without `public_url` only what a mail can answer.

    A survey is about the conversation where there is one, else about the order. Links work for 180 days, the way out
    (feedback and marketing only) for ever. Marketplaces forbid links to buyers: none at all.
    """
    if marketplace:
        return {}
    about = _About(keys, public_url.rstrip("/"), mail_address, customer_id, enrollment_id or 0, now, is_test)
    found = about.way_out(kind) if kind in ("feedback", "marketing") else {}
    if conversation_id is not None:
        found |= about.ratings("conversation", conversation_id)
    elif order_id is not None:
        found |= about.ratings("order", order_id)
    if order_id is not None:
        found |= about.of_order(order_id)
    if incident_id is not None:
        choice = about.link("choice", "incident", incident_id)
        found |= {answer: about.page(choice, f"?answer={answer}") for answer in ("wait", "cancel")}
    found["unseen"] = about.page(about.link("unseen", "customer", customer_id))
    return {name: address for name, address in found.items() if address}


@dataclass(frozen=True)
class _About:
    keys: Keys
    public_url: str
    mail_address: str
    customer_id: int
    enrollment_id: int
    now: datetime
    is_test: bool = False

    def link(self, purpose: str, kind: str, subject_id: int, question: str = "-") -> Link:
        about = (purpose, kind, subject_id, self.customer_id, question, self.enrollment_id)
        return Link(*about, last_day=self.now.date() + timedelta(days=_LIFE_DAYS), is_test=self.is_test)

    def page(self, link: Link, query: str = "") -> str:
        return f"{self.public_url}/{link.purpose}/{link.token(self.keys)}{query}" if self.public_url else ""

    def mail(self, link: Link, subject: str) -> str:
        """A mail that answers; nothing where the address would be longer than mail allows."""
        local, _, domain = self.mail_address.partition("@")
        local = f"{local}+{link.purpose}-{link.token(self.keys)}"
        return f"mailto:{local}@{domain}?subject={quote(subject)}" if len(local) <= _LONGEST_LOCAL_PART else ""

    def ratings(self, kind: str, subject_id: int) -> dict[str, str]:
        link = self.link("rate", kind, subject_id, "satisfaction")
        pages = {f"rate_{value}": self.page(link, f"?value={value}") for value in range(1, 6)}
        return pages | {f"rate_mail_{value}": self.mail(link, str(value)) for value in range(1, 6)}

    def of_order(self, order_id: int) -> dict[str, str]:
        arrived = self.link("rate", "order", order_id, "arrived")
        review = self.link("review", "order", order_id)
        return {
            "arrived_yes": self.page(arrived, "?value=1"),
            "arrived_no": self.page(arrived, "?value=0"),
            "review": self.page(review),
            **{f"review_{stars}": self.page(review, f"?stars={stars}") for stars in range(1, 6)},
            "return": self.page(self.link("return", "order", order_id)),
        }

    def way_out(self, stream: str) -> dict[str, str]:
        about = ("unsubscribe", "customer", self.customer_id, self.customer_id, stream, self.enrollment_id)
        link = Link(*about, is_test=self.is_test)
        return {"unsubscribe": self.page(link), "unsubscribe_mail": self.mail(link, "unsubscribe")}


def _word(words: dict[str, str], letter: str) -> str:
    return next(word for word, own in words.items() if own == letter)


def _in_36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
