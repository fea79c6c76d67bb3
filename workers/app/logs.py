"""Logs are an event name and fields, one JSON object a line, with a net for secrets under everything."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

log = structlog.get_logger("towpath")

_SECRETS = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|://[^/\s:@]*:[^/\s@]+@|gh[pousr]_\w+|glpat-[\w-]+|-----BEGIN [A-Z ]*PRIVATE KEY")


def struck(value: Any) -> Any:
    """A value without the secrets that can be known by their form."""
    if isinstance(value, str):
        return _SECRETS.sub("[struck out]", value)
    if isinstance(value, dict):
        return {key: struck(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [struck(part) for part in value]
    return value


def _strike(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: struck(value) for key, value in event.items()}


def set_up(level: str) -> None:
    """Send every log, ours and the libraries', to standard error as JSON lines."""
    shared: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    last: list[Any] = [structlog.processors.format_exc_info, _strike, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    )
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
