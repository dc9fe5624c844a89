"""Two texts of one template, each for its share of the mails, compared on a measure that was chosen at the start (A/B).

Who gets which is worked out from the conversation or the subject of the passage (`published.Challenger`), and what a
mail was made from stands in its row, so the figures can be counted at any time. Opens are not tracked.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    Comparison,
    Delivery,
    DeliveryState,
    Direction,
    Draft,
    DraftState,
    Enrollment,
    FlowStep,
    Measure,
    Message,
    Rating,
    Review,
    Route,
    Suppression,
    SuppressionCause,
    TemplateRevision,
    TemplateState,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.interval import Arm, Difference
from mailer.rendering.names import parse_name
from mailer.rendering.revision import (
    Verdict,
    admitted,
    factory_text,
    lock_service,
    next_number,
    published_revision,
    put_into_service,
    raise_edition,
    text_hash,
)

OF_REPLIES = (Measure.APPROVED_UNCHANGED, Measure.NO_RECONTACT)
OF_FLOWS = (Measure.RATED, Measure.ANSWERED_NO, Measure.WAY_OUT)
# Of these, fewer is better.
FEWER_IS_BETTER = (Measure.ANSWERED_NO, Measure.WAY_OUT)
# So long a customer has to write again, or to answer, before a mail is counted.
RECONTACT = timedelta(hours=72)
Winner = Literal["challenger", "control", ""]


def measures(name: str) -> tuple[Measure, ...]:
    """On what texts of this template can be compared; nothing for what is no mail by itself."""
    return {"replies": OF_REPLIES, "lifecycle": OF_FLOWS}.get(parse_name(name).use, ())


def start_comparison(
    session: Session,
    revision_id: int,
    *,
    sha256: str,
    verdict: Verdict,
    share: int,
    measure: Measure,
    catalog: Catalog,
    agent_id: int,
    now: datetime,
    confirm: bool = False,
) -> Comparison:
    """Let a share of the mails be made from this draft, beside the text in service. Raises as `publish` does."""
    lock_service(session)
    draft = admitted(session, revision_id, sha256, verdict, confirm=confirm)
    problems = [] if 1 <= share <= 50 else ["share: choose 1 to 50 percent"]
    problems += [] if measure in measures(draft.name) else [f"measure: {measure} cannot be counted for such a template"]
    known, file = published_revision(session, draft.name), factory_text(catalog, draft.name)
    control = known.sha256 if known else text_hash(file) if file is not None else ""
    problems += [] if control else ["there is nothing in service to compare it with; publish it"]
    problems += ["it is the text in service"] if control == draft.sha256 else []
    if problems:
        raise InputError(f"templates/{draft.name}", problems)
    draft.state, draft.number, draft.updated_at = TemplateState.COMPARED, next_number(session, draft.name), now
    draft.confirmed, draft.published_by, draft.published_at = list(verdict.warnings), agent_id, now
    begun = Comparison(
        name=draft.name,
        control_id=known.id if known else None,
        control_sha256=control,
        challenger_id=draft.id or 0,
        challenger_sha256=draft.sha256,
        share=share,
        measure=measure,
        started_by=agent_id,
        started_at=now,
    )
    session.add(begun)
    raise_edition(session)
    return begun


def end_comparison(session: Session, comparison_id: int, *, winner: Winner, agent_id: int, now: datetime) -> Comparison:
    """Put one of the texts into service for everybody, or stop without saying which. What lies in the outbox goes.

    Raises Conflict when it has ended already.
    """
    lock_service(session)
    wanted = select(Comparison).where(Comparison.id == comparison_id).with_for_update()
    running = session.exec(wanted).first()
    if running is None:
        raise NotFound(f"there is no comparison {comparison_id}")
    if running.ended_at is not None:
        raise Conflict("this comparison has ended already")
    running.result, running.winner = told(figures(session, running, now=now)), winner
    running.ended_at, running.ended_by = now, agent_id
    challenger = session.get_one(TemplateRevision, running.challenger_id)
    if winner == "challenger":
        put_into_service(session, challenger, agent_id=agent_id, now=now)
        return running
    challenger.state, challenger.retired_at, challenger.retired_by = TemplateState.RETIRED, now, agent_id
    challenger.reason = "the other text won the comparison" if winner else "the comparison was stopped"
    challenger.updated_at = now
    raise_edition(session)
    return running


def figures(session: Session, comparison: Comparison, *, now: datetime) -> Difference:
    """How both texts did until now."""
    end = comparison.ended_at or now
    control = _arm(session, comparison, comparison.control_sha256, end)
    return Difference(control, _arm(session, comparison, comparison.challenger_sha256, end))


def told(difference: Difference) -> dict[str, object]:
    """The figures as they are kept."""
    low, high = difference.interval
    return {
        **asdict(difference),
        "difference": difference.value,
        "low": low,
        "high": high,
        "tells": difference.can_tell,
    }


def comparisons(session: Session, name: str) -> list[Comparison]:
    """All of one template, the newest first."""
    wanted = select(Comparison).where(Comparison.name == name)
    return list(session.exec(wanted.order_by(col(Comparison.id).desc())))


def _arm(session: Session, comparison: Comparison, sha256: str, end: datetime) -> Arm:
    if comparison.measure == Measure.APPROVED_UNCHANGED:
        return _approved_unchanged(session, comparison, sha256, end)
    if comparison.measure == Measure.NO_RECONTACT:
        return _no_recontact(session, comparison, sha256, end)
    return _after_flow_mail(session, comparison, sha256, end)


def _approved_unchanged(session: Session, comparison: Comparison, sha256: str, end: datetime) -> Arm:
    """Of those on which a person decided."""
    decided = col(Draft.state).in_([DraftState.APPROVED, DraftState.DISMISSED])
    wanted = select(Draft.state, Draft.written_by, col(Draft.text) == col(Draft.drafted)).where(
        *_drafts_from(comparison, sha256, end), decided
    )
    found = session.exec(wanted).all()
    as_they_were = [state for state, by, same in found if state == DraftState.APPROVED and same and by is None]
    return Arm(len(as_they_were), len(found))


def _no_recontact(session: Session, comparison: Comparison, sha256: str, end: datetime) -> Arm:
    """Of those that were sent 72 hours ago; what machines write is no word of the customer."""
    sent = (
        select(Draft.conversation_id, Delivery.settled_at)
        .join(Delivery, col(Delivery.draft_id) == col(Draft.id))
        .where(
            *_drafts_from(comparison, sha256, end),
            Delivery.state == DeliveryState.SENT,
            col(Delivery.settled_at) <= end - RECONTACT,
        )
    )
    mails = [(talk, at) for talk, at in session.exec(sent) if at is not None]
    written = select(Message.conversation_id, Message.received_at).where(
        Message.direction == Direction.IN,
        Message.route == Route.TRIAGE,
        Message.received_at > comparison.started_at,
        col(Message.conversation_id).in_(sent.with_only_columns(col(Draft.conversation_id))),
    )
    words: dict[int, list[datetime]] = {}
    for talk, at in session.exec(written):
        words.setdefault(talk, []).append(at)
    quiet = [talk for talk, at in mails if not any(at < one <= at + RECONTACT for one in words.get(talk, ()))]
    return Arm(len(quiet), len(mails))


def _after_flow_mail(session: Session, comparison: Comparison, sha256: str, end: datetime) -> Arm:
    """Of the mails that were sent three days ago."""
    of = (
        select(func.count())
        .select_from(FlowStep)
        .join(Enrollment, col(Enrollment.id) == col(FlowStep.enrollment_id))
        .where(
            FlowStep.decided_at >= comparison.started_at,
            col(FlowStep.sent_at) <= end - RECONTACT,
            col(FlowStep.made_from)[comparison.name].as_string() == sha256,
        )
    )
    return Arm(session.exec(of.where(_came_of_it(comparison.measure))).one(), session.exec(of).one())


def _came_of_it(measure: Measure) -> ColumnElement[bool]:
    """What customers did after a mail of a flow."""
    rated = select(Rating.id).where(
        Rating.enrollment_id == FlowStep.enrollment_id, col(Rating.suspected_robot).is_(False)
    )
    reviewed = select(Review.id).where(Review.enrollment_id == FlowStep.enrollment_id)
    no = or_(
        and_(col(Rating.question) == "arrived", col(Rating.value) == 0),
        and_(col(Rating.question) == "satisfaction", col(Rating.value) <= 2),
    )
    left = select(Suppression.id).where(
        Suppression.address == Enrollment.address,
        Suppression.cause == SuppressionCause.OPT_OUT,
        col(Suppression.since) >= col(FlowStep.sent_at),
    )
    if measure == Measure.RATED:
        return or_(rated.exists(), reviewed.exists())
    return rated.where(no).exists() if measure == Measure.ANSWERED_NO else left.exists()


def _drafts_from(comparison: Comparison, sha256: str, end: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Draft.created_at) >= comparison.started_at,
        col(Draft.created_at) <= end,
        col(Draft.made_from)[comparison.name].as_string() == sha256,
    )
