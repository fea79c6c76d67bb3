"""Profiles in a folder, one file each; what was not used for long is let go of."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

import structlog

from workers.adapters.rows.whole import written

log = structlog.get_logger()

LONGEST = 100 * 86400
"""Seconds after which what nobody has used is let go of: longer than windows that people ask for."""
_LARGEST = 256 << 20


class FolderShelf:
    """A shelf below a folder, made when it is first needed. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _place(self, name: str) -> Path:
        hashed = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / hashed[:2] / hashed[2:]

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, if it is there and can be read."""
        place = self._place(name)
        try:
            if place.stat().st_size > _LARGEST:
                return None
            content = place.read_bytes()
            os.utime(place)
        except OSError:
            return None
        return content

    def put(self, name: str, content: bytes) -> None:
        """Keep it, and let go of what lies beside it for too long."""
        place = self._place(name)
        try:
            written(place, content)
            self._tidy(place.parent)
        except OSError as exc:
            log.warning("profile_not_kept", why=exc.strerror)

    def _tidy(self, folder: Path) -> None:
        limit = time.time() - LONGEST
        for file in folder.iterdir():
            with suppress(OSError):
                if file.stat().st_mtime < limit:
                    file.unlink()
