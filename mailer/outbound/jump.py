"""Did the machine's clock jump, or was an old backup put back? Then nothing leaves until a person has looked."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from mailer.calendars import in_words
from mailer.model import Direction, Hold, HoldScope, Message, Sighting, raise_alarm
from mailer.outbound.hold import MAILER, stop

LARGEST_JUMP = timedelta(seconds=60)
# What `signing.Keys.message_id` makes; nobody but us puts such a mail into our folder of sent mail.
_OURS = re.compile(r"<[a-z2-7]{26}@([^>]+)>")
_ASK = "look at the queue, then run `mailer outbox resume`"


class Jumps:
    """Compares the wall clock with one that never jumps."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._last: tuple[datetime, float] | None = None

    def since_last(self, now: datetime) -> timedelta | None:
        """By how much the clock jumped since the last question; None when by a minute or less."""
        steady, last = self._steady(), self._last
        self._last = (now, steady)
        if last is None:
            return None
        jump = (now - last[0]) - timedelta(seconds=steady - last[1])
        return jump if abs(jump) > LARGEST_JUMP else None


def stop_for_jump(session: Session, jump: timedelta, *, now: datetime) -> None:
    """Stop all sending: with a wrong clock mails would expire, or leave at the wrong time."""
    way = "forward" if jump > timedelta() else "back"
    words = f"the machine's clock jumped {way} by {in_words(jump)}"
    stop(session, by=MAILER, reason=words, now=now)
    raise_alarm(session, "clock", "sending", f"{words}, so nothing is sent; {_ASK}", now)


def stop_for_restore(session: Session, domain: str, *, now: datetime) -> int:
    """Stop all sending when mails of ours lie in Sent that our tables do not know; how many there are.

    They were sent after the backup that somebody put back: what is queued here may have gone long ago.
    """
    strangers = _unknown_sent(session, domain)
    if strangers:
        words = f"{strangers} mails of ours lie in the folder of sent mail that this database does not know"
        stop(session, by=MAILER, reason=words, now=now)
        raise_alarm(session, "restore", "sending", f"{words}: was an old backup put back? Nothing is sent; {_ASK}", now)
    return strangers


def _unknown_sent(session: Session, domain: str) -> int:
    known = select(Message.id).where(
        Message.internet_message_id == Sighting.internet_message_id, Message.direction == Direction.OUT
    )
    seen = select(Sighting.internet_message_id).where(
        col(Sighting.place).startswith("sent"), col(Sighting.seen_at) > _looked_at(session), ~known.exists()
    )
    ids = (_OURS.fullmatch(one) for one in session.exec(seen))
    return sum(found is not None and found[1] == domain for found in ids)


def _looked_at(session: Session) -> datetime:
    """When a person last said that sending may go on after such a stop; before it, all is known."""
    released = select(Hold.released_at).where(
        Hold.scope == HoldScope.ALL,
        Hold.put_by == MAILER,
        col(Hold.reason).contains("folder of sent mail"),
        col(Hold.released_at).is_not(None),
    )
    newest = session.exec(released.order_by(col(Hold.released_at).desc()).limit(1)).first()
    return newest or datetime.fromtimestamp(0, tz=UTC)
