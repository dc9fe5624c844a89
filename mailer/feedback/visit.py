"""Who looked at a link: noted for telling robots apart, and nothing else."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, select

from mailer.db import insert_once
from mailer.feedback import robots
from mailer.links import Link
from mailer.model import LinkVisit
from mailer.signing import Keys, token_hash

_VALUES = {"satisfaction": frozenset("12345"), "recommend": frozenset(map(str, range(11)))}
_STARS = frozenset("12345")
_MOST_KINDS = 40


def note_visit(
    session: Session, keys: Keys, link: Link, *, method: str, headers: Mapping[str, str], value: str, now: datetime
) -> None:
    """Somebody or something looked at a link; `value` is the answer that it preselects."""
    name = token_hash(link.token(keys))
    order_id = link.subject_id if link.subject_kind == "order" else None
    fresh = LinkVisit(token_hash=name, purpose=link.purpose, order_id=order_id, first_at=now, last_at=now)
    insert_once(session, fresh)
    visit = session.exec(select(LinkVisit).where(LinkVisit.token_hash == name).with_for_update()).one()
    kind = robots.kind_of_visit(method, headers, value[:12])
    if kind in visit.seen or len(visit.seen) < _MOST_KINDS:
        visit.seen = {**visit.seen, kind: visit.seen.get(kind, 0) + 1}
    visit.last_at = now
    visit.robot = visit.robot or link.purpose == "unseen" or robots.all_fetched(visit.seen, _values_of(link))


def by_robot(session: Session, keys: Keys, link: Link, *, now: datetime) -> bool:
    """Whether the answer that comes now by this link looks like a machine's."""
    visit = session.get(LinkVisit, token_hash(link.token(keys)))
    unseen = session.get(LinkVisit, token_hash(link.unseen().token(keys)))
    return robots.suspected(
        robot_visits=visit is not None and visit.robot,
        unseen_fetched=unseen is not None,
        first_seen=visit.first_at if visit else None,
        now=now,
    )


def _values_of(link: Link) -> frozenset[str]:
    return _STARS if link.purpose == "review" else _VALUES.get(link.question, frozenset())
