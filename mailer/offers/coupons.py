"""Codes of coupons: imported into a pool, or drawn by a pattern that the shop accepts; each is given once."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from mailer.config import Settings
from mailer.db import insert_once
from mailer.errors import InputError
from mailer.model import Coupon, raise_alarm, settle_alarm
from mailer.offers_config import CouponPool
from mailer.signing import Keys

ALARM = "coupons"
_CODE = re.compile(r"[!-~]{3,64}")
_PURPOSE = "coupon"
# Nothing that people read as something else: no 0, O, 1, I or L.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
# So many codes may be taken before we believe that the pattern is too small.
_DRAWS = 50


@dataclass(frozen=True)
class CouponTerms:
    """The pools of config.toml, and the keys by which codes are drawn."""

    pools: Mapping[str, CouponPool]
    keys: Keys

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As [offers.coupons] says."""
        return cls(settings.offers.coupons, keys)


@dataclass(frozen=True)
class Code:
    """One line of a file of codes."""

    code: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Stock:
    """How a pool stands."""

    pool: str
    free: int
    given: int
    expired: int


def give_coupon(
    session: Session, pool: str, *, given_for: str, address: str, terms: CouponTerms, now: datetime
) -> Coupon | None:
    """The code of this gift: the same one each time it is asked for. None, and an alarm, when the pool has no more.

    `given_for` is the business key of what gives it, as in "compensation:17".
    """
    known = session.exec(select(Coupon).where(Coupon.given_for == given_for)).first()
    if known is not None:
        return known
    config = terms.pools.get(pool, CouponPool())
    if config.pattern:
        return _draw(session, pool, config, given_for=given_for, address=address, keys=terms.keys, now=now)
    return _claim(session, pool, config, given_for=given_for, address=address, now=now)


def read_codes(lines: Iterable[str]) -> list[Code]:
    """The codes of a CSV file with a column `code`, and `expires_at` if they end. Raises InputError, all mistakes."""
    table = csv.DictReader(lines)
    if "code" not in (table.fieldnames or ()):
        raise InputError("coupons", ["line 1: there is no column `code`; name the columns in the first line"])
    found: dict[str, Code] = {}
    problems = list[str]()
    for number, row in enumerate(table, 2):
        try:
            code = _code(row)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        if code.code in found:
            problems.append(f"line {number}: {code.code} stands there twice; take one of them out")
        found[code.code] = code
    if problems:
        raise InputError("coupons", problems)
    return list(found.values())


def import_codes(session: Session, pool: str, codes: Iterable[Code], *, now: datetime) -> int:
    """Put codes into a pool, the first of the file to be given first; how many were new."""
    rows = (
        Coupon(pool=pool, code=one.code, expires_at=one.expires_at, imported_at=now)
        for one in codes
        if one.expires_at is None or one.expires_at > now
    )
    new = sum(insert_once(session, row) for row in rows)
    if new:
        settle_alarm(session, ALARM, pool, now)
    return new


def stocks(session: Session, *, now: datetime) -> list[Stock]:
    """How many codes of each pool are free, given, and expired before anybody got them."""
    given = col(Coupon.given_at).is_not(None)
    over = ~given & (col(Coupon.expires_at) <= now)
    counted = select(Coupon.pool, func.count(), func.count().filter(given), func.count().filter(over)).group_by(
        Coupon.pool
    )
    rows = session.exec(counted.order_by(Coupon.pool)).all()
    return [Stock(pool, count - used - late, used, late) for pool, count, used, late in rows]


def _claim(
    session: Session, pool: str, config: CouponPool, *, given_for: str, address: str, now: datetime
) -> Coupon | None:
    while (coupon_id := _next_free(session, pool, now)) is not None:
        mine = update(Coupon).where(col(Coupon.id) == coupon_id, col(Coupon.given_at).is_(None))
        ends = func.coalesce(Coupon.expires_at, now + config.valid_for)
        given = mine.values(given_for=given_for, address=address.lower(), given_at=now, expires_at=ends)
        try:
            with session.begin_nested():
                changed = session.exec(given.execution_options(synchronize_session=False)).rowcount
        except IntegrityError:
            # Another worker gave for the same key at this moment: that one counts.
            return session.exec(select(Coupon).where(Coupon.given_for == given_for)).one()
        if changed:
            found = select(Coupon).where(Coupon.id == coupon_id).execution_options(populate_existing=True)
            return session.exec(found).one()
    words = f"no code is left; bring new ones: mailer coupons import {pool} FILE.csv"
    raise_alarm(session, ALARM, pool, words, now)
    return None


def _next_free(session: Session, pool: str, now: datetime) -> int | None:
    good = or_(col(Coupon.expires_at).is_(None), col(Coupon.expires_at) > now)
    free = select(Coupon.id).where(Coupon.pool == pool, col(Coupon.given_at).is_(None), good)
    return session.exec(free.order_by(col(Coupon.id)).limit(1).with_for_update(skip_locked=True)).first()


def _draw(
    session: Session, pool: str, config: CouponPool, *, given_for: str, address: str, keys: Keys, now: datetime
) -> Coupon | None:
    mine = select(Coupon).where(Coupon.given_for == given_for)
    for number in range(_DRAWS):
        code = drawn(config.pattern, keys, f"{pool}:{given_for}:{number}")
        row = Coupon(
            pool=pool,
            code=code,
            given_for=given_for,
            address=address.lower(),
            given_at=now,
            expires_at=now + config.valid_for,
            imported_at=now,
        )
        if insert_once(session, row) or session.exec(mine).first():
            return session.exec(mine).one()
    words = f'nearly every code of "{config.pattern}" is given; write a longer pattern under [offers.coupons.{pool}]'
    raise_alarm(session, ALARM, pool, words, now)
    return None


def drawn(pattern: str, keys: Keys, text: str) -> str:
    """The pattern with a letter or digit for each `#`, which only our keys can tell in advance."""
    letters = _letters(keys, text)
    return "".join(next(letters) if one == "#" else one for one in pattern)


def _letters(keys: Keys, text: str) -> Iterator[str]:
    for part in range(1_000):
        # A base32 letter stands for five bits; one of the 32 is left out.
        for letter in keys.sign(_PURPOSE, f"{text}:{part}"):
            place = "abcdefghijklmnopqrstuvwxyz234567".index(letter)
            if place < len(_LETTERS):
                yield _LETTERS[place]


def _code(row: Mapping[str, str | None]) -> Code:
    text = (row.get("code") or "").strip()
    if not _CODE.fullmatch(text):
        raise ValueError(f'"{text}" is no code; write 3 to 64 letters and digits without blanks')
    ends = (row.get("expires_at") or "").strip()
    if not ends:
        return Code(text)
    try:
        moment = datetime.fromisoformat(ends)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f'"{ends}" is no moment with a zone; write it as in 2027-01-31T23:59:59+01:00')
    return Code(text, moment)
