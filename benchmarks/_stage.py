"""What the benchmarks share: a shop on real servers, set up as shipped, and figures beside their machine."""

import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest

from tests.rigs.dovecot import Dovecot
from tests.rigs.machine import facts
from tests.rigs.postfix import Postfix
from tests.rigs.shop import Plan, Shop


@contextmanager
def stage(**plan: Any) -> Iterator[Shop]:
    """A shop that is ready to run, on a Dovecot and a Postfix of its own; config.toml as shipped but for `plan`."""
    print(f"machine: {facts()}")
    try:
        dovecot = Dovecot()
        postfix = Postfix(dovecot)
    except pytest.skip.Exception as missing:
        raise SystemExit(str(missing)) from None
    shop: Shop | None = None
    try:
        dovecot.start()
        postfix.start()
        shop = Shop(dovecot, postfix, Plan(dovecot.ports.imaps, postfix.open_port, dovecot.ca_file, **plan)).make()
        yield shop
    finally:
        if shop is not None:
            shop.close()
        postfix.close()
        dovecot.close()


def spread(name: str, seconds: Sequence[float]) -> str:
    """Median, 95th percentile and worst of some times, in one line."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    median, worst = statistics.median(ordered), ordered[-1]
    return f"{name}: p50 {median:.2f} s, p95 {p95:.2f} s, worst {worst:.2f} s, n {len(ordered)}"
