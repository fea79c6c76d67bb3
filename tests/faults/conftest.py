"""A whole installation whose workers have trapdoors, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo.installation import Installation
from demo.slack.client import Workspace
from tests.faults.play import Scene

HERE = Path(__file__).parent

POLICY = """\
version: 1
trust: "{{trust}}"
people:
  U0ANA: {git: [ana@example.com]}
  U0BEN: {git: [ben@example.com]}
roles:
  leads: {users: [U0MIA, U0DANA]}
channels:
  C0BIOPSY: {announce: true}
environments:
  staging:
    run: [leads]
    targets: [{name: staging, type: model-server, url: "{{staging}}"}]
  prod:
    run: [leads]
    approve: {from: [leads], count: 2, exclude: [requester]}
    targets: [{name: prod, type: model-server, url: "{{prod}}"}]
"""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("faults")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOWPATH_TRAINING_USER", "same")
        with Installation(folder, policy=POLICY, procfile=HERE / "Procfile") as running:
            yield running


@pytest.fixture
async def scene(installation: Installation) -> AsyncIterator[Scene]:
    async with Workspace.at(installation.slack_url) as workspace:
        yield Scene(installation, workspace)
