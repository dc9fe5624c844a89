"""How long from a mail's delivery into the mailbox until its draft can be seen: one by one, and in bursts."""

import random
import time

from _stage import spread, stage

from tests.rigs.letters import Letter, letter
from tests.rigs.shop import Shop

ALONE, BURSTS, BURST = 40, 4, 15


def main() -> None:
    chance = random.Random(1)
    with stage() as shop:
        names = [f"ana{i}x" for i in range(ALONE + BURSTS * BURST)]
        shop.import_orders(*(shop.order(f"#{2001 + i}", name) for i, name in enumerate(names)))
        shop.run()
        letters = [letter(shop.customer(name), text=f"Where is my order #{2001 + i}?") for i, name in enumerate(names)]
        print(spread("one by one", [_one(shop, one, chance) for one in letters[:ALONE]]))
        bursts = [letters[ALONE + i * BURST : ALONE + (i + 1) * BURST] for i in range(BURSTS)]
        print(spread("in bursts", [seconds for burst in bursts for seconds in _burst(shop, burst, chance)]))


def _one(shop: Shop, one: Letter, chance: random.Random) -> float:
    time.sleep(chance.uniform(0.1, 1))
    return _burst(shop, [one], chance)[0]


def _burst(shop: Shop, letters: list[Letter], chance: random.Random) -> list[float]:
    """Hand mails in with gaps of up to a quarter of a second; the wait of each until its draft is there."""
    waiting: dict[str, float] = {}
    seconds = []
    due = list(letters)
    next_at = time.monotonic()
    while due or waiting:
        if due and time.monotonic() >= next_at:
            one = due.pop(0)
            shop.dovecot.deliver(shop.mailbox, one)
            waiting[one.message_id] = time.monotonic()
            next_at = time.monotonic() + chance.uniform(0, 0.25)
        for message_id in _drafted(shop) & set(waiting):
            seconds.append(time.monotonic() - waiting.pop(message_id))
        time.sleep(0.005)
    return seconds


def _drafted(shop: Shop) -> set[str]:
    query = "SELECT internet_message_id FROM message JOIN draft ON draft.answers_id = message.id"
    return {message_id for (message_id,) in shop.rows(query)}


main()
