"""How many mails a second are received, understood and drafted, and how many replies a second reach the relay."""

import time

from _stage import stage

from tests.rigs.letters import letter
from tests.rigs.shop import Shop

MAILS = 400


def main() -> None:
    with stage() as shop:
        shop.import_orders(*(shop.order(f"#{2001 + i}", f"ana{i}x") for i in range(MAILS)))
        shop.run()
        shop.daemon.terminate()
        mails = (letter(shop.customer(f"ana{i}x"), text=f"Where is my order #{2001 + i}?") for i in range(MAILS))
        shop.dovecot.deliver(shop.mailbox, *mails)
        shop.run()
        shop.wait(lambda: len(shop.pending()) == MAILS, within=300, what="all drafts", every=0.2)
        _print_rate(shop, "stored, received, understood and drafted", "min(stored_at) FROM raw_mail", LAST_DRAFT)
        shop.daemon.terminate()
        began = time.monotonic()
        assert shop.approve_all() == MAILS
        print(f"approved: {MAILS / (time.monotonic() - began):.0f} a second, one by one")
        shop.run()
        shop.wait(lambda: shop.states() == {"sent": MAILS}, within=300, what="all replies are sent", every=0.2)
        _print_rate(shop, "delivered", "min(started_at) FROM attempt", "max(ended_at) FROM attempt")


LAST_DRAFT = "max(created_at) FROM draft"


def _print_rate(shop: Shop, name: str, first: str, last: str) -> None:
    """Mails a second between two moments that the rows tell."""
    moments = f"julianday((SELECT {last})) - julianday((SELECT {first}))"
    seconds = shop.rows(f"SELECT ({moments}) * 86400")[0][0]
    print(f"{name}: {MAILS / seconds:.0f} a second ({MAILS} mails in {seconds:.1f} s)")


main()
