"""Files that Git LFS keeps outside of Git, read without its program. The tree says only which bytes; where from is never read from a commit."""

from __future__ import annotations

from workers.adapters.git.lfs.large import LargeFiles
from workers.adapters.git.lfs.pointer import LARGEST, BadPointer, Pointer, read, resembles
from workers.adapters.git.lfs.remote import Remote, opened

__all__ = ["LARGEST", "BadPointer", "LargeFiles", "Pointer", "Remote", "opened", "read", "resembles"]
