"""Quality sampling: a share of the answers that were sent, drawn by risk, scored on a rubric by a colleague.

Whether an answer is drawn is decided by the hash of its bytes, so that nobody can foresee or repeat it to taste.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import Conflict, InputError, NotFound
from mailer.insight.chosen import ACCEPTED, of_conversations, within
from mailer.insight.sheet import Column, Filters, Sheet
from mailer.model import (
    Approval,
    Classification,
    Conversation,
    Delivery,
    Draft,
    Level,
    Message,
    QualitySample,
)
from mailer.wording import N_

# 0: missed, 1: partly, 2: fully.
RUBRIC = {
    "right": N_("It answers what was asked, all of it"),
    "true": N_("What it says is true of this order"),
    "next": N_("It says what we do next, and by when"),
    "kind": N_("It sounds as we want to: no blame, no orders"),
    "clear": N_("It is clear, and as short as it can be"),
}
_MOST_POINTS = 2
_LOOK_BACK = timedelta(days=3)
_RISKY = frozenset({"complaint_dispute", "unsubscribe_privacy", "cancel_order", "return_refund", "damaged_defective"})


@dataclass(frozen=True)
class Risk:
    """How much likelier an answer is drawn than a plain one, and why."""

    weight: float
    why: str


@dataclass(frozen=True)
class Sampled:
    """One sample with what a colleague needs to judge it."""

    sample: QualitySample
    asked: Message
    draft: Draft
    answered_by: int


def risk(intent: str, level: Level, *, written_by_person: bool, similarity: float | None) -> Risk:
    """The weight of one answer: matters of money and quarrel, unsure judgements and much changed words weigh more."""
    reasons = [
        (2.0, "a matter of money, quarrel or privacy", intent in _RISKY),
        (1.0, "its intent was unsure", level is not Level.HIGH),
        (1.0, "a person wrote it", written_by_person),
        (1.0, "much of the template was changed", similarity is not None and similarity < 0.7),
    ]
    applying = [(weight, why) for weight, why, applies in reasons if applies]
    return Risk(1.0 + sum(weight for weight, _ in applying), "; ".join(why for _, why in applying) or "by chance")


def is_drawn(sha256: str, share: float, weight: float) -> bool:
    """Whether the answer of these bytes is drawn; `share` is that of plain ones."""
    return int(sha256[:12], 16) / 16**12 < min(share * weight, 1.0)


def draw(session: Session, *, share: float, now: datetime) -> int:
    """Draw from the answers that were sent in the last days; how many are new."""
    rows = session.exec(
        select(Approval, Draft, Classification)
        .join(Draft, col(Draft.id) == Approval.draft_id)
        .join(Delivery, col(Delivery.draft_id) == Draft.id)
        .outerjoin(Classification, col(Classification.message_id) == Draft.answers_id)
        .where(
            col(Approval.undone_at).is_(None),
            Approval.sha256 != "",
            col(Delivery.state).in_(ACCEPTED),
            col(Delivery.settled_at) > now - _LOOK_BACK,
        )
    ).all()
    return sum(_take(session, approval, draft, judged, share, now) for approval, draft, judged in rows)


def _take(
    session: Session, approval: Approval, draft: Draft, judged: Classification | None, share: float, now: datetime
) -> bool:
    level = judged.level if judged else Level.LOW
    found = risk(
        judged.intent if judged else "",
        level,
        written_by_person=draft.written_by is not None,
        similarity=approval.similarity,
    )
    if not is_drawn(approval.sha256, share, found.weight):
        return False
    made = QualitySample(approval_id=approval.id or 0, weight=found.weight, why=found.why, drawn_at=now)
    return insert_once(session, made)


def waiting(session: Session, *, limit: int = 50) -> list[Sampled]:
    """Samples that nobody has scored, the oldest first."""
    unscored = col(QualitySample.scored_at).is_(None)
    return _sampled(session, unscored, limit)


def sample(session: Session, sample_id: int) -> Sampled:
    """One sample. Raises NotFound."""
    found = _sampled(session, col(QualitySample.id) == sample_id, 1)
    if not found:
        raise NotFound(f"sample {sample_id}: there is no such sample")
    return found[0]


def score(
    session: Session, sample_id: int, scores: dict[str, int], *, remark: str, agent_id: int, now: datetime
) -> None:
    """Score one answer by the rubric. Raises InputError, and Conflict where one would judge oneself."""
    if scores.keys() != RUBRIC.keys() or not all(0 <= points <= _MOST_POINTS for points in scores.values()):
        raise InputError("scores", [f"give each line of the rubric 0 to {_MOST_POINTS} points"])
    found = sample(session, sample_id)
    if found.answered_by == agent_id:
        raise Conflict("You sent this answer yourself; let a colleague look at it.")
    row = found.sample
    row.scores, row.remark, row.scored_by, row.scored_at = scores, remark.strip(), agent_id, now


def by_template(session: Session, filters: Filters) -> Sheet:
    """What the samples of these days came to, template by template."""
    query = (
        select(Draft.template, QualitySample)
        .join(Approval, col(Approval.id) == QualitySample.approval_id)
        .join(Draft, col(Draft.id) == Approval.draft_id)
        .join(Conversation, col(Conversation.id) == Draft.conversation_id)
        .where(col(QualitySample.scored_at).is_not(None))
    )
    found: dict[str, list[QualitySample]] = defaultdict(list)
    for template, row in session.exec(
        of_conversations(within(query, col(QualitySample.scored_at), filters), filters)
    ).all():
        found[template or "own words"].append(row)
    return Sheet(
        "quality",
        N_("Quality of sent answers"),
        N_(
            "Samples that colleagues scored in these days: the share of the possible points for each line of the"
            " rubric. Risky answers are drawn oftener, so this is no picture of the average answer."
        ),
        [Column(N_("Template")), Column(N_("Samples"), "count"), *(Column(name, "share") for name in RUBRIC)],
        [[name, len(rows), *(_points(rows, line) for line in RUBRIC)] for name, rows in sorted(found.items())],
    )


def _points(rows: Sequence[QualitySample], line: str) -> float:
    return sum(row.scores.get(line, 0) for row in rows) / (_MOST_POINTS * len(rows))


def _sampled(session: Session, which: object, limit: int) -> list[Sampled]:
    rows = session.exec(
        select(QualitySample, Message, Draft, Approval)
        .join(Approval, col(Approval.id) == QualitySample.approval_id)
        .join(Draft, col(Draft.id) == Approval.draft_id)
        .join(Message, col(Message.id) == Draft.answers_id)
        .where(which)  # type: ignore[arg-type]
        .order_by(col(QualitySample.id))
        .limit(limit)
    ).all()
    return [Sampled(row, asked, draft, approval.agent_id) for row, asked, draft, approval in rows]
