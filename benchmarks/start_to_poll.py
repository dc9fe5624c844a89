"""How long from the start of `mailer run`, console and all, until it has looked into its mailbox."""

import time

from _stage import stage

from tests.rigs.shop import Shop

STARTS = 5


def main() -> None:
    with stage() as shop:
        for number in range(1, STARTS + 1):
            began = time.monotonic()
            _start(shop)
            seconds = time.monotonic() - began
            code, ending = shop.daemon.terminate()
            print(f"start {number}: {seconds:.2f} s to the first poll; SIGTERM: {ending:.2f} s, exit code {code}")


def _start(shop: Shop) -> None:
    before = shop.last_poll()
    shop.daemon.start()
    shop.wait(lambda: shop.last_poll() != before, within=60, what="the first poll", every=0.005)


main()
