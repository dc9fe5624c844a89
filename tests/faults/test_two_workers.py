"""Two `mailer run` on one PostgreSQL and one mailbox: each mail once, each reply once, and one may die."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from tests.faults.verdict import every_approval_once, every_mail_once, every_reply_once
from tests.rigs.fixtures import ShopMaker
from tests.rigs.letters import letter
from tests.rigs.shop import Shop

pytestmark = pytest.mark.faults

MAILS = 100


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """An empty database of its own on the tests' PostgreSQL."""
    name = f"pair_{os.getpid()}"
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_url.replace("/postgres?", f"/{name}?")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def test_two_workers_share_a_mailbox_and_one_is_killed_midway(make_shop: ShopMaker, database: str) -> None:
    shop = make_shop(database=database)
    shop.import_orders(*(shop.order(f"#{2001 + i}", f"ana{i}x") for i in range(MAILS)))
    other = shop.another_daemon()
    shop.run()
    other.start("--no-web")
    mails = [
        letter(shop.customer(f"ana{i}x"), text=f"Hello,\n\nwhere is my order #{2001 + i}?\n") for i in range(MAILS)
    ]
    shop.dovecot.deliver(shop.mailbox, *mails[: MAILS // 2])
    _answered(shop, at_least=MAILS // 4)
    # It watches the mailbox, so the other must take that over as well.
    shop.daemon.kill()
    shop.dovecot.deliver(shop.mailbox, *mails[MAILS // 2 :])
    _answered(shop, at_least=MAILS)
    assert other.exit_code is None, other.log()
    every_mail_once(shop, expected=MAILS)
    every_approval_once(shop)
    outcome = every_reply_once(shop)
    assert outcome["sent"] + outcome["unknown"] == MAILS
    assert outcome["unknown"] <= 2, "at most one for each connection of the killed worker"
    shop.run()
    code, _ = other.terminate()
    assert code == 0, other.log()


def _answered(shop: Shop, *, at_least: int) -> None:
    def enough() -> bool:
        shop.approve_all()
        states = shop.states()
        return states.get("sent", 0) + states.get("unknown", 0) >= at_least

    shop.wait(enough, within=120, what=f"{at_least} replies are settled", every=0.1)
