"""Fixtures: one Dovecot and one Postfix for each test process, started when first asked for, and shops on them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.rigs.dovecot import Dovecot
from tests.rigs.postfix import Postfix
from tests.rigs.relay import Relay
from tests.rigs.shop import Plan, Shop
from tests.rigs.wire import Wire

# So that a test of seconds sees what takes a minute with the shipped defaults.
HASTY_INBOUND = {"idle": "1s", "read_timeout": "2s"}
HASTY_OUTBOUND = {"lease": "3s", "timeout": "5s", "body_timeout": "5s"}


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    server = Dovecot()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    server = Postfix(dovecot)
    server.start()
    yield server
    server.close()


@pytest.fixture
def wire(dovecot: Dovecot) -> Iterator[Wire]:
    """A line to Dovecot that can be frozen and cut."""
    line = Wire(dovecot.ports.imaps)
    yield line
    line.close()


@pytest.fixture
def relay(postfix: Postfix) -> Iterator[Relay]:
    """A line to Postfix that can stall and cut at any point of the dialogue."""
    line = Relay(postfix.open_port)
    yield line
    line.close()


ShopMaker = Callable[..., Shop]


@pytest.fixture
def make_shop(dovecot: Dovecot, postfix: Postfix) -> Iterator[ShopMaker]:
    """Makes shops; `imap_port` and `smtp_port` lead it over a wire or a relay, the rest goes into its Plan."""
    made: list[Shop] = []

    def make(**plan: Any) -> Shop:
        defaults: dict[str, Any] = {
            "imap_port": dovecot.ports.imaps,
            "smtp_port": postfix.open_port,
            "ca_file": dovecot.ca_file,
            "inbound": HASTY_INBOUND,
            "outbound": HASTY_OUTBOUND,
        }
        shop = Shop(dovecot, postfix, Plan(**(defaults | plan)))
        made.append(shop)
        return shop.make()

    yield make
    for shop in made:
        shop.close()
