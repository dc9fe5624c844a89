"""A real order as a case: the simulation says of its past what the loops really did."""

import pytest
from sqlmodel import select

from mailer.db import Database
from mailer.flows.definition import Case, Flow
from mailer.flows.parse import read_flows
from mailer.flows.past import case_of, read_past
from mailer.flows.simulate import SAMPLE_SHOP, simulate
from mailer.model import Order
from tests.flows.story_rows import OPEN_TERMS, play
from tests.house.sources import ROOT

FLOWS, _ = read_flows(ROOT / "schedules" / "flows")
# What a case only claims of the world has no rows here.
CLAIMED = {"blocked", "written", "mailable", "orders", "test"}
CASES = [(flow, case) for flow in FLOWS.values() for case in flow.tests if not CLAIMED & set(case.order)]


@pytest.mark.parametrize(("flow", "case"), CASES, ids=[f"{flow.id}: {case.name}" for flow, case in CASES])
@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_the_simulation_of_what_happened_is_what_happened(db: Database, flow: Flow, case: Case) -> None:
    done = play(db, flow, case)
    now = max((at for at, _, _ in done), default=None)

    def read(session: object) -> Case:
        order = session.exec(select(Order)).one()  # type: ignore[attr-defined]
        past = read_past(session, order, {flow.id: flow}, OPEN_TERMS, now=order.recorded_at)  # type: ignore[arg-type]
        return case_of(session, past, flow, OPEN_TERMS)  # type: ignore[arg-type]

    lines = simulate(flow, db.read_here(read), SAMPLE_SHOP)
    said = [(line.what, line.step if line.what != "exit" else "") for line in lines if now and line.at <= now]
    assert [one for one in said if one[0] in ("send", "skip", "exit")] == [(what, step) for _, what, step in done]
