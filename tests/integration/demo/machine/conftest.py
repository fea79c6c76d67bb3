"""Fixtures: a model server with an empty store (`server`), and one with `v1` (identity) as the default (`serving`)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .onnx_files import identity
from .standing import Asker, standing


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Asker]:
    async with standing(tmp_path / "store") as asker:
        yield asker


@pytest.fixture
async def serving(server: Asker) -> Asker:
    await server.load("v1", identity())
    await server.default("v1")
    return server
