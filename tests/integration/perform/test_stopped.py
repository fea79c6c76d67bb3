"""A foreign history stops writing aloud: the channel is told within one beat, once for each finding, and told when it is over."""

from __future__ import annotations

import pytest

from workers.contract.outcomes import Notice
from workers.ports.errors import Untrusted
from workers.tasks import changes

from . import attacks
from .town import Town


def beats(town: Town, times: int = 3) -> list[str]:
    """What the channel is told in so many beats of the clock, none of which writes."""
    for _ in range(times):
        with pytest.raises(Untrusted):
            town.ticks()
    return [notice.text for notice in town.told(Notice)]


@pytest.mark.parametrize("fresh", [False, True], ids=["a writer at work", "a writer that begins"])
@pytest.mark.parametrize("name", ["append a forgery", "truncate", "merge commit"])
def test_the_channel_is_told_once_what_was_found_and_what_to_do(busy: Town, name: str, fresh: bool) -> None:
    busy.ticks()
    busy.outcomes()
    good = busy.head()
    attacks.ALL[name].act(busy)
    town = busy.beside("one") if fresh else busy
    (text,) = beats(town)
    assert "Writing has stopped" in text
    assert busy.head() in text
    assert good in text
    assert "towpath disown" in text


def test_another_finding_is_told_as_well(busy: Town) -> None:
    busy.ticks()
    attacks.append(busy)
    assert len(beats(busy)) == 1
    good = busy.git("rev-parse", "towpath~1")
    attacks.put(busy, busy.git("commit-tree", f"{good}^{{tree}}", "-p", good, "-m", "another"))
    assert len(beats(busy)) == 1


def test_a_request_meets_it_before_the_clock_does(busy: Town) -> None:
    busy.ticks()
    busy.outcomes()
    attacks.append(busy)
    busy.promotes()
    with pytest.raises(Untrusted):
        changes.drain(busy.wiring)
    assert len(busy.told(Notice)) == 1


def test_when_it_is_mended_the_channel_is_told_once_that_writing_goes_on(busy: Town) -> None:
    busy.ticks()
    busy.outcomes()
    good = busy.head()
    attacks.append(busy)
    beats(busy)
    attacks.put(busy, good)
    busy.ticks()
    busy.ticks()
    assert [notice.text for notice in busy.told(Notice)] == [f"Writing goes on: the ledger is again as Towpath left it, at {good}."]
