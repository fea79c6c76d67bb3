from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from workers.adapters.pipelines.layout import Layout
from workers.adapters.pipelines.local import _stop
from workers.ports.errors import WorldError

from .stage import Stage, remove


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Its folder can be passed through by others, as those of pytest cannot."""
    before = os.umask(0o077)  # as a careful operator has it
    folder = Path(tempfile.mkdtemp(prefix="stage-"))
    folder.chmod(0o711)
    made = Stage(folder)
    yield made
    for lock in made.trainings.glob("T-*/lock"):
        with suppress(WorldError):
            _stop(Layout(lock.parent))
    remove(folder)
    os.umask(before)
