"""The flows in service: what was published in the console, else the file; the last good text where both are broken.

Editing never loses or repeats: steps are known by their ids. What waits at a step that is gone goes on at the next
one of the old file that the new one still has; steps that are new before it are not run. Whose wait was made
shorter is brought forward.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import insert, literal, or_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import InputError
from mailer.flows.definition import Flow
from mailer.flows.forward import carry_forward, write_down
from mailer.flows.parse import parse_flow, read_flows
from mailer.flows.revisions import published, published_hashes
from mailer.flows.terms import Terms
from mailer.model import (
    Delivery,
    DeliveryState,
    Enrollment,
    EnrollmentNote,
    EnrollmentState,
    FlowText,
    raise_alarm,
    settle_alarm,
)
from mailer.model.base import Utc
from mailer.outbound.settle import redo

log = structlog.get_logger()

ALARM, REVISION_ALARM = "flow_file", "flow_revision"
GONE = "its file is gone"
_UNDER_WAY = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)


class Shelf:
    """The flows in service. `story` is the time in which they live; without `terms` nobody is brought forward."""

    def __init__(self, db: Database, story: Clock, directory: Path, terms: Terms | None = None) -> None:
        self._db, self._story, self.directory, self._terms = db, story, directory, terms
        self._flows: Mapping[str, Flow] = {}
        self._seen: object = None

    def flows(self) -> Mapping[str, Flow]:
        """Those that are in service, by id."""
        return self._flows

    async def read(self) -> bool:
        """Look at the files and what was published, and carry on what a change began; whether there was anything."""
        seen = (_look(self.directory), await self._db.read(published_hashes))
        if seen == self._seen:
            return self._terms is not None and await carry_forward(
                self._db, self._flows, self._terms, now=self._story.now()
            )
        flows, mistakes = read_flows(self.directory)
        self._flows = await self._db.run(take_flows, flows, mistakes, terms=self._terms, now=self._story.now())
        self._seen = seen
        log.info("flows_read", flows=len(self._flows), broken=len(mistakes))
        return True


def in_service(session: Session, directory: Path) -> dict[str, Flow]:
    """The flows as they serve; for commands and pages, which keep nothing."""
    flows, mistakes = read_flows(directory)
    _lay_over(session, flows, mistakes)
    wanted = select(FlowText).where(col(FlowText.flow).in_(list(mistakes)))
    kept = {known.flow: flow for known in session.exec(wanted) if (flow := _parsed(known)) is not None}
    return {**flows, **kept}


def take_flows(
    session: Session,
    flows: Mapping[str, Flow],
    mistakes: Mapping[str, list[str]],
    *,
    terms: Terms | None = None,
    now: datetime,
) -> dict[str, Flow]:
    """Keep the texts that are without mistakes; the flows that are in service, the last good version of broken ones."""
    known = {one.flow: one for one in session.exec(select(FlowText).with_for_update())}
    in_service, mistakes = dict(flows), dict(mistakes)
    unfit = _lay_over(session, in_service, mistakes)
    _tell_unfit(session, unfit, now)
    flows = dict(in_service)
    for flow_id, flow in flows.items():
        _take(session, flow, known.get(flow_id), terms, now)
    for flow_id, problems in mistakes.items():
        if (kept := _keep(session, flow_id, problems, known.get(flow_id), now)) is not None:
            in_service[flow_id] = kept
    for flow_id in known.keys() - flows.keys() - mistakes.keys():
        known[flow_id].mistakes = [GONE]
        settle_alarm(session, ALARM, flow_id, now)
    return in_service


def _lay_over(session: Session, flows: dict[str, Flow], mistakes: dict[str, list[str]]) -> dict[str, str]:
    """Put what was published over the files; the editions that are not fit any more, with their first mistake."""
    unfit = {}
    for flow_id, edition in published(session).items():
        try:
            flows[flow_id] = parse_flow(flow_id, edition.text)
        except InputError as error:
            # It was fit for an older Mailer: the file below it serves.
            unfit[flow_id] = error.problems[0]
            continue
        mistakes.pop(flow_id, None)
    return unfit


def _tell_unfit(session: Session, unfit: Mapping[str, str], now: datetime) -> None:
    for flow_id, problem in unfit.items():
        words = f"what was published of the flow {flow_id} is not fit any more, so its file serves: {problem}"
        raise_alarm(session, REVISION_ALARM, flow_id, words, now)
    for flow_id in published_hashes(session).keys() - unfit.keys():
        settle_alarm(session, REVISION_ALARM, flow_id, now)


def _look(directory: Path) -> object:
    """What changes when a file does."""
    stats = [(path.name, path.stat()) for path in sorted(directory.glob("*.toml"))]
    return [(name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in stats]


def _take(session: Session, flow: Flow, known: FlowText | None, terms: Terms | None, now: datetime) -> None:
    settle_alarm(session, ALARM, flow.id, now)
    if known is None:
        session.add(FlowText(flow=flow.id, text=flow.text, sha256=flow.sha256, taken_at=now))
        return
    if known.sha256 == flow.sha256 and not known.mistakes:
        return
    if (before := _parsed(known)) is not None:
        _move_from_gone_steps(session, before, flow, now)
        if terms is not None:
            write_down(session, before, flow, now=now)
    known.text, known.sha256, known.taken_at, known.mistakes = flow.text, flow.sha256, now, []
    if flow.status == "draft":
        _take_back(session, flow.id, now)
    _wake(session, flow.id, now)


def _keep(session: Session, flow_id: str, problems: list[str], known: FlowText | None, now: datetime) -> Flow | None:
    words = f"schedules/flows/{flow_id}.toml has {len(problems)} mistakes: {problems[0]}; see `mailer flows check`"
    raise_alarm(
        session, ALARM, flow_id, words if known is None else f"{words}; the version before stays in service", now
    )
    if known is None:
        return None
    known.mistakes = problems
    return _parsed(known)


def _parsed(known: FlowText) -> Flow | None:
    try:
        return parse_flow(known.flow, known.text)
    except InputError:
        # It was good for an older Mailer.
        return None


def _take_back(session: Session, flow_id: str, now: datetime) -> None:
    """Of a draft nothing is sent, so neither what is queued; its steps are decided anew when it is live again."""
    queued = (
        select(Delivery)
        .join(Enrollment, col(Enrollment.id) == Delivery.enrollment_id)
        .where(Enrollment.flow == flow_id, Delivery.state == DeliveryState.QUEUED)
    )
    for delivery in session.exec(queued.with_for_update(of=Delivery)):
        redo(session, delivery, "its flow is a draft now", now=now, story=now)


def _move_from_gone_steps(session: Session, before: Flow, flow: Flow, now: datetime) -> None:
    for place, step in enumerate(before.steps):
        if flow.step(step.id) is not None:
            continue
        following = next((one.id for one in before.steps[place + 1 :] if flow.step(one.id) is not None), None)
        _move(session, flow.id, step.id, following, now)


def _move(session: Session, flow_id: str, gone: str, following: str | None, now: datetime) -> None:
    """Two statements for any number of people: others wait for the writer about as long as for a single one."""
    words = f"the file has no step {gone} any more; {following or 'nothing'} follows"
    theirs = (col(Enrollment.flow) == flow_id, col(Enrollment.step) == gone, col(Enrollment.state).in_(_UNDER_WAY))
    told = (literal(now, Utc), literal("step gone"), literal(gone), literal(words))
    # Locked with the note, so that whoever has one is moved.
    notes = core_select(col(Enrollment.id), *told).where(*theirs).with_for_update()
    session.execute(insert(EnrollmentNote).from_select(["enrollment_id", "at", "what", "step", "reason"], notes))
    moved: dict[str, object] = {"state": EnrollmentState.ACTIVE, "due_at": now, "reason": ""}
    ended = {"state": EnrollmentState.FINISHED, "due_at": None, "ended_at": now, "reason": words}
    session.execute(
        update(Enrollment)
        .where(*theirs)
        .values(version=col(Enrollment.version) + 1, updated_at=now, step=following, **(moved if following else ended))
        .execution_options(synchronize_session=False)
    )


def _wake(session: Session, flow_id: str, now: datetime) -> None:
    """What was held under the file as it was (a draft, a step that was gone, what is open) is looked at."""
    session.exec(
        update(Enrollment)
        .where(
            col(Enrollment.flow) == flow_id,
            col(Enrollment.state) == EnrollmentState.PAUSED,
            or_(col(Enrollment.due_at).is_(None), col(Enrollment.due_at) > now),
        )
        .values(due_at=now, version=col(Enrollment.version) + 1)
    )
