"""Logs are an event name and fields, one JSON object a line, with a net for secrets under everything."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

log = structlog.get_logger("towpath")

_LOGINS = re.compile(r"((?:https?|rediss?)://)[^/\s@\"]+@|(://)[^/\s:@\"]*:[^/\s@\"]+@")
_SECRETS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+|gh[pousr]_\w+|github_pat_\w+|glpat-[\w-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)


def struck(text: str) -> str:
    """A text without the secrets that can be known by their form: tokens, private keys, logins of addresses."""
    return _SECRETS.sub("[struck out]", _LOGINS.sub(r"\1\2[struck out]@", text))


def _strike(_: Any, __: str, line: str) -> str:
    return struck(line)


def set_up(level: str) -> None:
    """Send every log, ours and the libraries' warnings, to standard error as JSON lines."""
    shared: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(), _strike]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping().get(level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
