"""The shop's cap on automatic mails: no hour has more of them, whatever the flows would send."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from mailer.db import insert_once
from mailer.model import Pace

_SUBJECT, _QUEUE = "flows", "flows waiting"
_HOUR = timedelta(hours=1)
# An eighth of an hour's mails may go at once, the others evenly, so that no hour has more than all of them.
_AT_ONCE = 8


def hour_full_until(session: Session, *, per_hour: int, now: datetime) -> datetime | None:
    """Take a place in this hour; None when there was one, else the moment to ask again. 0 is no cap.

    Those who find no place are told moments one after the other, so that they do not all come at once.
    """
    if per_hour == 0:
        return None
    bucket = _locked(session, _SUBJECT, _most(per_hour), now)
    pause = _pause(per_hour)
    # A clock that went back fills nothing.
    elapsed = max(now - bucket.filled_at, timedelta())
    tokens = min(_most(per_hour), bucket.tokens + elapsed / pause)
    if tokens >= 1:
        bucket.tokens, bucket.filled_at = tokens - 1, max(now, bucket.filled_at)
        return None
    queue = _locked(session, _QUEUE, 0.0, now)
    queue.filled_at = max(queue.filled_at, now + pause * (1 - tokens)) + pause
    return queue.filled_at


def _most(per_hour: int) -> float:
    return float(max(1, per_hour // _AT_ONCE))


def _pause(per_hour: int) -> timedelta:
    return _HOUR / max(per_hour - _most(per_hour), 1.0)


def _locked(session: Session, subject: str, tokens: float, now: datetime) -> Pace:
    wanted = select(Pace).where(Pace.subject == subject).with_for_update()
    known = session.exec(wanted.execution_options(populate_existing=True)).first()
    if known is not None:
        return known
    insert_once(session, Pace(subject=subject, tokens=tokens, filled_at=now, hours={}))
    return session.exec(wanted.execution_options(populate_existing=True)).one()
