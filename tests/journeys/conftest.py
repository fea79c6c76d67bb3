"""One whole installation with the demo's own policy, and the story played in it once. Nothing in it is patched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from demo.installation import Installation
from demo.play import play


@dataclass(frozen=True)
class Played:
    """The installation after the story: how many expectations held, and what was said while it was played."""

    installation: Installation
    held: int
    said: tuple[str, ...]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("journeys")) as running:
        yield running


@pytest.fixture(scope="session")
def played(installation: Installation) -> Played:
    """The story needs an installation in which nothing has happened yet, so whoever uses `installation` itself comes after it."""
    said: list[str] = []
    held = asyncio.run(play(installation, said.append))
    return Played(installation, held, tuple(said))
