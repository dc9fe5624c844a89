"""What a person looked at before letting a mail go: the mark that binds their word to that mail and no other."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from mailer.errors import InputError
from mailer.flows.definition import Flow
from mailer.flows.mail import Sheet, Written, read_sheets, write_mail
from mailer.flows.situation import Passage, read_passages
from mailer.flows.terms import Terms
from mailer.model import Enrollment, EnrollmentState, FlowStep, StepOutcome
from mailer.rendering.catalog import Catalog
from mailer.rendering.render import MissingFacts

CHANGED = "it reads otherwise than the mail that was released; look at it again"
# A code is given only when its mail is written.
_SAMPLE_COUPON = {"coupon.code": "SAMPLE-CODE", "coupon.until": "2030-12-31"}


@dataclass(frozen=True)
class Waiting:
    """One step that waits for a person, and what its mail is written from."""

    step_id: int
    sheet: Sheet


@dataclass(frozen=True)
class Shown:
    """A mail as a person sees it, with its mark; without a mail the reason why it cannot be written."""

    step_id: int
    sheet: Sheet
    written: Written | None
    mark: str
    problem: str = ""


def mark_of(written: Written) -> str:
    """Changes when the mail reads otherwise: another recipient, sender, language, template or fact."""
    told = [
        written.outgoing.recipient,
        written.sheet.passage.flow.sender,
        written.mail.sender,
        written.mail.template,
        written.mail.locale,
        sorted(written.mail.made_from.items()),
        written.facts.fingerprint,
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def waiting(
    session: Session, flow: Flow, terms: Terms, *, limit: int, only: int | None = None, now: datetime
) -> list[Waiting]:
    """The first steps of a manual flow that wait for a person, or one of them."""
    wanted = of_batch(flow, FlowStep, Enrollment).order_by(col(FlowStep.id)).limit(limit)
    if only is not None:
        wanted = wanted.where(FlowStep.id == only)
    rows: Sequence[tuple[FlowStep, Enrollment]] = session.exec(wanted).all()
    steps = {enrollment.id: step.id or 0 for step, enrollment in rows}
    passages = read_passages(session, [enrollment for _, enrollment in rows], {flow.id: flow}, terms, now=now)
    sheets = read_sheets(session, passages, terms, now=now)
    return [Waiting(steps[one.passage.enrollment.id], one) for one in sheets]


def count_waiting(session: Session, flow: Flow) -> int:
    """How many wait."""
    return int(session.exec(of_batch(flow, func.count())).one())


def show(one: Waiting, catalog: Catalog, terms: Terms, *, wall: datetime) -> Shown:
    """The mail as it would be written now."""
    sheet = with_sample_coupon(one.sheet)
    try:
        written = write_mail(sheet, catalog, terms, wall=wall)
    except (MissingFacts, InputError) as error:
        problems = error.missing if isinstance(error, MissingFacts) else error.problems
        return Shown(one.step_id, sheet, None, "", "; ".join(problems))
    return Shown(one.step_id, sheet, written, mark_of(written))


def with_sample_coupon(sheet: Sheet) -> Sheet:
    """The sheet of a mail that is only looked at."""
    return replace(sheet, extra={**sheet.extra, **_SAMPLE_COUPON}) if sheet.passage.step.coupon else sheet


def look_code(shown: Sequence[Shown]) -> str:
    """The name of a whole set of mails that somebody looked at."""
    text = "\n".join(sorted(f"{one.step_id} {one.mark}" for one in shown))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def reads_otherwise(passage: Passage, written: Written) -> bool:
    """Whether a released mail is not the one that was looked at."""
    decided = passage.decided
    mark = decided.rests_on.get("looked_at") if decided and decided.outcome is StepOutcome.AGAIN else None
    return bool(mark) and passage.flow.status == "manual" and mark != mark_of(written)


def marks(shown: Sequence[Shown]) -> Mapping[int, str]:
    """What `release` takes: the mails that can be written, by step."""
    return {one.step_id: one.mark for one in shown if one.written is not None}


def of_batch(flow: Flow, *columns: Any) -> Any:
    """Steps of this flow that wait for a person's release, with their passages."""
    return (
        select(*columns)
        .select_from(FlowStep)
        .join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
        .where(
            FlowStep.outcome == StepOutcome.BATCHED,
            Enrollment.flow == flow.id,
            Enrollment.state == EnrollmentState.PAUSED,
        )
    )
