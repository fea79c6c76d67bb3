from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.redis import RedisServer

from .host import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host")


@pytest.fixture(scope="session")
def _redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(_redis: RedisServer) -> str:
    return _redis.url
