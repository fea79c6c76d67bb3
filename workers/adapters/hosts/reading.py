"""Asking a host's API: one page after the other, with a limit on everything, and each answer that is not the rules in words with the fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from workers.adapters import web
from workers.adapters.hosts.place import is_safe
from workers.adapters.hosts.rules import HostIsAway, HostSaidNo

PAGES = 20
_NEXT = re.compile(r'<([^<>]+)>\s*;\s*rel="next"')
_WRONG = "the host does not take it. docs/install/git-hosts.md says which token it needs."


class Reading:
    """The API at `base`, with the header that holds the token.

    `needs` says in words which rights the token needs, `token` which setting it is, `again` how to ask once more.
    """

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        needs: str,
        token: str = "TOWPATH_HOST_TOKEN",  # noqa: S107  # a setting's name, no secret
        again: str = "run `towpath doctor` again",
    ) -> None:
        if not is_safe(base):
            raise HostSaidNo(
                f"{web.shown(base)} is asked over plain http, so the token is not sent", "Use an https address in TOWPATH_REPOSITORY."
            )
        self._base = base
        self._headers = {"Accept": "application/json", **headers}
        self._needs, self._token, self._again = needs, token, again

    def one(self, path: str, *, absent: str | None = None) -> dict[str, Any] | None:
        """The object at a path; None when the host says 404 with words in which `absent` stands (or any, when it is empty). Raises HostSaidNo."""
        heard = self._get(self._base + path)
        if heard.status == 404 and absent is not None and absent in _message(heard.data):
            return None
        found = self._good(heard, path)
        if found is None and heard.body == b"null":
            return None
        if not isinstance(found, dict):
            raise HostSaidNo(f"{self._about(path)} did not answer an object", "Look at the host's API with a browser.")
        return found

    def page(self, path: str) -> list[dict[str, Any]]:
        """The objects of a list's first page. Raises HostSaidNo."""
        return self._objects(self._get(self._base + path), path)

    def all(self, path: str, *, absent: bool = False) -> list[dict[str, Any]] | None:
        """Every object of a list, over its pages; None for 404 when that means *there are none here*. Raises HostSaidNo."""
        url: str | None = self._base + path
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            heard = self._get(str(url))
            if heard.status == 404 and absent:
                return None
            found += self._objects(heard, path)
            url = self._next(heard)
            if url is None:
                return found
        raise HostSaidNo(f"{self._about(path)} has more than {PAGES} pages", "Check the rules by hand: docs/install/git-hosts.md.")

    def tell(self, path: str, body: object, *, good: tuple[int, ...]) -> web.Heard:
        """Ask the host to do something; its answer when that has one of these statuses. Raises HostSaidNo, which quotes what it says of a 4xx."""
        heard = web.ask("POST", self._base + path, self._headers, body)
        if heard.status in good:
            return heard
        if heard.status in (400, 409, 422) and (said := word(_message(heard.data))):
            raise HostSaidNo(f"{self._about(path)} said {heard.status}: {said}", self._needs)
        self._good(heard, path)
        raise HostSaidNo(f"{self._about(path)} said {heard.status}", self._needs)

    def _objects(self, heard: web.Heard, path: str) -> list[dict[str, Any]]:
        page = self._good(heard, path)
        if not isinstance(page, list) or not all(isinstance(one, dict) for one in page):
            raise HostSaidNo(f"{self._about(path)} did not answer a list", "Look at the host's API with a browser.")
        return page

    def _next(self, heard: web.Heard) -> str | None:
        """The next page, on the same site alone: the token goes nowhere else."""
        match = _NEXT.search(heard.headers.get("link", ""))
        if match is None:
            return None
        if urlsplit(match[1])[:2] != urlsplit(self._base)[:2]:
            raise HostSaidNo(
                f"{web.shown(self._base)} names a next page on another site; it was not asked",
                "Set TOWPATH_GIT_WEB to the address by which the host knows itself.",
            )
        return match[1]

    def _get(self, url: str) -> web.Heard:
        return web.ask("GET", url, self._headers)

    def _good(self, heard: web.Heard, path: str) -> Any:
        if heard.status == 200:
            return heard.data
        said, message = heard.status, _message(heard.data).lower()
        if said == 401:
            raise HostSaidNo(f"{self._about(path)} said 401: it does not know the token", f"Correct {self._token}: {_WRONG}")
        if said == 429 or (said == 403 and ("rate limit" in message or heard.headers.get("x-ratelimit-remaining") == "0")):
            raise HostIsAway(f"{self._about(path)} said {said}: too many requests", f"Wait an hour and {self._again}.")
        if said in (403, 404):
            raise HostSaidNo(f"{self._about(path)} said {said}: the token may not see it, or it is not there", self._needs)
        if 300 <= said < 400:
            raise HostSaidNo(
                f"{self._about(path)} lies elsewhere now ({said})", "Set TOWPATH_REPOSITORY to the repository's present address."
            )
        kind = HostIsAway if said >= 500 else HostSaidNo
        raise kind(f"{self._about(path)} said {said}", f"Look at the host's status, and {self._again}.")

    def _about(self, path: str) -> str:
        return f"{web.shown(self._base)} {path.partition('?')[0]}"


def _message(found: Any) -> str:
    said = found.get("message") or found.get("error") if isinstance(found, dict) else None
    return said if isinstance(said, str) else ""


def on(found: Mapping[str, Any], *path: str) -> bool:
    """Whether a switch is on: GitHub writes `{"enabled": true}`, others `true`. What is not there or no switch is off."""
    value: Any = found
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return (value.get("enabled") if isinstance(value, dict) else value) is True


def names(found: Any, *keys: str) -> tuple[str, ...]:
    """The names in a list of objects (by the first key that each has) or of texts, cleaned for showing."""
    said = []
    for one in found if isinstance(found, list) else ():
        value = next((one[key] for key in keys if one.get(key) is not None), None) if isinstance(one, dict) else one
        if isinstance(value, str | int):
            said.append(word(value))
    return tuple(said)


def word(value: object) -> str:
    """A word of the host's, one short line."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))[:100]


def texts(found: Any) -> tuple[str, ...]:
    """The texts of a list; nothing when it is none."""
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()
