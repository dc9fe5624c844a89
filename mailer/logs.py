"""What the daemon says: event first, then facts; never an address, a body, a subject or a secret."""

import logging
import re
import sys
from typing import Any

import structlog

_ADDRESS = re.compile(r"[^\s<>\"'=,;:]{1,64}@[^\s<>\"',;:]{1,255}")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(level: str, form: str) -> None:
    """Write to standard error, as lines of text or of JSON."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide_addresses,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def hide_addresses(_logger: Any, _method: str, event: Any) -> Any:
    """The last line of defence: servers repeat addresses in their answers, and those answers are logged."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _ADDRESS.sub("(address)", value)
    return event
