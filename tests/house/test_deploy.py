"""What we ship for servers agrees with the code, and systemd understands it."""

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from mailer.config import Outbound
from tests.house.sources import ROOT
from tests.house.test_docs import is_setting

UNIT = ROOT / "deploy" / "mailer.service"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_stopping_lasts_longer_than_bodies_in_flight() -> None:
    stop_after = Outbound.model_fields["stop_after"].default
    assert timedelta(seconds=int(values("TimeoutStopSec")[0])) > stop_after
    in_docker = re.search(r"--stop-timeout (\d+)", DOCKERFILE.read_text(encoding="utf-8"))
    assert in_docker
    assert timedelta(seconds=int(in_docker[1])) > stop_after


def test_each_password_file_is_a_key_of_the_configuration() -> None:
    names = [value.split(":")[0] for value in values("LoadCredential")]
    assert names
    assert [name for name in names if not is_setting(name)] == []


def test_the_daemon_runs_as_nobody_who_may_do_more() -> None:
    assert values("User") == ["mailer"]
    assert values("NoNewPrivileges") == ["yes"]
    assert values("ProtectSystem") == ["strict"]
    assert values("CapabilityBoundingSet") == [""]
    assert re.search(r"^USER mailer$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_container_is_given_all_that_the_package_is_built_from() -> None:
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE))
    allowed = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "config.toml", "mailer", "templates"):
        assert name in copied.split()
        assert f"!{name}\n" in allowed


def test_systemd_finds_no_mistake_in_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "mailer.service"
    # The program is not installed where the unit looks for it.
    unit.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8")), encoding="utf-8")
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
