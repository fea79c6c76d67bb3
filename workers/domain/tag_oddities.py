"""What is odd in a picture of the tags beside the tags that were passed over, each with its fix: for `towpath doctor`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

from workers.contract.names import EnvironmentName
from workers.domain.picture import Event, Oddity, Picture


def oddities(picture: Picture, environments: Collection[EnvironmentName]) -> Iterator[Oddity]:
    """Everything odd. `environments` are those that the policy knows."""
    yield from picture.oddities
    yield from _twins(picture)
    yield from _ties(picture)
    yield from _unknown(picture, environments)
    yield from _simple(picture)


def _twins(picture: Picture) -> Iterator[Oddity]:
    """GTO cannot read an assignment on a commit with two versions of an artifact, and then answers nothing at all."""
    seen: dict[tuple[str, str], Event] = {}
    for event in picture.registered():
        first = seen.setdefault((event.artifact, event.commit), event)
        if first is not event:
            what = f"{first.name} and {event.name} are two versions on one commit, {event.commit[:12]}; the ledger takes one of them."
            yield Oddity(
                what,
                f"Give one a commit of its own, or withdraw it: git tag -a -m withdrawn '{event.name}!#{_free(picture, event)}' {event.commit}",
            )


def _ties(picture: Picture) -> Iterator[Oddity]:
    """Two of a lane in the same second, where nothing came later: we order them by their counters, GTO does not."""
    for events in picture.lanes.values():
        for one, two in list(pairwise(events.values()))[-1:]:
            if one.time == two.time:
                what = f"{one.name} and {two.name} were made in the same second; GTO may show another one than Towpath."
                sign = "" if two.name.rpartition("#")[0][-1:] != "!" else "!"
                again = f"{picture.spelling(two.artifact)}#{two.environment}{sign}#{_free(picture, two)}"
                yield Oddity(what, f"Make the one that counts once more, a second later: git tag -a -m again '{again}' {two.commit}")


def _unknown(picture: Picture, environments: Collection[EnvironmentName]) -> Iterator[Oddity]:
    found = sorted({environment for _, environment in picture.lanes if environment not in environments})
    for environment in found:
        fix = f"Add {environment} to the environments of towpath.yaml, or leave it to the other tool."
        yield Oddity(f"Tags assign the environment {environment}, which the policy does not know; Towpath does not show it.", fix)


def _simple(picture: Picture) -> Iterator[Oddity]:
    for events in picture.lanes.values():
        for event in events.values():
            if not event.counter:
                what = f"{event.name} has no number, so that it can never be made a second time; it counts as it is."
                yield Oddity(what, "Let the tool number its tags (gto assign without --simple).")


def _free(picture: Picture, event: Event) -> int:
    return picture.counters.get(event.artifact, 0) + 1
