"""Gitea and Forgejo: branch protections and tag protections (REST API v1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from workers.adapters.hosts.place import HostPlace
from workers.adapters.hosts.reading import Reading, names, on, texts
from workers.adapters.hosts.rules import BranchRules, TagRules

_NEEDS = (
    "Give TOWPATH_HOST_TOKEN the token of an administrator of the repository with the scope read:repository; docs/install/git-hosts.md."
)


class Gitea:
    """A repository on Gitea or Forgejo, read with a token."""

    def __init__(self, place: HostPlace, token: str, app: str | None = None) -> None:
        del app  # GitHub's alone
        self._repo = f"/repos/{place.path}"
        self._api = Reading(place.api, {"Authorization": f"token {token}"}, _NEEDS)

    def branch(self, name: str) -> BranchRules:
        """The rules of a branch: of the protection with its very name, else of the first whose pattern fits. Raises HostSaidNo or WorldError."""
        listed = self._api.all(f"{self._repo}/branch_protections?limit=50") or []
        named = [(str(one.get("rule_name") or one.get("branch_name")), one) for one in listed]
        found = next((one for rule, one in named if rule == name), None) or next(
            (one for rule, one in named if fnmatchcase(name, rule)), None
        )
        if found is None:
            return BranchRules(forced=True, deleted=True, reviewed=False)
        stops = () if on(found, "enable_push") else ("no push by anybody (Disable Push)",)
        return BranchRules(
            forced=on(found, "enable_force_push"),
            deleted=False,
            reviewed=not on(found, "enable_push") or _count(found.get("required_approvals")) > 0,
            pushers=tuple(_pushers(found)) if on(found, "enable_push_whitelist") else None,
            stops=stops,
            signed=on(found, "require_signed_commits"),
        )

    def tags(self, sample: str) -> TagRules:
        """The rules of the tags that look like `sample`. Raises HostSaidNo or WorldError.

        A protected tag can be made, moved and deleted by those on its list alone. Hosts that are too old for this part of the API say 404.
        """
        listed = self._api.all(f"{self._repo}/tag_protections?limit=50", absent=True)
        if listed is None:
            return TagRules(None, None, untold=("tag protections: this host's API does not show them",))
        fits = [one for one in listed if _fits(str(one.get("name_pattern")), sample)]
        makers = tuple(who for one in fits for key in ("whitelist_usernames", "whitelist_teams") for who in names(one.get(key)))
        return TagRules(moved=not fits, deleted=not fits, makers=makers if fits else None, bypass=makers)


def _fits(pattern: str, tag: str) -> bool:
    """A pattern between slashes is a regular expression, which we leave to people: it counts as one that does not fit."""
    return not (pattern.startswith("/") and pattern.endswith("/")) and fnmatchcase(tag, pattern)


def _pushers(found: Mapping[str, Any]) -> Iterator[str]:
    yield from texts(found.get("push_whitelist_usernames"))
    yield from texts(found.get("push_whitelist_teams"))
    if on(found, "push_whitelist_deploy_keys"):
        yield "deploy keys"


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
