"""Files that are there whole or not at all, whatever is killed while they are written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def written(place: Path, content: bytes) -> None:
    """Write a file beside its place and move it there. Raises OSError."""
    place.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=".writing-", dir=place.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
