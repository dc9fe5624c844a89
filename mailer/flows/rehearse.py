"""What a flow would do once it is in service: for who is in it already, and for who would have come in last week."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from mailer.flows.coming import coming
from mailer.flows.definition import Case, Flow
from mailer.flows.forward import Prospect, prospect
from mailer.flows.own_tests import Patience, TookTooLong
from mailer.flows.past import case_of, read_past
from mailer.flows.simulate import Line, ShopTerms, simulate
from mailer.flows.terms import Terms
from mailer.model import Enrollment, EnrollmentState, Event, Order

_WEEK = timedelta(days=7)
# So many orders are moved through the flow; the numbers of more are taken in proportion.
_MOST = 150


@dataclass(frozen=True)
class Rehearsal:
    """What a publish would mean, counted before it happens."""

    inside: int = 0
    # Mails of the next seven days to those who are in it.
    coming: int = 0
    # Whose wait was made shorter.
    forward: Prospect = field(default_factory=Prospect)
    cases: Sequence[Case] = ()
    events: int = 0


@dataclass(frozen=True)
class LastWeek:
    """What the flow would have done in the seven days before: orders looked at, let in, refused by reason, mails."""

    events: int
    looked_at: int
    let_in: int
    mails: int
    refused: Sequence[tuple[str, int]] = field(default=())

    @property
    def is_sample(self) -> bool:
        """Whether only a part was looked at."""
        return self.looked_at < self.events


def rehearse(session: Session, before: Flow | None, after: Flow, terms: Terms, *, now: datetime) -> Rehearsal:
    """Count, and gather the orders whose last week is to be played with `play` outside of a transaction."""
    inside = select(func.count()).where(
        Enrollment.flow == after.id, col(Enrollment.state).in_([EnrollmentState.ACTIVE, EnrollmentState.PAUSED])
    )
    forward = prospect(session, before, after, terms, now=now) if before else Prospect()
    recent, cases = _recent(session, after, terms, now)
    due = sum(1 for _ in coming(session, {after.id: after}, terms, only=after.id, now=now))
    return Rehearsal(int(session.exec(inside).one()), due + _woken(session, after), forward, cases, recent)


def play(after: Flow, rehearsal: Rehearsal, terms: Terms, *, now: datetime) -> LastWeek:
    """Move last week's orders through the flow; pure."""
    shop = ShopTerms(terms.country, terms.zone, terms.calendar)
    stories = list(_stories(after, rehearsal.cases, shop))
    lines = [line for story in stories for line in story if now - _WEEK < line.at <= now]
    let_in = sum(any(line.what == "enter" for line in story) for story in stories)
    refused = Counter(line.reason for line in lines if line.what == "refuse")
    mails = sum(line.what == "send" for line in lines)
    if stories:
        mails = round(mails * rehearsal.events / len(stories))
        let_in = round(let_in * rehearsal.events / len(stories))
    return LastWeek(rehearsal.events, len(stories), let_in, mails, refused.most_common(5))


def _stories(after: Flow, cases: Sequence[Case], shop: ShopTerms) -> Iterator[list[Line]]:
    """As many as there is time for."""
    patience = Patience()
    for case in cases:
        try:
            yield simulate(after, case, shop, days=60, tick=patience.tick)
        except TookTooLong:
            return


def _woken(session: Session, flow: Flow) -> int:
    """Who waits only because the flow was a draft goes on at once."""
    wanted = select(func.count()).where(
        Enrollment.flow == flow.id,
        Enrollment.state == EnrollmentState.PAUSED,
        col(Enrollment.reason) == "the flow is a draft",
    )
    return int(session.exec(wanted).one()) if flow.status != "draft" else 0


def _recent(session: Session, flow: Flow, terms: Terms, now: datetime) -> tuple[int, list[Case]]:
    """The orders of last week that something happened to which lets subjects in."""
    fallback = flow.trigger.fallback
    reach = max(fallback.wait.home.span, fallback.wait.abroad.span) if fallback else timedelta()
    kinds = [flow.trigger.event, *([fallback.event] if fallback else [])]
    since = now - _WEEK - reach
    wanted = select(Event.order_id).where(
        col(Event.kind).in_(kinds), col(Event.occurred_at) > since, col(Event.order_id).is_not(None)
    )
    numbers = list(dict.fromkeys(session.exec(wanted.order_by(col(Event.id).desc()).limit(5_000)).all()))
    orders = session.exec(select(Order).where(col(Order.id).in_(numbers[:_MOST]))).all()
    flows = {flow.id: flow}
    cases = [case_of(session, read_past(session, one, flows, terms, now=now), flow, terms) for one in orders]
    return len(numbers), cases
