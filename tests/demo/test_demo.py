"""`mailer demo` unattended, as a process: one JSON object on standard output, and its sums agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.demo.outcome import OUTCOMES
from mailer.model import Intent
from tests.cli.shop import mailer


def test_an_unattended_demo_prints_one_report_whose_sums_agree(tmp_path: Path) -> None:
    done = mailer(tmp_path, "demo", "--for", "4s", "--report", "json", "--every", "0.1", "--seed", "3")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert found["received"] == sum(found[name] for name in OUTCOMES) == sum(found["by_outcome"].values()) > 5
    assert (found["lost"], found["twice"], found["unexplained"]) == (0, 0, 0)
    assert found["approved"] >= found["sent"] == found["delivered"] == found["threaded"] > 0
    assert sum(found["by_intent"].values()) == found["received"] - found["quarantined"]
    assert set(found["by_intent"]) <= set(Intent) and len(found["by_language"]) >= 5
    assert 0 < found["draft_seconds"]["median"] <= found["draft_seconds"]["p95"] < 10
    assert 0 < found["intent_right"] <= 1
    assert found["webhooks"] > 50
    assert set(found["rules"].values()) == {0}
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.journey
def test_in_half_a_minute_each_flow_of_the_mission_sends_and_no_rule_breaks(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mailer", "demo", "--for", "30s", "--report", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    found = json.loads(done.stdout)
    flows = found["flows"]
    assert set(flows) == {"shipping_notice", "delay_notice", "review_invitation", "satisfaction_survey"}
    assert all(counts.get("sent", 0) > 0 for counts in flows.values()), flows
    assert flows["review_invitation"]["held"] > 0
    assert set(found["rules"].values()) == {0}
    assert set(found["acted"]) == {"cancels", "complains", "rates", "returns", "reviews", "unsubscribes", "waits"}
    assert found["links_scanned"] > 50


def test_a_span_that_is_none_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    done = mailer(tmp_path, "demo", "--for", "soon")
    assert done.returncode == 2
    assert "write it as in 30s" in done.stderr
