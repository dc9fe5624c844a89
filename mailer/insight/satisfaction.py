"""How content are customers? Ratings by question, with how many answered and how many answers look like a robot's."""

from collections import defaultdict
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.insight.chosen import of_orders, within
from mailer.insight.sheet import FEW, Cell, Column, Filters, Sheet, share
from mailer.model import Enrollment, FlowStep, Order, Rating, Review
from mailer.wording import N_

_QUESTIONS = {
    "satisfaction": "satisfaction (1 to 5)",
    "recommend": "recommendation (0 to 10)",
    "arrived": "arrived well",
}
_ASKED_BY = {
    "satisfaction": ("satisfaction_survey", "service_survey"),
    "arrived": ("delivered_check",),
    "review": ("review_invitation",),
}


def by_question(session: Session, filters: Filters) -> Sheet:
    """Each question: asked, answered, the score."""
    values: dict[str, list[int]] = defaultdict(list)
    robots: dict[str, int] = defaultdict(int)
    for question, value, suspected in session.exec(_ratings(filters)).all():
        if suspected:
            robots[question] += 1
        else:
            values[question].append(value)
    asked = _asked(session, filters)
    return Sheet(
        "satisfaction",
        N_("What customers say"),
        N_(
            "Answers of these days; those that look like a robot's are counted apart and in no score. Satisfied:"
            " 4 or 5 of 5, or yes. NPS: the share of 9 and 10 less the share of 0 to 6, from -100 to 100."
            " Response: answers for each mail that asked in these days. Fewer than five answers have no score."
        ),
        [
            Column(N_("Question")),
            Column(N_("Asked"), "count"),
            Column(N_("Answers"), "count"),
            Column(N_("Response"), "share"),
            Column(N_("Mean"), "number"),
            Column(N_("Satisfied"), "share"),
            Column(N_("NPS"), "number"),
            Column(N_("Suspected robots"), "count"),
        ],
        [_row(question, asked[question], values[question], robots[question]) for question in _QUESTIONS],
    )


def _row(question: str, asked: int, values: list[int], robots: int) -> list[Cell]:
    enough = len(values) >= FEW
    mean = sum(values) / len(values) if enough else None
    good = {"satisfaction": 4, "arrived": 1}.get(question)
    satisfied = share(sum(value >= good for value in values), len(values)) if enough and good is not None else None
    score = promoters(values) if enough and question == "recommend" else None
    response = share(len(values), asked)
    return [_QUESTIONS[question], asked, len(values), response, mean, satisfied, score, robots]


def promoters(values: list[int]) -> float:
    """The net promoter score of answers from 0 to 10."""
    return 100 * (sum(value >= 9 for value in values) - sum(value <= 6 for value in values)) / len(values)


def by_week(session: Session, filters: Filters) -> Sheet:
    """The mean of satisfaction, week by week."""
    found: dict[str, list[int]] = defaultdict(list)
    query = select(Rating.rated_at, Rating.value).where(
        Rating.question == "satisfaction", col(Rating.suspected_robot).is_(False)
    )
    for at, value in session.exec(_of_theirs(within(query, col(Rating.rated_at), filters), filters)).all():
        year, week, _ = filters.day_of(at).isocalendar()
        found[f"{year}-W{week:02}"].append(value)
    return Sheet(
        "satisfaction-weeks",
        N_("Satisfaction by week"),
        N_("The mean of the answers from 1 to 5 in each calendar week (ISO 8601), suspected robots left out."),
        [Column(N_("Week")), Column(N_("Answers"), "count"), Column(N_("Mean"), "number")],
        [[week, len(values), sum(values) / len(values)] for week, values in sorted(found.items())],
        chart="lines",
        drawn=("Mean",),
    )


def reviews(session: Session, filters: Filters) -> Sheet:
    """Stars and fit by product."""
    query = select(Review.product, Review.stars, Review.fit).join(Order, col(Order.id) == Review.order_id)
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for product, stars, fit in session.exec(of_orders(within(query, col(Review.written_at), filters), filters)).all():
        found[product or "not named"].append((stars, fit))
    return Sheet(
        "reviews",
        N_("Reviews and fit by product"),
        N_("Reviews written in these days. Runs small and runs large: of those that said how it fits."),
        [
            Column(N_("Product")),
            Column(N_("Reviews"), "count"),
            Column(N_("Stars"), "number"),
            Column(N_("Runs small"), "share"),
            Column(N_("Runs large"), "share"),
            Column(N_("Say how it fits"), "count"),
        ],
        [_review_row(product, said) for product, said in sorted(found.items(), key=lambda one: -len(one[1]))],
    )


def _review_row(product: str, said: list[tuple[int, str]]) -> list[Cell]:
    fits = [fit for _, fit in said if fit]
    mean = sum(stars for stars, _ in said) / len(said)
    small, large = share(fits.count("small"), len(fits)), share(fits.count("large"), len(fits))
    return [product, len(said), mean, small, large, len(fits)]


def _ratings(filters: Filters) -> Any:
    query = select(Rating.question, Rating.value, Rating.suspected_robot)
    return _of_theirs(within(query, col(Rating.rated_at), filters), filters)


def _of_theirs(query: Any, filters: Filters) -> Any:
    if not (filters.country or filters.language or filters.storefront):
        return query
    return of_orders(query.join(Order, col(Order.id) == Rating.order_id), filters)


def _asked(session: Session, filters: Filters) -> dict[str, int]:
    query = select(Enrollment.flow, func.count()).select_from(FlowStep)
    query = query.join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
    query = within(query, col(FlowStep.sent_at), filters).group_by(col(Enrollment.flow))
    sent: dict[str, int] = dict(session.exec(query).all())
    found: dict[str, int] = defaultdict(int)
    for question, flows in _ASKED_BY.items():
        found[question] = sum(sent.get(flow, 0) for flow in flows)
    return found
