"""Addresses of remotes: which ones Git is ever given, and what of them may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from workers.ports.errors import WorldError

_SCHEMES = ("https", "http", "ssh", "git", "file")
_SCP = re.compile(r"(?:[A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?![-:])\S+")
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


class BadUrl(WorldError):
    """The address of a remote that Git must not be given."""


@dataclass(frozen=True)
class RemoteUrl:
    """A remote's address without its credentials, which go to Git on another way than its command line."""

    address: str
    user: str = ""
    password: str = ""

    @classmethod
    def read(cls, text: str) -> RemoteUrl:
        """The address that `text` is: an absolute path, a URL with https, http, ssh, git or file, or `user@host:path`. Raises BadUrl."""
        if not text or len(text) > 2048 or not text.isprintable() or " " in text:
            raise BadUrl("the repository's address is empty, too long or holds spaces or control characters")
        if text.startswith("/"):
            return cls(text)
        if "://" in text:
            return _with_scheme(text)
        if _SCP.fullmatch(text):
            return cls(text)
        raise BadUrl("the repository's address must be an absolute path, a URL (https, http, ssh, git, file) or user@host:path")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return tuple(part for part in (self.password, self.user) if part)

    @property
    def site(self) -> str:
        """`https://host:port`: where the credentials may be sent, and nowhere else."""
        url = urlsplit(self.address)
        return f"{url.scheme}://{url.netloc}"

    def __repr__(self) -> str:
        return f"RemoteUrl({self.address})"


def _with_scheme(text: str) -> RemoteUrl:
    try:
        url = urlsplit(text)
        host, login = url.hostname or "", (unquote(url.username or ""), unquote(url.password or ""))
        place = _place(url)
    except ValueError as exc:
        raise BadUrl("the repository's address is not a URL") from exc
    if url.scheme not in _SCHEMES or host.startswith("-") or bool(host) == (url.scheme == "file") or not "".join(login).isprintable():
        raise BadUrl("the repository's address must be a URL with https, http, ssh, git or file")
    if url.scheme in ("http", "https"):
        return RemoteUrl(url._replace(netloc=place, query="", fragment="").geturl(), *login)
    if login[1] or login[0].startswith("-"):
        raise BadUrl(f"an address with {url.scheme} takes no password; use a key")
    return RemoteUrl(text)


def _place(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    return f"{host}:{url.port}" if url.port else host


def shown(text: str, secrets: tuple[str, ...] = (), longest: int = 300) -> str:
    """Words of Git or of a remote as people may see them: one line, without logins, secrets or control characters."""
    for secret in secrets:
        text = text.replace(secret, "***")
    line = " ".join(_LOGIN.sub("", "".join(c if c.isprintable() else " " for c in text)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
