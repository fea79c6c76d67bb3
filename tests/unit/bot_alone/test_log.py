"""What libraries say of a task that died must not tell what a user typed."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from bot import log


@pytest.fixture(autouse=True)
def _as_before() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_libraries_tell_the_kind_and_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up()
    try:
        raise ValueError("promote my secret to prod")
    except ValueError as exc:
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %r", exc, exc_info=exc)
    said = capsys.readouterr().out
    found = json.loads(said)
    assert "secret" not in said
    assert (found["text"], found["error"]) == ("Task exception was never retrieved", "ValueError")
    assert found["at"][-1].endswith(":test_libraries_tell_the_kind_and_the_place")


def test_a_ticket_of_socket_mode_is_struck_out() -> None:
    assert "abc-123" not in log.strike_out("url='wss://wss-primary.slack.com/link/?ticket=abc-123&app_id=4'")
