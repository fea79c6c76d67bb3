"""`towpath doctor`: what an installation needs, looked at one by one, with the fix for each finding."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis
from redis.exceptions import AuthenticationError, RedisError

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.targets import open_target
from workers.app import keys, logs
from workers.app.place import place
from workers.app.settings import Settings
from workers.contract.names import CommitId
from workers.contract.signatures import SigningKey
from workers.domain import layout, policy
from workers.domain.state import WRITER, parse_signers
from workers.perform.reading import Reader
from workers.ports.errors import BadContent, Untrusted, WorldError

SCOPES = (
    "commands",
    "chat:write",
    "app_mentions:read",
    "users:read",
    "usergroups:read",
    "channels:history",
    "groups:history",
    "im:history",
)
SLACK = "https://slack.com/api/"
WRONG_KEYS = "Set TOWPATH_KEYS to the folder of keys that `towpath init` made for this repository."


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` is None when it is as it must be."""

    name: str
    says: str
    fix: str | None = None


@dataclass
class Patient:
    """The installation. `rules` is its policy, once it was read."""

    settings: Settings
    environ: Mapping[str, str]
    rules: policy.Policy | None = None

    _mirror: Mirror | None = field(default=None, repr=False)

    @property
    def mirror(self) -> Mirror:
        """The mirror of the lane that writes."""
        self._mirror = self._mirror or place(self.settings).mirror("changes")
        return self._mirror

    @property
    def public(self) -> str:
        """The writer's public key. Raises OSError."""
        return (self.settings.towpath_keys / "writer.pub").read_text()


class Looking(GitLedger):
    """The ledger for somebody who only looks: what is checked here is not thereby accepted."""

    def set_anchor(self, commit: CommitId) -> None:
        """Leave it where it is."""


Check = Callable[[Patient], Iterator[Finding]]


