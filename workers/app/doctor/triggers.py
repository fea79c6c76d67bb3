"""Which pushes start a CI file: GitHub's `on` (Gitea's and Forgejo's too), and GitLab's rules as far as they can be told without running them.

The files are people's, with anchors and tags of their own: they are composed into nodes and looked into by name, never constructed or walked whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

LARGEST = 256 * 1024
DEEPEST = 50
_LONGEST = 200
_RESERVED = {
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "pages",
    "spec",
}
_KINDS = {
    "branches",
    "tags",
    "merge_requests",
    "schedules",
    "pushes",
    "web",
    "api",
    "triggers",
    "external_pull_requests",
    "pipelines",
    "chat",
}


class NotRead(ValueError):
    """The file is not YAML of bounded size and depth."""


@dataclass(frozen=True)
class Starts:
    """Whether a push to the ledger branch, or of a tag that shows an environment (`fraud#prod#8`), starts something."""

    branch: bool
    tag: bool

    def __bool__(self) -> bool:
        return self.branch or self.tag


def github(text: str, ledger: str, tag: str) -> Starts:
    """Of a workflow file. Raises NotRead."""
    on = _mapping(_read(text)).get("on")
    if isinstance(on, yaml.MappingNode):
        events: Mapping[str, yaml.Node | None] = _mapping(on)
    else:
        events = dict.fromkeys(_words(on))
    filters = _mapping(events.get("push"))
    named: dict[str, Sequence[str]] = {
        kind: _words(filters.get(kind)) for kind in ("branches", "branches-ignore", "tags", "tags-ignore") if kind in filters
    }
    pushed = "push" in events
    created = "create" in events
    return Starts(
        branch=pushed and _taken(named, "branches", "tags", ledger),
        tag=created or (pushed and _taken(named, "tags", "branches", tag)),
    )


def _taken(named: Mapping[str, Sequence[str]], own: str, other: str, name: str) -> bool:
    """GitHub: a filter on branches alone keeps tags out, and the other way round; without any filter every push counts."""
    if own in named:
        return matches(named[own], name)
    if f"{own}-ignore" in named:
        return not matches(named[f"{own}-ignore"], name)
    return other not in named and f"{other}-ignore" not in named


def matches(patterns: Sequence[str], name: str) -> bool:
    """Whether GitHub's filter patterns take a name in; the last one that fits counts, and one with `!` takes it out again."""
    taken = False
    for pattern in patterns:
        if re.fullmatch(_expression(pattern.removeprefix("!")), name):
            taken = not pattern.startswith("!")
    return taken


def _expression(pattern: str) -> str:
    """A filter pattern as a regular expression: `*` stops at a slash, `**` does not, `?` and `+` repeat what stands before them."""
    parts = re.findall(r"\*\*+|\*|\[[^\]]*\]|\\.|.", pattern[:_LONGEST], re.DOTALL)
    said = "".join(_part(part) for part in parts)
    try:
        re.compile(said)
    except re.error:
        return ".*"  # whatever it means, it may take in our names
    return said


def _part(part: str) -> str:
    if part.startswith("**"):
        return ".*"
    if part == "*":
        return "[^/]*"
    if part in ("?", "+") or (part.startswith("[") and len(part) > 1):
        return part
    return part if part.startswith("\\") and len(part) == 2 else re.escape(part)


def gitlab(text: str, ledger: str, tag: str) -> Starts:
    """Of a `.gitlab-ci.yml`, coarsely: only what certainly starts nothing is let pass. Raises NotRead."""
    top = _mapping(_read(text))
    rules = _mapping(top.get("workflow")).get("rules")
    never = [_if(rule) for rule in _items(rules) if _never(rule)]
    branch_kept_out = any(ledger in said and "CI_COMMIT_BRANCH" in said for said in never)
    tag_kept_out = any("CI_COMMIT_TAG" in said for said in never)
    jobs = [job for name, job in top.items() if name not in _RESERVED and not name.startswith(".") and isinstance(job, yaml.MappingNode)]
    kinds = [_only(_mapping(job)) for job in jobs]
    narrow = bool(kinds) and all(only is not None for only in kinds)
    found = [word for only in kinds for word in only or ()]
    return Starts(
        branch=not branch_kept_out and not (narrow and not any(_opens(word, "branches", ledger) for word in found)),
        tag=not tag_kept_out and not (narrow and not any(_opens(word, "tags", tag) for word in found)),
    )


def _only(job: Mapping[str, yaml.Node]) -> list[str] | None:
    """The refs of a job's `only`, or None when it is decided otherwise."""
    if "rules" in job or "extends" in job or "<<" in job or "only" not in job:
        return None
    only = job["only"]
    return _words(_mapping(only).get("refs") if isinstance(only, yaml.MappingNode) else only)


def _opens(word: str, kind: str, name: str) -> bool:
    """A regular expression may fit anything; a plain word is a kind of pipeline or one name."""
    return word in (kind, name) or word.startswith("/") or (word not in _KINDS and "*" in word)


def _never(rule: yaml.Node) -> bool:
    return _words(_mapping(rule).get("when")) == ["never"]


def _if(rule: yaml.Node) -> str:
    return " ".join(_words(_mapping(rule).get("if")))


def _read(text: str) -> yaml.Node | None:
    """The one document of a text, as nodes. Depth is counted over the flat events first: composing recurses."""
    if len(text) > LARGEST:
        raise NotRead(f"longer than {LARGEST} characters")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise NotRead(f"nested deeper than {DEEPEST}")
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, UnicodeError, ValueError) as exc:
        raise NotRead("not YAML") from exc
    found: yaml.Node | None = documents[-1] if documents else None
    return found


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _words(node: yaml.Node | None) -> list[str]:
    """A scalar, or the scalars of a list."""
    if isinstance(node, yaml.ScalarNode):
        return [str(node.value)] if node.value else []
    return [str(one.value) for one in _items(node) if isinstance(one, yaml.ScalarNode)]
