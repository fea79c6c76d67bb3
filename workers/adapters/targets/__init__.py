"""Targets: places that serve. `open_target` makes one from a rule of the policy; further kinds come as entry points of the group `towpath.targets`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from workers.adapters.targets.model_server import ModelServer
from workers.domain.policy import TargetRule
from workers.ports.errors import BadContent
from workers.ports.target import Target

__all__ = ["GROUP", "ModelServer", "open_target"]

GROUP = "towpath.targets"
Opener = Callable[[TargetRule, str | None], Target]
"""What an entry point names: the rule and its token (already looked up) in, a target out."""


def open_target(rule: TargetRule, environ: Mapping[str, str]) -> Target:
    """The target of a rule. Nothing is sent yet. Raises BadContent for an unknown kind, a missing token or an address that cannot be used."""
    return _opener(rule)(rule, _token(rule, environ))


def _model_server(rule: TargetRule, token: str | None) -> Target:
    return ModelServer(rule.name, rule.url, token)


KINDS: Mapping[str, Opener] = {"model-server": _model_server}


def _opener(rule: TargetRule) -> Opener:
    if rule.type in KINDS:
        return KINDS[rule.type]
    found = list(entry_points(group=GROUP, name=rule.type))
    if len(found) != 1:
        why = f"{len(found)} packages bring it" if found else f"known are {', '.join(sorted({*KINDS, *entry_points(group=GROUP).names}))}"
        raise BadContent(f"the target {rule.name} is of the type {rule.type!r}, which cannot be used: {why}")
    try:
        opener: Opener = found[0].load()
    except (ImportError, AttributeError) as exc:
        raise BadContent(f"the target {rule.name} is of the type {rule.type!r}, whose package cannot be loaded") from exc
    return opener


def _token(rule: TargetRule, environ: Mapping[str, str]) -> str | None:
    """The token that `env:NAME` points at: the variable NAME, else the file that NAME_FILE names."""
    if rule.token is None:
        return None
    scheme, _, name = rule.token.partition(":")
    if scheme != "env" or not name:
        raise BadContent(f"the token of target {rule.name} must be written as env:NAME, with the name of an environment variable")
    if token := environ.get(name, "").strip():
        return token
    file = environ.get(f"{name}_FILE")
    if file is None:
        raise BadContent(f"the token of target {rule.name} is to be in the environment variable {name}, which is not set")
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadContent(f"the token of target {rule.name} is to be in the file that {name}_FILE names, which cannot be read") from exc
    if not token:
        raise BadContent(f"the token of target {rule.name} is to be in the file that {name}_FILE names, which is empty")
    return token
