"""Fixtures: a stand-in (`ws`) and the SDK's client of it (`slack`)."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from demo.slack.client import Workspace

from .stands import standing, web_client


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    async with standing() as workspace:
        yield workspace


@pytest.fixture
def slack(ws: Workspace) -> AsyncWebClient:
    return web_client(ws)
