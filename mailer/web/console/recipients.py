"""Who gets the answer, against who wrote and who was in copy; and why to look twice at an address."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailer.inbound.authenticity import look_alike
from mailer.model import Direction, DraftState, Message, MessageState
from mailer.replies.queue import Item
from mailer.web.languages import N_

_SHORTEST = 5
_LONG = 8
_MOST_EDITS = 2
_LONGEST = 320
_OF_NOBODY = (MessageState.AUTOMATED, MessageState.FILED)
_MOST_LISTED = 20


class Change(StrEnum):
    """How an address of the answer stands to the customer's last mail."""

    SAME = "same"  # it stood there and gets the answer
    NEW = "new"  # it gets the answer and did not write
    GONE = "gone"  # it stood there and does not get the answer


@dataclass(frozen=True)
class Party:
    """One address, its place in the customer's mail, and what becomes of it."""

    address: str
    change: Change
    place: str


@dataclass(frozen=True)
class Recipients:
    """The difference, who gets it first; and sentences with the address that they are about."""

    parties: tuple[Party, ...]
    warnings: tuple[tuple[str, str], ...]

    @property
    def as_they_were(self) -> bool:
        """Whether the answer goes to the sender and leaves nobody out."""
        return all(party.change is Change.SAME for party in self.parties)


NEW_IN_COPY = N_("This address is new in copy: %(address)s.")
LIKE_ANOTHER = N_("The sender's address looks like %(address)s and is another.")
ANSWERS_ELSEWHERE = N_("The answer does not go to the sender, but to %(address)s.")


def recipients(
    answer: str, last: Message, earlier: Sequence[Message], known: Iterable[str], ours: frozenset[str]
) -> Recipients:
    """Compare the recipient of our answer with the customer's last mail.

    `earlier` are the mails of the conversation before it, `known` addresses that this customer is known by.
    """
    there = dict(_there(last, ours))
    gets = answer.lower()
    parties = [Party(answer, Change.SAME if gets in there else Change.NEW, there.get(gets, ""))] if answer else []
    parties += [Party(one, Change.GONE, place) for one, place in there.items() if one != gets]
    return Recipients(tuple(parties[:_MOST_LISTED]), tuple(_warnings(last, earlier, known)))


def recipients_of(item: Item, ours: frozenset[str]) -> Recipients | None:
    """Who gets the answer to this conversation, a draft's or one that a person writes; None where nobody wrote."""
    wrote = [one for one in item.messages if one.direction is Direction.IN and one.state not in _OF_NOBODY]
    if not wrote:
        return None
    *earlier, last = wrote
    pending = item.draft if item.draft and item.draft.state is DraftState.PENDING else None
    senders = {item.customer.address, *(mail.from_address for mail in earlier)}
    known = [item.order.email] if item.order else []
    known += [one for one in (*senders, *ours) if one != last.from_address]
    return recipients(pending.recipient if pending else last.from_address, last, earlier, known, ours)


def _there(last: Message, ours: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every address that the mail names, with the header it stands in; ours take no part."""
    named = {
        "From": [*last.senders, last.from_address],
        "Reply-To": [last.reply_to],
        "To": last.to_addresses,
        "Cc": last.cc_addresses,
    }
    seen = set(ours) | {""}
    for place, found in named.items():
        for address in found:
            if address.lower() not in seen:
                seen.add(address.lower())
                yield address.lower(), place


def _warnings(last: Message, earlier: Sequence[Message], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What the mail alone does not tell; who vouches for it stands in its own warnings."""
    if earlier:
        before = {one for mail in earlier for one in _all_of(mail)}
        for address in last.cc_addresses[:_MOST_LISTED]:
            if address.lower() not in before:
                yield NEW_IN_COPY, address
    if like := like_address(last.from_address, known):
        yield LIKE_ANOTHER, like


def _all_of(mail: Message) -> Iterator[str]:
    named = (*mail.senders, mail.from_address, mail.reply_to, *mail.to_addresses, *mail.cc_addresses)
    return (address.lower() for address in named)


def like_address(address: str, known: Iterable[str]) -> str | None:
    """The known address that this one, which is none of them, could be taken for."""
    local, _, domain = address.lower().rpartition("@")
    others = [one.lower() for one in known if "@" in one]
    if not local or address.lower() in others:
        return None
    return next((one for one in others if _is_like(local, domain, one)), None)


def _is_like(local: str, domain: str, other: str) -> bool:
    other_local, _, other_domain = other.rpartition("@")
    if domain == other_domain:
        return min(len(local), len(other_local)) >= _SHORTEST and edits(local, other_local) <= _MOST_EDITS
    name = other_domain.partition(".")[0]
    close = len(name) > _SHORTEST and edits(domain, other_domain) <= _MOST_EDITS
    # Short names of hosts are often two letters from each other; there the rest of the address must be the same.
    return bool(look_alike(domain, [other_domain])) or (close and (local == other_local or len(name) >= _LONG))


def edits(one: str, other: str) -> int:
    """How many letters were changed, added or left out; three stand for more."""
    if abs(len(one) - len(other)) > _MOST_EDITS:
        return _MOST_EDITS + 1
    one, other = one[:_LONGEST], other[:_LONGEST]
    row = list(range(len(other) + 1))
    for place, char in enumerate(one, 1):
        last, row[0] = row[0], place
        for step, letter in enumerate(other, 1):
            last, row[step] = row[step], min(row[step] + 1, row[step - 1] + 1, last + (char != letter))
    return min(row[-1], _MOST_EDITS + 1)
