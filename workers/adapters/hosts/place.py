"""Which host a remote lies on, from its address or from the setting TOWPATH_GIT_WEB."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_KNOWN = {"github.com": "github", "gitlab.com": "gitlab", "gitea.com": "gitea", "codeberg.org": "gitea"}
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+", re.ASCII)
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[\w.-]+):(?P<path>[^:].*)", re.ASCII)
SSH_SITES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


@dataclass(frozen=True)
class HostPlace:
    """A repository on a host with an API: its kind, the address of its pages, and its path (`org/repo`, in GitLab with groups).

    `by_key`: Git goes there over SSH, with a key.
    """

    kind: str
    site: str
    path: str
    by_key: bool = False

    @property
    def api(self) -> str:
        """Where its API is, without a slash at the end."""
        if self.kind == "github":
            return github_api(self.site)
        return f"{self.site}/api/{'v4' if self.kind == 'gitlab' else 'v1'}"


def github_api(site: str) -> str:
    """GitHub's API has a host of its own; an enterprise server's lies below the pages; `*.ghe.com` has `api.` before its name."""
    host = urlsplit(site).hostname or ""
    if host == "github.com":
        return "https://api.github.com"
    return f"https://api.{host}" if host.endswith(".ghe.com") else f"{site}/api/v3"


def find(address: str, web: str | None = None) -> HostPlace | None:
    """The place of a remote (an address without its credentials), or None when nobody can tell which kind of host it is.

    TOWPATH_GIT_WEB (`github https://github.example.com/org/repo`) names the kind of a host of one's own; it counts before the guess.
    """
    kind, _, url = (web or "").strip().partition(" ")
    named = split(url.strip()) if kind in ("github", "gitlab", "gitea") else None
    there = split(address)
    by_key = address.startswith("ssh://") or "://" not in address
    if named and (there is None or named[1].lower() == there[1].lower()):
        return HostPlace(kind, *named, by_key)
    if there is None:
        return None
    guessed = _KNOWN.get(urlsplit(there[0]).hostname or "") or _by_name(there[0])
    return HostPlace(guessed, *there, by_key) if guessed else None


def _by_name(site: str) -> str | None:
    host = urlsplit(site).hostname or ""
    if host.endswith(".ghe.com"):
        return "github"
    first = host.split(".")[0]
    return {"github": "github", "gitlab": "gitlab", "gitea": "gitea", "forgejo": "gitea"}.get(first)


def split(address: str) -> tuple[str, str] | None:
    """(site, path) of an address over https, http or ssh, or of the form `git@host:path`."""
    if "://" not in address:
        match = _SCP.fullmatch(address)
        scheme, place, path = ("ssh", match["host"], match["path"]) if match else ("", "", "")
    else:
        url = urlsplit(address)
        scheme, place, path = url.scheme, url.netloc.rpartition("@")[2], url.path
    path = path.strip("/").removesuffix(".git")
    if scheme not in ("https", "http", "ssh") or not place or not _PATH.fullmatch(path) or ".." in path:
        return None
    if scheme == "ssh":
        host = place.rpartition(":")[0] if re.search(r":\d+$", place) else place
        return f"https://{SSH_SITES.get(host, host)}", path
    return f"{scheme}://{place}", path


def is_safe(url: str) -> bool:
    """Whether a secret may be sent there: https, or http on this host itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        plain = parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(host)) or plain
