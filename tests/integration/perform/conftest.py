from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from demo.redis import RedisServer

from .town import Foundation, Town, copied


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def foundation(tmp_path_factory: pytest.TempPathFactory, server: RedisServer) -> Foundation:
    foundation = Foundation(tmp_path_factory.mktemp("foundation") / "town").lay()
    Town.found(foundation, server.url)
    return foundation


@pytest.fixture
def town(tmp_path: Path, server: RedisServer, foundation: Foundation) -> Town:
    """A town with three versions of biopsy registered, and an empty Redis."""
    with Redis.from_url(server.url) as client:
        client.flushall()
    return Town(copied(foundation, tmp_path / "town"), server.url)
