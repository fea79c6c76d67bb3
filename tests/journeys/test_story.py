"""The written story, played line by line against real processes."""

from __future__ import annotations

import re

import pytest

from demo.play import STORY

from .conftest import Played

EXPECTS = re.compile(r"(?:Towpath (?:in|only to) |The |Model server )")
"""How a line begins that says what must be seen. All other lines are titles and what people do."""


@pytest.mark.timeout(600)
def test_every_expectation_of_the_story_holds(played: Played) -> None:
    expecting = [line for line in STORY.read_text().splitlines() if EXPECTS.match(line)]
    assert len(expecting) > 30
    assert played.held == len(expecting)
