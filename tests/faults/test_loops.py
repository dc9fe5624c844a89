"""Two installations and a vacation responder write to each other, with acknowledgements on: it ends at once.

Each of the five stops is switched off in turn, in both installations; the others still hold.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

import pytest

from tests.rigs.dovecot import Dovecot
from tests.rigs.fixtures import HASTY_INBOUND, HASTY_OUTBOUND
from tests.rigs.letters import letter
from tests.rigs.machine import wait_for
from tests.rigs.postfix import Postfix
from tests.rigs.shop import Plan, Shop

pytestmark = pytest.mark.faults

STOPS: dict[str, dict[str, Any]] = {
    "all on": {},
    "without automatic_mail": {"automatic_mail": "false"},
    "without null_sender": {"null_sender": "false"},
    "without own_mark": {"own_mark": "false"},
    "without per_address": {"per_address_day": "0", "per_address_week": "0"},
    "without per_conversation": {"per_conversation": "0"},
}
# Answers everybody who writes, as often as they write, except what RFC 5230, 4.6 forbids.
AWAY = 'require ["vacation", "vacation-seconds"];\nvacation :seconds 0 :addresses "{address}" "I am away.";\n'
QUIET = 3.5


@dataclass(frozen=True)
class Duel:
    """Two shops that take each other for a customer with an order, and somebody who is away."""

    one: Shop
    other: Shop
    away: str

    @property
    def addresses(self) -> list[str]:
        return [self.one.mailbox, self.other.mailbox, self.away]


@pytest.fixture
def duel(request: pytest.FixtureRequest, dovecot: Dovecot, postfix: Postfix) -> Iterator[Duel]:
    tag = f"{time.time_ns() % 10**10}"
    names = [f"{who}-{tag}@loop.test" for who in ("one", "other", "away")]
    shops = [_shop(dovecot, postfix, name, request.param) for name in names[:2]]
    dovecot.add_user(names[2])
    dovecot.answer_by(names[2], AWAY.format(address=names[2]))
    for shop in shops:
        strangers = [name for name in names if name != shop.mailbox]
        shop.import_orders(*(_order(number, name) for number, name in enumerate(strangers, 1)))
        shop.run()
    yield Duel(*shops, names[2])
    for shop in shops:
        shop.close()


def _shop(dovecot: Dovecot, postfix: Postfix, address: str, stops: dict[str, Any]) -> Shop:
    plan = Plan(
        dovecot.ports.imaps,
        postfix.open_port,
        dovecot.ca_file,
        inbound=HASTY_INBOUND,
        outbound=HASTY_OUTBOUND,
        address=address,
        sections={"replies": {"acknowledge": "true"}, "replies.stops": stops},
    )
    return Shop(dovecot, postfix, plan).make()


def _order(number: int, address: str) -> dict[str, str]:
    return {"order_number": f"#{number}", "email": address, "placed_at": "2026-11-16T09:00:00Z"}


def automatic(dovecot: Dovecot, user: str) -> list[str]:
    """Message-IDs of the automatic mails that lie in a mailbox."""
    mails = (message_from_bytes(raw) for raw in dovecot.mails(user).values())
    return [str(mail["Message-ID"]) for mail in mails if str(mail["Auto-Submitted"]).startswith("auto-replied")]


def in_all(dovecot: Dovecot, duel: Duel) -> list[str]:
    return [one for address in duel.addresses for one in automatic(dovecot, address)]


def settled(question: Callable[[], list[str]]) -> list[str]:
    """The answer once it has not changed for longer than both sides need to write again."""
    last, since = question(), time.monotonic()
    while time.monotonic() - since < QUIET:
        time.sleep(0.5)
        if (now := question()) != last:
            last, since = now, time.monotonic()
    return last


@pytest.mark.parametrize("duel", STOPS.values(), ids=STOPS.keys(), indirect=True)
def test_two_installations_write_to_each_other_once(duel: Duel, dovecot: Dovecot) -> None:
    dovecot.deliver(duel.one.mailbox, letter(duel.other.mailbox, text="Hello,\n\nwhere is my order?\n"))
    wait_for(lambda: in_all(dovecot, duel), within=20, every=0.3, what="an acknowledgement", tell=duel.one.daemon.log)
    assert 1 <= len(settled(lambda: in_all(dovecot, duel))) <= 2
    stopped = duel.other.rows("SELECT stopped_by FROM automatic_answer WHERE delivery_id IS NULL")
    assert stopped, "the other side considered it, and something stopped it"


@pytest.mark.parametrize("duel", STOPS.values(), ids=STOPS.keys(), indirect=True)
def test_a_vacation_responder_gets_one_note_and_answers_a_person_once(duel: Duel, dovecot: Dovecot) -> None:
    mail = letter(duel.away, text="Hello,\n\nwhere is my order #2?\n")
    dovecot.deliver(duel.one.mailbox, mail)
    wait_for(lambda: in_all(dovecot, duel), within=20, every=0.3, what="an acknowledgement", tell=duel.one.daemon.log)
    # What a person approved may be answered by the responder, and that answer by nobody.
    duel.one.answer(mail)
    wait_for(
        lambda: automatic(dovecot, duel.one.mailbox),
        within=20,
        every=0.3,
        what="the responder answers",
        tell=dovecot.log,
    )
    assert 1 <= len(settled(lambda: in_all(dovecot, duel))) <= 2
    assert len(automatic(dovecot, duel.away)) == 1
