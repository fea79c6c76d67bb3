"""GitHub and GitHub Enterprise Server: rulesets and branch protection (REST API, "Rules" and "Branch protection")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from workers.adapters.hosts.place import HostPlace
from workers.adapters.hosts.reading import Reading, names, on, texts, word
from workers.adapters.hosts.rules import BranchRules, HostSaidNo, Pattern, TagRules

_PATTERNS = {
    "commit_message_pattern": "message",
    "commit_author_email_pattern": "author",
    "committer_email_pattern": "committer",
}
_STOPS = {
    "pull_request": "a pull request before pushing",
    "required_status_checks": "status checks before pushing",
    "required_deployments": "deployments before pushing",
    "merge_queue": "a merge queue",
    "workflows": "workflows before pushing",
    "code_scanning": "code scanning results before pushing",
    "code_quality": "code quality results before pushing",
    "file_path_restriction": "restricted file paths",
    "file_extension_restriction": "restricted file extensions",
}
OURS = "our GitHub App"
DEPLOY_KEYS = "deploy keys"
_NEEDS = "Give TOWPATH_HOST_TOKEN a token with the permission Administration: read on this repository; docs/install/git-hosts.md."


class GitHub:
    """A repository on GitHub, read with a token. `app` is the id of our GitHub App, if the pushes are made with it."""

    def __init__(self, place: HostPlace, token: str, app: str | None = None) -> None:
        self._repo = f"/repos/{place.path}"
        self._app = app
        self._us = {OURS, DEPLOY_KEYS} if place.by_key else {OURS}
        headers = {"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28", "Accept": "application/vnd.github+json"}
        self._api = Reading(place.api, headers, _NEEDS)

    def branch(self, name: str) -> BranchRules:
        """The rules of a branch, of rulesets and of its protection together. Raises HostSaidNo or WorldError.

        Rules of a ruleset that excepts us do not stop us.
        """
        rules = self._api.all(f"{self._repo}/rules/branches/{quote(name, safe='')}?per_page=100") or []
        excepted, untold = self._excepted({_number(rule) for rule in rules} - {0})
        kinds = {str(rule.get("type")) for rule in rules}
        for_us = [rule for rule in rules if not self._us & set(excepted.get(_number(rule), ()))]
        closed = [excepted.get(_number(rule), ()) for rule in rules if rule.get("type") == "update"]
        stopping = {str(rule.get("type")) for rule in for_us}
        ruled = BranchRules(
            forced="non_fast_forward" not in kinds,
            deleted="deletion" not in kinds,
            reviewed="pull_request" in kinds,
            pushers=_once(who for actors in closed for who in actors) if closed else None,
            stops=tuple(words for kind, words in _STOPS.items() if kind in stopping),
            signed="required_signatures" in stopping,
            patterns=tuple(_patterns(for_us)),
            bypass=_once(who for actors in excepted.values() for who in actors),
            untold=untold,
        )
        return self._protected(name, ruled)

    def _protected(self, name: str, ruled: BranchRules) -> BranchRules:
        try:
            found = self._api.one(f"{self._repo}/branches/{quote(name, safe='')}/protection", absent="not protected")
        except HostSaidNo as exc:
            return _with(ruled, untold=(*ruled.untold, exc.says))
        if found is None:
            return ruled
        stops = tuple(
            words
            for key, words in (
                ("required_pull_request_reviews", _STOPS["pull_request"]),
                ("required_status_checks", _STOPS["required_status_checks"]),
            )
            if isinstance(found.get(key), dict)
        )
        locked = ("a lock of the branch (read-only)",) if on(found, "lock_branch") else ()
        kept = found.get("restrictions")
        allowed = (
            tuple(who for kind in ("users", "teams", "apps") for who in names(kept.get(kind), "login", "slug"))
            if isinstance(kept, dict)
            else None
        )
        excepted = () if on(found, "enforce_admins") else ("administrators (branch protection)",)
        return BranchRules(
            forced=bool(ruled.forced) and on(found, "allow_force_pushes"),
            deleted=bool(ruled.deleted) and on(found, "allow_deletions"),
            reviewed=bool(ruled.reviewed) or isinstance(found.get("required_pull_request_reviews"), dict),
            pushers=ruled.pushers if allowed is None else allowed,
            stops=tuple(dict.fromkeys((*ruled.stops, *stops, *locked))),
            signed=ruled.signed or on(found, "required_signatures"),
            patterns=ruled.patterns,
            bypass=(*ruled.bypass, *excepted),
            untold=ruled.untold,
        )

    def tags(self, sample: str) -> TagRules:
        """The rules of the tags that look like `sample` (`fraud@v1.0.0`), over all active tag rulesets. Raises HostSaidNo or WorldError."""
        listed = self._api.all(f"{self._repo}/rulesets?includes_parents=true&targets=tag&per_page=100") or []
        kinds: set[str] = set()
        bypass: list[str] = []
        untold: list[str] = []
        for one in listed:
            if one.get("target") != "tag" or one.get("enforcement") != "active" or not isinstance(one.get("id"), int):
                continue
            found = self._api.one(f"{self._repo}/rulesets/{one['id']}") or {}
            if not _covers(found.get("conditions"), f"refs/tags/{sample}"):
                continue
            rules = found.get("rules")
            kinds |= {str(rule.get("type")) for rule in rules if isinstance(rule, dict)} if isinstance(rules, list) else set()
            said = self._actors(found)
            bypass += said or ()
            untold += () if said is not None else (f"who may bypass the ruleset {word(found.get('name'))}",)
        return TagRules(
            "update" not in kinds, "deletion" not in kinds, tuple(bypass) if "creation" in kinds else None, tuple(bypass), tuple(untold)
        )

    def _excepted(self, rulesets: set[int]) -> tuple[dict[int, tuple[str, ...]], tuple[str, ...]]:
        """Who may bypass each ruleset, and what of it the host does not tell."""
        excepted: dict[int, tuple[str, ...]] = {}
        untold: list[str] = []
        for number in sorted(rulesets)[:50]:
            try:
                found = self._api.one(f"{self._repo}/rulesets/{number}?includes_parents=true") or {}
            except HostSaidNo as exc:
                untold.append(exc.says)
                continue
            said = self._actors(found)
            excepted[number] = said or ()
            untold += () if said is not None else (f"who may bypass the ruleset {word(found.get('name'))}",)
        return excepted, tuple(untold)

    def _actors(self, ruleset: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Who is excepted; None when the token may not see it, which needs write access to the ruleset."""
        found = ruleset.get("bypass_actors")
        if not isinstance(found, list):
            return None
        return tuple(self._actor(one) for one in found if isinstance(one, dict))

    def _actor(self, actor: Mapping[str, Any]) -> str:
        kind, number = word(actor.get("actor_type")), word(actor.get("actor_id"))
        if kind == "Integration" and self._app is not None and number == self._app:
            return OURS
        return DEPLOY_KEYS if kind == "DeployKey" else f"{kind} {number}"