def examine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, good and bad. A check that cannot be made is a bad finding, never left out, and stops no other."""
    patient = Patient(settings, environ)
    for name, fix, check in CHECKS:
        try:
            for finding in check(patient):
                yield _without_secrets(finding)
        except (WorldError, RedisError, httpx.HTTPError, ValueError, OSError) as exc:
            yield _without_secrets(Finding(name, f"{type(exc).__name__}: {str(exc)[:300]}", fix))


def _without_secrets(finding: Finding) -> Finding:
    return Finding(finding.name, logs.struck(finding.says), finding.fix and logs.struck(finding.fix))


def _keys(patient: Patient) -> Iterator[Finding]:
    folder = patient.settings.towpath_keys
    try:
        keys.require(folder, keys.FILES)
    except keys.BadFolder as exc:
        yield Finding("keys", str(exc), WRONG_KEYS)
        return
    for name in keys.SIGNERS:
        public = (folder / f"{name}.pub").read_text().split()[:2]
        if public != SigningKey.load((folder / name).read_bytes()).public.split()[:2]:
            yield Finding("keys", f"{folder / name}.pub is not the public half of {name}", WRONG_KEYS)
    loose = list(keys.loose(folder))
    for path in loose:
        yield Finding("keys", f"{path} can be read by others", f"chmod 600 {path}")
    if not loose:
        yield Finding("keys", f"the writer's key is {SigningKey.load((folder / 'writer').read_bytes()).fingerprint}")


def _redis(patient: Patient) -> Iterator[Finding]:
    client = redis.Redis.from_url(
        patient.settings.redis_url.get_secret_value(), socket_timeout=3, socket_connect_timeout=3, decode_responses=True
    )
    try:
        told: dict[str, object] = dict(client.info())
    except AuthenticationError:
        yield Finding("redis", "it does not take the password", "Correct the password in REDIS_URL.")
        return
    except RedisError as exc:
        yield Finding("redis", f"it does not answer ({type(exc).__name__})", "Start Redis, or correct REDIS_URL.")
        return
    finally:
        client.close()
    yield Finding("redis", f"version {told.get('redis_version')} answers")
    if told.get("aof_enabled") == 1:
        yield Finding("redis", "append-only is on")
    else:
        yield Finding("redis", "append-only is off: what was received is lost when it restarts", "Start Redis with --appendonly yes.")
    if told.get("maxmemory_policy") != "noeviction":
        yield Finding("redis", f"it may throw away what waits ({told.get('maxmemory_policy')})", "Set maxmemory-policy noeviction.")
    yield from _guarded(client)


def _guarded(client: redis.Redis) -> Iterator[Finding]:
    given = client.get_connection_kwargs()
    if not given.get("password") and not _is_here(str(given.get("host", "localhost"))):
        yield Finding(
            "redis", "it asks for no password and is not on this host", "Give Redis a password (requirepass) and put it into REDIS_URL."
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ledger(patient: Patient) -> Iterator[Finding]:
    ledger = Looking(patient.mirror, None)
    head = ledger.fetch()
    if head is None:
        yield Finding("ledger", "the repository has no ledger", "Run `towpath init`.")
        return
    known = parse_signers((ledger.read(head, layout.SIGNERS) or b"").decode()).get(WRITER, "")
    if known.split()[:2] != patient.public.split()[:2]:
        yield Finding("ledger", f"at {head[:12]} it does not know this writer's key; nothing is written", WRONG_KEYS)
        return
    if ledger.anchor() is None and patient.settings.towpath_ledger_head != head:
        yield Finding(
            "ledger",
            f"this host has never seen it, and its head is {head}; nothing is written",
            f"See in Slack that this is the newest head, then: towpath accept-head {head}",
        )
        return
    yield _checked(ledger, head, patient.public)


def _checked(ledger: Looking, head: CommitId, public: str) -> Finding:
    """As the process judges it that writes: every commit from the first on."""
    if ledger.anchor() is None:
        return Finding("ledger", f"its head is {head[:12]}, which TOWPATH_LEDGER_HEAD accepts at the start")
    try:
        world = Reader(ledger, public).read()
    except Untrusted as exc:
        return Finding(
            "ledger",
            f"{exc}; nothing is written",
            "Find out who wrote it and compare it with the heads shown in Slack: docs/operations.md, When Towpath cannot work.",
        )
    return Finding("ledger", f"its head is {world.head[:12]}, record {world.seq}; every commit is signed by the writer")


def _policy(patient: Patient) -> Iterator[Finding]:
    branch = patient.settings.towpath_source_branch
    source = place(patient.settings).source(patient.mirror)
    source.fetch()
    found = source.policy()
    if found is None:
        yield Finding("policy", f"the branch {branch} has no towpath.yaml", "Add one; docs/policy.md shows the smallest.")
        return
    try:
        patient.rules = policy.read(found[1])
    except policy.BadPolicy as exc:
        for error in exc.errors:
            yield Finding("policy", error, f"Correct towpath.yaml on the branch {branch}; the policy in force stays until then.")
        return
    yield Finding("policy", f"towpath.yaml is valid: {', '.join(patient.rules.environments)}")
    yield from _trust(patient.rules, SigningKey.load((patient.settings.towpath_keys / "writer").read_bytes()).fingerprint)


def _trust(rules: policy.Policy, fingerprint: str) -> Iterator[Finding]:
    if rules.trust != fingerprint:
        says = f"it pins {rules.trust}, which is not this writer's key" if rules.trust else "it pins no ledger key"
        yield Finding("policy", says, f'If the ledger is yours, write in towpath.yaml: trust: "{fingerprint}"')


def _targets(patient: Patient) -> Iterator[Finding]:
    for environment in patient.rules.environments.values() if patient.rules else ():
        for rule in environment.targets:
            name = f"target {environment.name}/{rule.name}"
            try:
                open_target(rule, patient.environ).observe("towpath-doctor")
                yield Finding(name, f"{rule.url} answers")
            except BadContent as exc:
                yield Finding(name, str(exc)[:300], "Set what is missing, also for this command, or correct the target in towpath.yaml.")
            except WorldError as exc:
                yield Finding(name, str(exc)[:300], "Start the server, or correct its url in towpath.yaml.")


def _slack(patient: Patient) -> Iterator[Finding]:
    token = patient.environ.get("SLACK_BOT_TOKEN") or _from_file(patient.environ.get("SLACK_BOT_TOKEN_FILE"))
    if not token:
        yield Finding("slack", "SLACK_BOT_TOKEN is not set here", "Set it to the bot token of the app (xoxb-...), also for this command.")
        return
    if not re.fullmatch(r"xox[be](?:\.xox[bp])?-[\w-]{3,}", token, re.ASCII):
        yield Finding("slack", "SLACK_BOT_TOKEN is not a bot token", "Set it to the bot token of the app (xoxb-...).")
        return
    url = (patient.environ.get("SLACK_API_URL") or SLACK).rstrip("/") + "/auth.test"
    answer = httpx.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    told = answer.raise_for_status().json()
    if not isinstance(told, dict) or not told.get("ok"):
        error = told.get("error") if isinstance(told, dict) else "nothing of Slack's"
        yield Finding("slack", f"auth.test said {error}", "Install the app in the workspace again and copy its bot token.")
        return
    yield Finding("slack", f"the bot is {told.get('user_id')} in {told.get('team_id')}")
    yield from _scopes(answer.headers.get("x-oauth-scopes"))


def _scopes(granted: str | None) -> Iterator[Finding]:
    """Slack's Web API names the scopes of a token in the header `X-OAuth-Scopes` of each answer; another server may not."""
    missing = [scope for scope in SCOPES if scope not in re.split(r",\s*", granted)] if granted else []
    if missing:
        yield Finding(
            "slack", f"the app lacks {', '.join(missing)}", "Add the scopes (manifest.yaml has them all) and install the app again."
        )


def _from_file(path: str | None) -> str | None:
    return Path(path).read_text("utf-8").strip() if path else None


CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("keys", WRONG_KEYS, _keys),
    ("redis", "Start Redis, or correct REDIS_URL.", _redis),
    ("ledger", "Check TOWPATH_REPOSITORY, TOWPATH_KEYS, the network and the credentials of Git.", _ledger),
    ("policy", "Check TOWPATH_REPOSITORY, TOWPATH_KEYS, the network and the credentials of Git.", _policy),
    ("target", "Correct the targets in towpath.yaml.", _targets),
    ("slack", "Check SLACK_BOT_TOKEN, SLACK_API_URL and the network.", _slack),
)
