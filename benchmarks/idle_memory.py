"""How much memory `mailer run` with its console holds at rest: fresh, after a page, after a hundred mails."""

import time
import urllib.request

from _stage import stage

from tests.rigs.letters import letter
from tests.rigs.machine import group
from tests.rigs.shop import Shop

IDLE_SECONDS, MAILS = 10, 100


def main() -> None:
    with stage() as shop:
        shop.import_orders(*(shop.order(f"#{2001 + i}", f"ana{i}x") for i in range(MAILS)))
        shop.daemon.start()
        shop.wait(shop.last_poll, within=60, what="the first poll")
        _measure(shop, "fresh")
        urllib.request.urlopen(f"http://127.0.0.1:{shop.console_port}/", timeout=10).read()
        _measure(shop, "after a page of the console")
        shop.dovecot.deliver(
            shop.mailbox,
            *(letter(shop.customer(f"ana{i}x"), text=f"Where is my order #{2001 + i}?") for i in range(MAILS)),
        )
        shop.wait(lambda: len(shop.pending()) == MAILS, within=120, what="all drafts")
        _measure(shop, f"after {MAILS} mails")
        _cpu(shop)


def _measure(shop: Shop, name: str) -> None:
    time.sleep(IDLE_SECONDS)
    processes = len(group(shop.daemon.pid))
    print(f"{name}: {shop.daemon.megabytes():.0f} MB resident in {processes} process(es)")


def _cpu(shop: Shop) -> None:
    before = shop.daemon.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    print(f"idle: {(shop.daemon.cpu_seconds() - before) / IDLE_SECONDS:.2%} CPU")


main()
