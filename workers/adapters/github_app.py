"""A GitHub App's installation tokens: made when they are needed, kept in memory, given to Git alone.

GitHub REST API, "Authenticating as a GitHub App installation": a JWT (RFC 7519, RS256) signed with the app's key is exchanged for a token of one hour.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from workers.adapters import web
from workers.adapters.git.login import Login
from workers.ports.errors import RefusedByHost, Unreachable

USER = "x-access-token"
EARLY = timedelta(minutes=5)
_SKEW = timedelta(seconds=60)
_JWT_LASTS = timedelta(minutes=9)
_DOC = "docs/install/git-hosts.md, GitHub App"
_FIXES = {
    401: "Correct TOWPATH_GITHUB_APP_ID and TOWPATH_GITHUB_APP_KEY (they belong together), and let this host's clock follow a time server",
    403: "Give the app the permission Contents: read and write, and accept it for the installation",
    404: "Install the app on this repository, or correct TOWPATH_GITHUB_INSTALLATION",
    422: "Give the app the permission Contents: read and write, and let its installation include this repository",
}


class BadAppKey(ValueError):
    """The key is not an RSA private key in PEM."""


@dataclass(frozen=True)
class App:
    """A GitHub App for one repository: `api` has no slash at its end, `repository` is `org/repo`, `installation` is looked up when it is None."""

    api: str
    id: str
    key: str = field(repr=False)
    repository: str
    installation: str | None = None


class Refused(RefusedByHost):
    """GitHub gives no token; `fix` says what to mend."""

    def __init__(self, says: str, fix: str) -> None:
        super().__init__(f"{says}. {fix}: {_DOC}")
        self.fix = f"{fix}: {_DOC}."


class InstallationLogins:
    """Logins by an app's installation, with these `permissions` alone: no token is worth more than is needed for what it is used."""

    def __init__(self, app: App, permissions: Mapping[str, str], now: Callable[[], datetime]) -> None:
        self._app = app
        self._permissions = permissions
        self._now = now
        self._key = read_key(app.key)
        self._lock = threading.Lock()
        self._token = ""
        self._expires = datetime.min.replace(tzinfo=UTC)

    def login(self) -> Login:
        """The token, a new one from five minutes before the old one expires. Raises Unreachable or Refused."""
        with self._lock:
            if self._now() + EARLY >= self._expires:
                self._token, self._expires = self._made()
            return Login(USER, self._token)

    def forget(self) -> None:
        """Make a new token next time."""
        with self._lock:
            self._expires = datetime.min.replace(tzinfo=UTC)

    def _made(self) -> tuple[str, datetime]:
        owner, _, name = self._app.repository.partition("/")
        number = self._app.installation or self._installation(owner, name)
        body = {"repositories": [name], "permissions": dict(self._permissions)}
        told = self._asked("POST", f"/app/installations/{number}/access_tokens", body, 201)
        token, expires = told.get("token"), _instant(told.get("expires_at"))
        if not isinstance(token, str) or not _is_plain(token) or expires is None:
            raise Unreachable("asking GitHub for a token: the answer holds none")
        return token, expires

    def _installation(self, owner: str, name: str) -> str:
        found = self._asked("GET", f"/repos/{owner}/{name}/installation", None, 200).get("id")
        if not isinstance(found, int):
            raise Unreachable("asking GitHub for the app's installation: the answer holds none")
        return str(found)

    def _asked(self, method: str, path: str, body: object, wanted: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._jwt()}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        heard = web.ask(method, self._app.api + path, headers, body)
        doing = f"asking {web.shown(self._app.api)} for a token of the GitHub App {self._app.id}"
        told = heard.data
        if heard.status in _FIXES and not _is_limited(heard):
            raise Refused(f"{doing}: it said {heard.status}", _FIXES[heard.status])
        if heard.status != wanted or not isinstance(told, dict):
            raise Unreachable(f"{doing}: it said {heard.status}")
        return told

    def _jwt(self) -> str:
        """Issued a minute ago and valid for nine, so that clocks may differ a little (GitHub allows ten in all)."""
        now = self._now()
        claims = {"iat": int((now - _SKEW).timestamp()), "exp": int((now + _JWT_LASTS).timestamp()), "iss": self._app.id}
        signed = b".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        signature = self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return (signed + b"." + _base64(signature)).decode()


def read_key(pem: str) -> rsa.RSAPrivateKey:
    """The app's private key. Raises BadAppKey."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as exc:
        raise BadAppKey("not a private key in PEM") from exc
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise BadAppKey("not an RSA key of 2048 bits or more")
    return key


def _is_limited(heard: web.Heard) -> bool:
    return heard.status == 403 and (heard.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in heard.headers)


def _is_plain(token: str) -> bool:
    """One word of visible ASCII: Git's credential protocol is lines."""
    return 0 < len(token) <= 1024 and token.isascii() and token.isprintable() and " " not in token


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
