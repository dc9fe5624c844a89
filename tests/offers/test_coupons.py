"""Codes are given once: from a pool in the sequence of the file, or drawn by a pattern."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import InputError
from mailer.model import Coupon, open_alarms
from mailer.offers.coupons import Code, CouponTerms, Stock, drawn, give_coupon, import_codes, read_codes, stocks
from mailer.offers_config import CouponPool
from mailer.signing import Keys
from tests import build

DAY = timedelta(days=1)
TERMS = CouponTerms({"drawn": CouponPool(pattern="VIP-########"), "pool": CouponPool(valid_for=10 * DAY)}, build.KEYS)


def give(session: Session, given_for: str, now: datetime, pool: str = "pool") -> Coupon | None:
    return give_coupon(session, pool, given_for=given_for, address="Ana@Customer.test", terms=TERMS, now=now)


def codes(*names: str) -> list[Code]:
    return [Code(name) for name in names]


def test_a_pool_gives_its_codes_in_sequence_and_each_once(session: Session, now: datetime) -> None:
    assert import_codes(session, "pool", codes("AAA", "BBB"), now=now) == 2
    first, second = give(session, "vip:1", now), give(session, "vip:2", now)
    assert first is not None and second is not None
    assert (first.code, second.code) == ("AAA", "BBB")
    assert (first.address, first.given_at, first.expires_at) == ("ana@customer.test", now, now + 10 * DAY)
    again = give(session, "vip:1", now + DAY)
    assert again is not None
    assert (again.code, again.expires_at) == ("AAA", now + 10 * DAY), "asking again gives the same code"


def test_an_empty_pool_gives_none_and_says_so_until_codes_come(session: Session, now: datetime) -> None:
    assert give(session, "vip:1", now) is None
    assert [(one.kind, one.subject) for one in open_alarms(session)] == [("coupons", "pool")]
    assert "mailer coupons import pool" in open_alarms(session)[0].words
    import_codes(session, "pool", codes("AAA"), now=now)
    assert open_alarms(session) == []
    found = give(session, "vip:1", now)
    assert found is not None
    assert found.code == "AAA"


def test_expired_codes_are_neither_imported_nor_given(session: Session, now: datetime) -> None:
    told = [Code("OLD", now - DAY), Code("SHORT", now + DAY), Code("LONG", now + 9 * DAY)]
    assert import_codes(session, "pool", told, now=now) == 2
    found = give(session, "vip:1", now + 2 * DAY)
    assert found is not None
    assert (found.code, found.expires_at) == ("LONG", now + 9 * DAY), "a code keeps its own day"
    assert stocks(session, now=now + 2 * DAY) == [Stock("pool", free=0, given=1, expired=1)]


def test_importing_again_brings_only_what_is_new(session: Session, now: datetime) -> None:
    import_codes(session, "pool", codes("AAA", "BBB"), now=now)
    give(session, "vip:1", now)
    assert import_codes(session, "pool", codes("AAA", "BBB", "CCC"), now=now) == 1
    assert stocks(session, now=now) == [Stock("pool", free=2, given=1, expired=0)]


def test_a_pattern_draws_a_code_that_only_our_keys_know(session: Session, now: datetime) -> None:
    one, other = give(session, "vip:1", now, "drawn"), give(session, "vip:2", now, "drawn")
    assert one is not None and other is not None
    assert one.code.startswith("VIP-")
    assert len(one.code) == len("VIP-########")
    assert not set(one.code[4:]) & set("01OIL")
    assert one.code != other.code
    assert give(session, "vip:1", now, "drawn") == one
    assert one.expires_at == now + 30 * DAY
    assert drawn("VIP-########", Keys((b"x" * 32,)), "drawn:vip:1:0") != one.code


def test_a_drawn_code_that_is_taken_is_drawn_again(session: Session, now: datetime) -> None:
    taken = drawn("VIP-########", build.KEYS, "drawn:vip:1:0")
    import_codes(session, "pool", codes(taken), now=now)
    found = give(session, "vip:1", now, "drawn")
    assert found is not None
    assert found.code == drawn("VIP-########", build.KEYS, "drawn:vip:1:1")


def test_many_workers_never_give_one_code_twice(db: Database, now: datetime) -> None:
    db.run_here(import_codes, "pool", codes(*(f"C{number:03}" for number in range(30))), now=now)
    with ThreadPoolExecutor(4) as workers:
        gifts = range(40)
        list(workers.map(lambda number: db.run_here(give, f"vip:{number % 20}", now), gifts))
    with Session(db.engine) as session:
        given = session.exec(select(Coupon).where(Coupon.given_for != None)).all()  # noqa: E711
    assert len({one.code for one in given}) == len(given) == 20


def test_a_file_of_codes_is_read_with_every_mistake_at_once(now: datetime) -> None:
    lines = ["code,expires_at", "AAA,2027-01-31T23:59:59+01:00", "BBB,", "B B,", "CCC,tomorrow", "AAA,"]
    with pytest.raises(InputError) as caught:
        read_codes(lines)
    assert [one.split(":")[0] for one in caught.value.problems] == ["line 4", "line 5", "line 6"]
    good = read_codes(lines[:3])
    assert [(one.code, one.expires_at is None) for one in good] == [("AAA", False), ("BBB", True)]
    with pytest.raises(InputError, match="no column `code`"):
        read_codes(["codes", "AAA"])
