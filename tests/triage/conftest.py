"""Tracebacks in plain text: drawn with frames and values, as they are by default, one takes a second."""

from collections.abc import Iterator

import pytest
import structlog

from mailer import logs


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    before = structlog.get_config()
    logs.configure("info", "text")
    yield
    structlog.configure(**before)
