"""`mailer demo` unattended, as a process: one JSON object on standard output, and its sums agree."""

import json
from pathlib import Path

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
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_span_that_is_none_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    done = mailer(tmp_path, "demo", "--for", "soon")
    assert done.returncode == 2
    assert "write it as in 30s" in done.stderr
