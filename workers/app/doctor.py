"""`towpath doctor`: what an installation needs, looked at one by one, with the fix for each finding."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import redis
from redis.exceptions import RedisError

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.adapters.targets import open_target
from workers.app import keys
from workers.app.settings import Settings
from workers.contract.signatures import BadKey, SigningKey
from workers.domain import layout, policy
from workers.domain.state import WRITER, parse_signers
from workers.ports.errors import WorldError

SCOPES = ("app_mentions:read", "chat:write", "commands", "users:read", "usergroups:read", "channels:history")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` is None when it is as it must be."""

    name: str
    says: str
    fix: str | None = None


def examine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, good and bad. A check that cannot be made is a bad finding, never left out."""
    place = settings.place
    yield from _keys(settings)
    yield from _redis(place.redis_url)
    mirror = place.mirror("changes")
    rules: list[policy.Policy] = []
    for check in (lambda: _ledger(mirror, settings), lambda: _policy(mirror, settings, rules)):
        yield from _tried("repository", "Check TOWPATH_REPOSITORY, the network and the credentials of Git.", check)
    for found in rules:
        yield from _targets(found, environ)
    yield from _tried("slack", "Check SLACK_BOT_TOKEN and SLACK_API_URL.", lambda: _slack(environ))


def _tried(name: str, fix: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except (WorldError, httpx.HTTPError) as exc:
        yield Finding(name, str(exc)[:300], fix)


def _keys(settings: Settings) -> Iterator[Finding]:
    folder = settings.towpath_keys
    try:
        writer = SigningKey.load((folder / "writer").read_bytes())
    except (OSError, BadKey) as exc:
        yield Finding(
            "keys",
            f"the writer's key cannot be read ({exc})",
            f"Run `towpath init`, or give TOWPATH_KEYS the folder that holds it, not {folder}.",
        )
        return
    yield Finding("keys", f"the writer's key is {writer.fingerprint}")
    for path in keys.loose(folder):
        yield Finding("keys", f"{path} can be read by others", f"chmod 600 {path}")


def _redis(url: str) -> Iterator[Finding]:
    client = redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3, decode_responses=True)
    try:
        client.ping()
        yield Finding("redis", "it answers")
        found = client.config_get("appendonly")
        on = isinstance(found, dict) and found.get("appendonly") == "yes"
        yield Finding("redis", "append-only is on" if on else "append-only is off", None if on else "Start Redis with --appendonly yes.")
        local = any(host in url for host in ("127.0.0.1", "localhost", "[::1]", "unix:"))
        if "@" not in url and not local:
            yield Finding(
                "redis", "it asks for no password and is not on this host", "Give Redis a password (requirepass) and put it into REDIS_URL."
            )
    except RedisError as exc:
        yield Finding("redis", f"it does not answer ({type(exc).__name__})", "Start Redis, or correct REDIS_URL.")


def _ledger(mirror: Mirror, settings: Settings) -> Iterator[Finding]:
    ledger = GitLedger(mirror, None)
    head = ledger.fetch()
    if head is None:
        yield Finding("ledger", "the repository has no ledger", "Run `towpath init`.")
        return
    anchor = ledger.anchor()
    if anchor is None:
        yield Finding(
            "ledger", f"this mirror has never seen the ledger, whose head is {head}", f"If you know that head: towpath accept-head {head}"
        )
        return
    links = list(ledger.links(anchor, head))
    yield Finding("ledger", f"its head is {head[:12]}, {len(links)} commits after the anchor")
    known = parse_signers((ledger.read(head, layout.SIGNERS) or b"").decode()).get(WRITER, "")
    ours = (settings.towpath_keys / "writer.pub").read_text().split()[:2]
    if known.split()[:2] != ours:
        yield Finding(
            "ledger",
            "it does not know this writer's key",
            "Give TOWPATH_KEYS the folder of keys that `towpath init` made for this repository.",
        )


def _policy(mirror: Mirror, settings: Settings, rules: list[policy.Policy]) -> Iterator[Finding]:
    source = GitSource(mirror, settings.towpath_data / "store")
    source.fetch()
    found = source.policy()
    if found is None:
        yield Finding(
            "policy", f"the branch {settings.towpath_source_branch} has no towpath.yaml", "Add one; docs/policy.md shows the smallest."
        )
        return
    try:
        proposed = policy.read(found[1])
    except policy.BadPolicy as exc:
        for error in exc.errors:
            yield Finding("policy", error, "Correct towpath.yaml on the source branch.")
        return
    rules.append(proposed)
    yield Finding("policy", f"towpath.yaml is valid: {', '.join(proposed.environments)}")
    writer = SigningKey.load((settings.towpath_keys / "writer").read_bytes())
    if not proposed.trust:
        yield Finding("policy", "it pins no ledger key", f'Add to towpath.yaml: trust: "{writer.fingerprint}"')


def _targets(rules: policy.Policy, environ: Mapping[str, str]) -> Iterator[Finding]:
    for environment in rules.environments.values():
        for rule in environment.targets:
            name = f"target {environment.name}/{rule.name}"
            try:
                open_target(rule, environ).observe("towpath-doctor")
                yield Finding(name, f"{rule.url} answers")
            except WorldError as exc:
                yield Finding(name, str(exc)[:300], "Start the server, or correct its url in towpath.yaml.")


def _slack(environ: Mapping[str, str]) -> Iterator[Finding]:
    token = environ.get("SLACK_BOT_TOKEN") or _from_file(environ.get("SLACK_BOT_TOKEN_FILE"))
    if not token:
        yield Finding("slack", "SLACK_BOT_TOKEN is not set here", "Set it to the bot token of the app (xoxb-...), also for this command.")
        return
    url = environ.get("SLACK_API_URL", "https://slack.com/api/").rstrip("/") + "/auth.test"
    answer = httpx.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    told = answer.json()
    if not told.get("ok"):
        yield Finding("slack", f"auth.test said {told.get('error')}", "Install the app in the workspace again and copy its bot token.")
        return
    yield Finding("slack", f"the bot is {told.get('user_id')} in {told.get('team_id')}")
    granted = answer.headers.get("x-oauth-scopes", "").split(",")
    missing = [scope for scope in SCOPES if answer.headers.get("x-oauth-scopes") and scope not in granted]
    if missing:
        yield Finding(
            "slack", f"the app lacks {', '.join(missing)}", "Add the scopes (manifest.yaml has them all) and install the app again."
        )


def _from_file(path: str | None) -> str | None:
    try:
        return Path(path).read_text().strip() if path else None
    except OSError:
        return None


def environment() -> Mapping[str, str]:
    """The environment, for the checks that need a token."""
    return os.environ
