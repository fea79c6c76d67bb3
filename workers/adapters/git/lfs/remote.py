"""Where the large files of a repository lie, and what every such place must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol
from urllib.parse import unquote, urlsplit

from workers.adapters.git.lfs.folder import Folder
from workers.adapters.git.lfs.pointer import Pointer
from workers.adapters.git.login import Logins
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.urls import RemoteUrl


class Remote(Protocol):
    """A place that holds large files by their SHA-256."""

    def pieces(self, pointer: Pointer, path: str) -> Iterator[bytes]:
        """The content as it comes, unproved; `path` is for the words. Raises Refusals when it is not to be had, or Unreachable."""

    def send(self, pointer: Pointer, path: str, content: Callable[[], Iterator[bytes]]) -> None:
        """Put a file there, unless it is there; `content` begins anew with each call. Raises Refusals when it is not taken, or Unreachable."""


class Nowhere:
    """A repository whose address does not say where its large files lie."""

    def pieces(self, pointer: Pointer, path: str) -> Iterator[bytes]:
        """Refuse."""
        raise Refusals(_nowhere(path))

    def send(self, pointer: Pointer, path: str, content: Callable[[], Iterator[bytes]]) -> None:
        """Refuse."""
        raise Refusals(_nowhere(path))


def _nowhere(path: str) -> str:
    return f"{path} is kept in Git LFS, and the repository's address does not say where its LFS server is: an operator must set TOWPATH_LFS_URL."


def opened(remote: RemoteUrl, server: RemoteUrl | None, logins: Logins | None = None) -> Remote:
    """The place of a repository's large files: the operator's server, else what the repository's own address says.

    `logins` are the repository's: they go to its own server, never to another one.
    """
    if server is not None:
        return _served(server)
    if remote.address.startswith("/"):
        return Folder(remote.address)
    url = urlsplit(remote.address)
    if url.scheme == "file":
        return Folder(unquote(url.path))
    if url.scheme in ("http", "https"):
        plain = remote.address.rstrip("/").removesuffix(".git")
        return _served(RemoteUrl(f"{plain}.git/info/lfs", remote.user, remote.password), logins)
    return Nowhere()


def _served(url: RemoteUrl, logins: Logins | None = None) -> Remote:
    from workers.adapters.git.lfs.api import Server  # noqa: PLC0415  # its HTTP client takes longer to import than a short ledger to verify

    return Server(url, logins=logins)
