"""GitLab: protected branches, protected tags, push rules (REST API v4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from workers.adapters.hosts.place import HostPlace
from workers.adapters.hosts.reading import Reading, on, word
from workers.adapters.hosts.rules import BranchRules, Pattern, TagRules

_NEEDS = "Give TOWPATH_HOST_TOKEN a project access token with the role Maintainer and the scope read_api; docs/install/git-hosts.md."


class GitLab:
    """A project on GitLab, read with a token."""

    def __init__(self, place: HostPlace, token: str, app: str | None = None) -> None:
        del app  # GitHub's alone
        self._project = f"/projects/{quote(place.path, safe='')}"
        self._api = Reading(place.api, {"PRIVATE-TOKEN": token}, _NEEDS)

    def branch(self, name: str) -> BranchRules:
        """The rules of a branch. Raises HostSaidNo or WorldError.

        Several protections may fit a name; then the most permissive counts for pushing. A protected branch is not deleted by a push.
        """
        listed = self._api.all(f"{self._project}/protected_branches?per_page=100") or []
        fits = [one for one in listed if fnmatchcase(name, str(one.get("name")))]
        pushers = tuple(who for one in fits for who in _levels(one.get("push_access_levels")))
        if not fits:
            return BranchRules(forced=True, deleted=True, reviewed=False, **self._pushed())
        nobody = ("no push by anybody (Allowed to push: No one)",) if not pushers else ()
        rules = self._pushed()
        return BranchRules(
            forced=any(on(one, "allow_force_push") for one in fits),
            deleted=False,
            reviewed=not pushers,
            pushers=tuple(dict.fromkeys(pushers)),
            **{**rules, "stops": (*nobody, *rules["stops"])},
        )

    def tags(self, sample: str) -> TagRules:
        """The rules of the tags that look like `sample`. Raises HostSaidNo or WorldError. A protected tag is never moved."""
        listed = self._api.all(f"{self._project}/protected_tags?per_page=100") or []
        fits = [one for one in listed if fnmatchcase(sample, str(one.get("name")))]
        makers = tuple(dict.fromkeys(who for one in fits for who in _levels(one.get("create_access_levels"))))
        return TagRules(moved=not fits, deleted=not fits, makers=makers if fits else None)

    def _pushed(self) -> dict[str, Any]:
        """The push rules: a feature of paid plans; elsewhere the host says 404, or `null` when there are none."""
        found = self._api.one(f"{self._project}/push_rule", absent="") or {}
        stops = tuple(words for key, words in _CHECKS.items() if on(found, key))
        return {"signed": on(found, "reject_unsigned_commits"), "patterns": tuple(_patterns(found)), "stops": stops}


_CHECKS = {
    "commit_committer_check": "a committer whose e-mail address is the pushing user's (commit_committer_check)",
    "commit_committer_name_check": "a committer whose name is the pushing user's (commit_committer_name_check)",
    "member_check": "an author who is a GitLab user (member_check)",
    "reject_non_dco_commits": "a Signed-off-by line (reject_non_dco_commits)",
}


def _patterns(found: Mapping[str, Any]) -> Iterator[Pattern]:
    for key, on_, negated in (
        ("commit_message_regex", "message", False),
        ("commit_message_negative_regex", "message", True),
        ("author_email_regex", "author", False),
        ("branch_name_regex", "branch", False),
    ):
        text = found.get(key)
        if isinstance(text, str) and text:
            yield Pattern(on_, "regex", text, negated)


def _levels(found: Any) -> Iterator[str]:
    """Who a list of access levels lets in; level 0 is nobody."""
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and (one.get("access_level") != 0 or one.get("deploy_key_id")):
            yield word(one.get("access_level_description") or one.get("access_level"))
