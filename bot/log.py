"""Logs as JSON lines: an event name and fields. A token that slips into a field is struck out before it is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

STRUCK = "(struck out)"
_SECRETS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+|hooks\.slack(?:-gov)?\.com/\S+"
    r"|(?<=[?&]ticket=)[^\s&'\"]+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|-----BEGIN [A-Z ]+-----[^-]*"
)
_QUIET = ("slack_bolt", "slack_sdk", "celery", "kombu", "aiohttp", "asyncio")


def strike_out(text: str) -> str:
    """The text without Slack tokens, response addresses, tickets of Socket Mode, passwords in addresses and private keys."""
    return _SECRETS.sub(STRUCK, text)


def _strike_out_of(value: Any) -> Any:
    if isinstance(value, str):
        return strike_out(value)
    if isinstance(value, dict):
        return {key: _strike_out_of(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_strike_out_of(part) for part in value]
    return value


def _second_net(_logger: WrappedLogger, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The second net under the rule that nobody logs a secret."""
    return {key: _strike_out_of(value) for key, value in event.items()}


def _name_only(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Of an exception, keep its kind and its place: its message may quote what a user typed."""
    found = event.pop("exc_info", None)
    if isinstance(found, BaseException):
        event["error"] = type(found).__name__
        event["at"] = _places(found)
    return event


def _places(exc: BaseException) -> list[str]:
    places: list[str] = []
    trace = exc.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return places[-4:]


class _Foreign(logging.Handler):
    """Records of libraries, in our form: their logger's name, level and the first line of their (struck) message.

    The further lines of a task that died quote its exception, and that may quote what a user typed.
    """

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage().partition("\n")[0][:500]
        exc = record.exc_info[1] if record.exc_info else None
        structlog.get_logger(record.name).warning("library", level_name=record.levelname, text=text, **({"exc_info": exc} if exc else {}))


def set_up() -> None:
    """Send our events, and the warnings of libraries, to standard output as JSON lines."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            _name_only,
            _second_net,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
