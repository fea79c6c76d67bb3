"""`towpath approve --sign` and its like: what an approver says at a terminal, signed with a key of their own. Slack has no part in it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from celery import Celery
from kombu.exceptions import OperationalError

from workers.adapters import agent
from workers.adapters.git.cache import Cache
from workers.adapters.git.ledger import GitLedger
from workers.adapters.redis.connection import connect
from workers.adapters.redis.inbox import RedisInbox
from workers.app.reading import ledger, where
from workers.app.reading.tables import cell
from workers.contract import lanes, wire
from workers.contract import requests as ask
from workers.contract.actors import Actor, Standing
from workers.contract.approval import NAMESPACE, statement
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, PromotionId, RequestId
from workers.contract.promotion import Promotion
from workers.contract.signatures import BadKey, Signer, SigningKey
from workers.domain import layout, signers
from workers.domain.state import World
from workers.perform.persons import home
from workers.tasks.wiring import now

PATIENCE = 60
"""Seconds in which a record is waited for."""
_KEY = "Your private key, or its public half when an SSH agent holds it."
Say = Callable[["Desk", str | None], ask.Request]


@dataclass(frozen=True)
class Desk:
    """Where somebody signs: the ledger as it was just read, the promotion, and the person whose key it is."""

    cache: Cache
    world: World
    promotion: Promotion
    key: Signer
    user: str

    @property
    def actor(self) -> Actor:
        """The person in the workspace that the ledger is about."""
        return Actor(ActorId.read(f"{self.user}@{home(self.world)}"), Standing.MEMBER, None)


def _command(verb: str, says: Say, help_: str) -> click.Command:
    """One verb: what is signed is shown first, and the end says what was recorded."""

    @click.command(verb, help=help_)
    @click.argument("promotion")
    @click.option("--sign", is_flag=True, required=True, help="Sign with your own key: at a terminal nothing else says who you are.")
    @click.option("--key", type=click.Path(path_type=Path, dir_okay=False), default=Path("~/.ssh/id_ed25519"), show_default=True, help=_KEY)
    @click.option("--because", metavar="TEXT", required=verb == "dispute", help="The reason, for the record.")
    @click.option("--yes", is_flag=True, help="Sign what is shown without asking.")
    @click.option("--repository", help="The shared repository, in place of TOWPATH_REPOSITORY.")
    def command(promotion: str, sign: bool, key: Path, because: str | None, yes: bool, repository: str | None) -> None:  # noqa: FBT001  # the options of a command line
        redis_url = where.setting("REDIS_URL", os.environ)
        if not redis_url:
            raise click.UsageError("REDIS_URL is not set: it is where Towpath takes requests from.")
        desk = _desk(repository, promotion.upper(), key.expanduser())
        for line in _shown(desk.promotion):
            click.echo(line)
        if not yes and not click.confirm(f"{verb.capitalize()} {desk.promotion.id} as {desk.user}, signed with {desk.key.fingerprint}?"):
            raise click.ClickException("Nothing was signed.")
        id_ = _hand_over(desk, redis_url, _sealed(desk, says(desk, because), f"{verb} {desk.promotion.id}"))
        click.echo(_recorded(desk, id_))

    return command


def _desk(repository: str | None, named: str, key_file: Path) -> Desk:
    key = _key(key_file)
    cache = where.cache(repository)
    head = cache.refresh()
    if head is None:
        raise click.ClickException("The repository has no ledger.")
    world, _ = ledger.read(cache, head)
    promotion = world.promotions.get(PromotionId.read(named))
    if promotion is None:
        raise click.ClickException(f"There is no promotion {named}.")
    user = next((user for user, public in world.policy.keys.items() if signers.same(public, key.public)), None)
    if user is None:
        fix = "adopt a policy that has it under `people`, as `ssh`"
        raise click.ClickException(f"The policy in force names nobody with the key {key.fingerprint}: {fix}. Nothing was signed.")
    return Desk(cache, world, promotion, key, user)


def _key(path: Path) -> Signer:
    try:
        text = path.read_bytes()
        return agent.AgentKey.load(path) if text.startswith(b"ssh-") else SigningKey.load(text)
    except OSError as exc:
        raise click.ClickException(f"{path} cannot be read ({exc.strerror}). Name your key: --key FILE.") from None
    except BadKey as exc:
        hint = "For a key with a passphrase, add it to an SSH agent and name its public half: --key FILE.pub."
        raise click.ClickException(f"{path} is {exc}. {hint}") from None


def _shown(promotion: Promotion) -> Iterator[str]:
    """What is signed, for a last comparison with the card."""
    live = f"{promotion.live.version} ({promotion.live.digest.short})" if promotion.live else "nothing"
    yield f"{promotion.id}: {promotion.artifact} {promotion.to.version} to {promotion.environment}, {promotion.state.value.replace('_', ' ')}"
    yield f"  goes live   {promotion.to.version} ({promotion.to.digest})"
    yield f"  in place of {live}"
    yield f"  asked by    {promotion.requester}: {cell(promotion.because or 'no reason was given', 300)}"
    yield from (f"  {gate.result.value:<11} {gate.gate}: {cell(gate.text, 200)}" for gate in promotion.gates)
    yield f"  plan        {promotion.plan}"


def _sealed(desk: Desk, request: ask.Request, text: str) -> Sealed:
    at = now()
    id_ = request_id("person", secrets.token_hex(16))
    envelope = Envelope(id_, desk.world.repo_id, stamp(at), stamp(at + LIFETIME), desk.actor, request, text=text)
    return seal(envelope, Sender.PERSON, desk.key)


def _hand_over(desk: Desk, redis_url: str, sealed: Sealed) -> RequestId:
    """Into the inbox, as the bot does it. Where nobody can be woken, the sweep comes for it."""
    RedisInbox(connect(redis_url)).put(sealed)
    celery = Celery("towpath", broker=redis_url, set_as_current=False)
    celery.conf.update(task_serializer="json", broker_connection_timeout=3)
    try:
        celery.send_task(lanes.DRAIN, queue=lanes.QUEUES[lanes.DRAIN], retry=False, ignore_result=True)
    except OperationalError:
        click.echo("Handed over; the workers take it at their next sweep.", err=True)
    finally:
        celery.close()
    return RequestId.read(wire.load(sealed.payload)["request_id"])


def _recorded(desk: Desk, id_: RequestId) -> str:
    """What the ledger says of the request, once it says something. Raises click.ClickException for a refusal, or when it says nothing."""
    seq, until = desk.world.seq, time.monotonic() + PATIENCE
    while time.monotonic() < until:
        head = desk.cache.refresh()
        while head and (data := GitLedger(desk.cache, None).read(head, layout.record(seq + 1))):
            seq += 1
            record = wire.load(data)
            if record.get("request", {}).get("id") == id_:
                return _told(record)
        time.sleep(0.5)
    raise click.ClickException(
        f"No record of {id_} after {PATIENCE} seconds: until there is one, nothing has changed. It is dropped after 15 minutes. "
        "A signature that does not hold, or a person whom the policy does not name, leaves no answer but an anomaly in the ledger."
    )


def _told(record: Any) -> str:
    if record["event"] == "refused" and "promotion" not in record:
        reasons = " ".join(cell(str(one.get("text")), 400) for one in record["detail"]["reasons"])
        raise click.ClickException(f"Refused, record {record['seq']}: {reasons} Nothing was changed.")
    last = record["promotion"]
    return (
        f"Recorded: record {record['seq']}, {record['event'].replace('_', ' ')}. {last['id']} stands at {last['state'].replace('_', ' ')}."
    )


def _approve(desk: Desk, because: str | None) -> ask.Request:
    plan = desk.promotion.plan
    signature = desk.key.sign(statement(desk.world.repo_id, desk.promotion.id, plan), NAMESPACE)
    return ask.Approve(desk.promotion.id, plan.removeprefix("sha256:"), because, signature)


approve = _command(
    "approve",
    _approve,
    "Approve PROMOTION with a signature of your own over its plan.\n\nWhere a rule of the policy says `signed: true`, nothing less counts; "
    "elsewhere it counts as a click does. The policy must name the key, as `ssh` of yours under `people`, and you as a user of the role: "
    "nobody asks Slack for your groups.",
)
reject = _command(
    "reject", lambda desk, because: ask.Reject(desk.promotion.id, because), "Reject PROMOTION, signed with a key of your own: it ends."
)
withdraw = _command(
    "withdraw",
    lambda desk, because: ask.Withdraw(desk.promotion.id, because),
    "Take your approval of PROMOTION back, signed with a key of your own, until deployment begins.",
)
dispute = _command(
    "dispute",
    lambda desk, because: ask.Dispute(because or "", desk.promotion.id),
    "Dispute your approval of PROMOTION after deployment began, signed with a key of your own: opens a debt.",
)
ALL = (approve, reject, withdraw, dispute)