def _number(rule: Mapping[str, Any]) -> int:
    """The ruleset that a rule belongs to; 0 when it names none."""
    number = rule.get("ruleset_id")
    return number if isinstance(number, int) else 0


def _once(words: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _with(rules: BranchRules, *, untold: tuple[str, ...]) -> BranchRules:
    return BranchRules(**{**vars(rules), "untold": untold})


def _patterns(rules: list[dict[str, Any]]) -> Iterator[Pattern]:
    for rule in rules:
        given = rule.get("parameters")
        on_ = _PATTERNS.get(str(rule.get("type")))
        if on_ and isinstance(given, dict) and isinstance(given.get("pattern"), str):
            yield Pattern(on_, word(given.get("operator")), given["pattern"], given.get("negate") is True)


def _covers(conditions: Any, ref: str) -> bool:
    """Whether a ruleset's `ref_name` takes a ref in: `~ALL`, or patterns in which `*` stops at a slash and `**` does not."""
    named = conditions.get("ref_name") if isinstance(conditions, dict) else None
    if not isinstance(named, dict):
        return False
    include, exclude = texts(named.get("include")), texts(named.get("exclude"))
    return any(one == "~ALL" or fnmatchcase(ref, one) for one in include) and not any(fnmatchcase(ref, one) for one in exclude)
