"""Structured logs: events in the past tense with fields, one line each, on standard error.

`get_logger` gives a structlog logger; `configure_logs` is called once by a program's entry point.
"""

import logging
import sys
from typing import Any

import structlog


def get_logger(name: str) -> Any:
    """A logger that binds its room's name, as in `get_logger("xds.server")`."""
    return structlog.get_logger(room=name)


def configure_logs(*, level: str = "info", as_json: bool = False) -> None:
    """Send logs of `level` and above to standard error, as text for people or as one JSON object a line."""
    renderer: Any
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
