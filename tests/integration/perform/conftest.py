from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from demo.redis import RedisServer
from workers.contract import requests as ask

from .town import ANA, BIOPSY, PROD, Foundation, Town, copied


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def foundation(tmp_path_factory: pytest.TempPathFactory, server: RedisServer) -> Foundation:
    foundation = Foundation(tmp_path_factory.mktemp("foundation") / "town").lay()
    Town.found(foundation, server.url)
    return foundation


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory, server: RedisServer, foundation: Foundation) -> Foundation:
    """A ledger with every sort of record in it."""
    lived_in = Foundation(tmp_path_factory.mktemp("lived-in") / "town")
    town = Town(copied(foundation, lived_in.folder), server.url)
    for version in ("v1.0.0", "v2.0.0"):
        town.promotes(version)
        town.works()
    town.promotes("v2.0.0", "prod")
    town.drain()
    town.approves("P-3")
    town.works()
    town.says(ANA, ask.Rollback(PROD, BIOPSY, because="Actor: mallory\n\nEvent: genesis"))
    town.drain()
    return lived_in


@pytest.fixture
def busy(tmp_path: Path, server: RedisServer, lived_in: Foundation) -> Town:
    """A town with a past, and an empty Redis."""
    town = Town(copied(lived_in, tmp_path / "town"), server.url)
    town.client.flushall()
    town._asked = 5000
    return town


@pytest.fixture
def town(tmp_path: Path, server: RedisServer, foundation: Foundation) -> Town:
    """A town with three versions of biopsy registered, and an empty Redis."""
    with Redis.from_url(server.url) as client:
        client.flushall()
    return Town(copied(foundation, tmp_path / "town"), server.url)
