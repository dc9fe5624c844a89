"""What `mailer flows simulate` says is what the daemon does: the flows' own cases, played on rows by the real loops."""

import pytest

from mailer.db import Database
from mailer.flows.definition import Case, Flow
from mailer.flows.parse import read_flows
from mailer.flows.simulate import simulate
from tests.flows.story_rows import play
from tests.house.sources import ROOT

FLOWS, _ = read_flows(ROOT / "schedules" / "flows")
# What a case only claims of the world has no rows here.
CLAIMED = {"blocked", "written", "mailable", "orders", "test"}
CASES = [(flow, case) for flow in FLOWS.values() for case in flow.tests if not CLAIMED & set(case.order)]


@pytest.mark.parametrize(("flow", "case"), CASES, ids=[f"{flow.id}: {case.name}" for flow, case in CASES])
@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_the_daemon_does_what_the_simulation_says(db: Database, flow: Flow, case: Case) -> None:
    said = [(line.at, line.what, line.step if line.what != "exit" else "") for line in simulate(flow, case)]
    expected = sorted(one for one in said if one[1] in ("send", "skip", "exit"))
    assert play(db, flow, case) == expected
