"""A ledger in memory: people say sentences, processes report, time passes; every decision is folded as the loop that writes would fold it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from workers.contract import requests as ask
from workers.contract.actors import PROCESSES, Actor, Conversation, Origin, Standing
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, ArtifactName, CommitId, Digest, EnvironmentName, PromotionId, StoryId, Version, VersionAsk
from workers.contract.outcomes import Outcome, Reason, Refused
from workers.contract.promotion import Kind, Promotion, RegisteredVersion, Release
from workers.contract.requests import Seen
from workers.contract.signatures import SigningKey
from workers.contract.stories import Card
from workers.domain import decision as d
from workers.domain import layout, record
from workers.domain.decide import decide
from workers.domain.policy import email_digest
from workers.domain.state import WRITER, World, apply, fold

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHANNEL = "CBIOPSY"
REPO = "5f0c6a1e"
POLICY = """\
version: 1
people:
  UDANA: {git: [dana@example.com]}
  UEVE: {git: [eve@example.com]}
roles:
  ml-leads: {users: [UBEN, UMIA, UDANA], groups: [SLEADS]}
  ops: {users: [UOLA]}
channels:
  CBIOPSY: {artifact: biopsy, announce: true}
environments:
  staging:
    run: [ops, ml-leads]
    targets: [{name: stage, type: model-server, url: "http://127.0.0.1:9001"}]
  prod:
    after: staging
    soak: 1h
    request: ["*"]
    run: [ml-leads]
    approve: {from: [ml-leads], count: 1, expires: 24h, exclude: [requester, author]}
    gates:
      - metrics: {auc: {at_least: 0.90, not_worse_than_live_by: 0.005}}
    targets: [{name: eu, type: model-server, url: "http://127.0.0.1:9002"}, {name: us, type: model-server, url: "http://127.0.0.1:9003"}]
  vault:
    request: [ops, ml-leads]
    run: [ml-leads]
    approve: {from: [ml-leads], count: 2}
"""


def new_key() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    return SigningKey.load(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


KEYS = {name: new_key() for name in ("writer", "bot", "effects", "clock")}
SIGNERS = f'{WRITER} namespaces="git" {KEYS["writer"].public}\n' + "".join(
    f'{name}@towpath namespaces="towpath-{name}" {KEYS[name].public}\n' for name in ("bot", "effects", "clock")
)
STAGING, PROD, VAULT = (EnvironmentName.read(name) for name in ("staging", "prod", "vault"))
BIOPSY = ArtifactName.read("biopsy")


def person(user: str, *groups: str, standing: Standing = Standing.MEMBER, team: str = "THOME") -> Actor:
    return Actor(ActorId.read(f"{user}@{team}"), standing, groups)


ANA, BEN, MIA, DANA, OLA = (person(user) for user in ("UANA", "UBEN", "UMIA", "UDANA", "UOLA"))
CARL = person("UCARL", "SLEADS")


def digest_of(text: str) -> Digest:
    return Digest.read("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def commit_of(text: str) -> CommitId:
    return CommitId.read(hashlib.sha1(text.encode()).hexdigest())  # noqa: S324  # an object id of Git


def version_of(
    version: str,
    artifact: str = "biopsy",
    kind: Kind = Kind.MODEL,
    metrics: Mapping[str, str] | None = None,
    content: str | None = None,
    authors: tuple[str, ...] = ("dana@example.com",),
    dataset: str | None = "holdout-1",
) -> RegisteredVersion:
    text = content or f"{artifact} {version}"
    return RegisteredVersion(
        artifact=ArtifactName.read(artifact),
        kind=kind,
        version=Version.read(version),
        commit=commit_of(f"{artifact} {version}"),
        digest=digest_of(text),
        folder=f"models/{artifact}",
        path="model",
        files=1,
        bytes=1200,
        registered_at="",
        seq=0,
        authors=tuple(email_digest(author) for author in authors),
        metrics={"auc": "0.95"} if metrics is None else metrics,
        dataset=dataset,
        metrics_digest=digest_of(f"metrics {text}"),
        drift="drift/reference.parquet" if kind is Kind.MODEL else None,
    )


class Story:
    """One ledger from its beginning. `world` is its state, `files` what lies in it, `decisions` what was decided."""

    def __init__(self, policy: str = POLICY) -> None:
        self.now = BEGIN
        self.files: dict[str, bytes] = {layout.POLICY: policy.encode(), layout.SIGNERS: SIGNERS.encode()}
        self.world: World = fold(REPO, commit_of("genesis"), 0, self.files.items(), ())
        self.decisions: list[d.Decision] = []
        self._asked = 0

    # What happens.

    def says(
        self,
        who: Actor,
        request: ask.Request,
        thread: str | None = None,
        channel: str = CHANNEL,
        looked: bool = False,
        edited: bool = False,
        origin: Origin = Origin.COMMAND,
        aged: timedelta = timedelta(0),
    ) -> d.Decision:
        """A person's request, judged `aged` after it was said."""
        where = Conversation(channel, origin, thread, edited=edited)
        envelope = self._envelope(who, request, where, issued=self.now - aged)
        return self.judge(d.Case(envelope, seal(envelope, Sender.BOT, KEYS["bot"]), self.now, looked=looked))

    def _case(self, who: Actor, request: ask.Request) -> d.Case:
        """A person's request, ready to be judged, after the repository was looked at for it."""
        envelope = self._envelope(who, request, Conversation(CHANNEL, Origin.COMMAND), issued=self.now)
        return d.Case(envelope, seal(envelope, Sender.BOT, KEYS["bot"]), self.now, looked=True)

    def reports(self, request: ask.Request, asked: Envelope | None = None, aged: timedelta = timedelta(0)) -> d.Decision:
        """What an effect saw."""
        envelope = self._envelope(PROCESSES["effects"], request, None, issued=self.now - aged)
        return self.judge(d.Case(envelope, seal(envelope, Sender.EFFECTS, KEYS["effects"]), self.now, asked=asked))

    def asks(self, who: Actor, request: ask.Request, aged: timedelta = timedelta(0)) -> Envelope:
        """A person's envelope that a report will answer."""
        return self._envelope(who, request, Conversation(CHANNEL, Origin.COMMAND, None), issued=self.now - aged)

    def ticks(self) -> list[d.Decision]:
        """The clock: everything that is due."""
        done: list[d.Decision] = []
        while len(done) < 100:
            envelope = self._envelope(PROCESSES["clock"], ask.Tick(), None, issued=self.now)
            decision = self.judge(d.Case(envelope, seal(envelope, Sender.CLOCK, KEYS["clock"]), self.now))
            if decision.event is None:
                return done
            done.append(decision)
        raise AssertionError(f"the clock never comes to rest: {[one.subject for one in done[-5:]]}")

    def later(self, **by: float) -> Story:
        """Time passes."""
        self.now += timedelta(**by)
        return self

    def judge(self, case: d.Case) -> d.Decision:
        """Decide, and fold what was decided."""
        decision = decide(self.world, case)
        self.decisions.append(decision)
        if decision.event is not None:
            written = record.files(self.world, case, decision)
            assert record.recent_of(written[layout.record(self.world.seq + 1)] or b"") == record.recent(self.world, case, decision)
            commit = commit_of(repr(sorted(written.items())))
            self.world = apply(self.world, commit, written, record.recent(self.world, case, decision))
            self.files |= {path: data for path, data in written.items() if data is not None}
            for path in [path for path, data in written.items() if data is None]:
                del self.files[path]
        return decision

    def folded(self) -> World:
        """The state as somebody reads it who only has the files."""
        found = fold(REPO, self.world.head, self.world.seq, self.files.items(), self.world.recent)
        return replace(found, last_promotion=self.world.last_promotion)

    def _envelope(self, actor: Actor, request: ask.Request, where: Conversation | None, issued: datetime) -> Envelope:
        self._asked += 1
        id_ = request_id("story", str(self._asked))
        text = type(request).__name__.lower() if where else None
        return Envelope(id_, REPO, stamp(issued), stamp(issued + LIFETIME), actor, request, where, text)

    # Short ways.

    def registers(self, *versions: RegisteredVersion) -> Story:
        for version in versions:
            assert self.reports(ask.Inspected(version)).event == "registered"
        return self

    def promotes(self, who: Actor, version: str, to: str = "prod", name: str = "biopsy", **more: str) -> d.Decision:
        wanted = ask.Promote(VersionAsk.read(version), EnvironmentName.read(to), ArtifactName.read(name), because=more.get("because"))
        return self.says(who, wanted)

    def deploys(self, id_: str, seen: Seen = Seen.DONE, text: str = "loaded beside, switched") -> d.Decision:
        return self.reports(ask.Deployed(PromotionId.read(id_), self.promotion(id_).generation, seen, "eu", text))

    def verifies(self, id_: str, seen: Seen = Seen.DONE, text: str = "digest and golden prediction match") -> d.Decision:
        return self.reports(ask.Verified(PromotionId.read(id_), self.promotion(id_).generation, seen, "eu", text))

    def restores(self, id_: str, seen: Seen = Seen.DONE, text: str = "serves again") -> d.Decision:
        return self.reports(ask.Restored(PromotionId.read(id_), self.promotion(id_).generation, seen, "eu", text))

    def succeeds(self, version: str, to: str, *approvers: Actor) -> str:
        """A promotion from the request to its success."""
        asked = self.promotes(ANA if to != "vault" else OLA, version, to)
        assert asked.promotion is not None, asked
        id_ = str(asked.promotion.id)
        for who in approvers:
            self.says(who, ask.Approve(asked.promotion.id))
        assert self.state(id_) == "deploying", self.promotion(id_)
        self.deploys(id_)
        self.verifies(id_)
        assert self.state(id_) == "succeeded"
        return id_

    def live_in_prod(self, version: str) -> str:
        """Through staging and its soak to prod."""
        self.succeeds(version, "staging")
        self.later(hours=2)
        return self.succeeds(version, "prod", BEN)

    def card(self, id_: str, ts: str, channel: str = CHANNEL) -> d.Decision:
        envelope = self._envelope(PROCESSES["bot"], ask.CardPosted(StoryId.read(id_), Card(channel, ts)), None, self.now)
        return self.judge(d.Case(envelope, seal(envelope, Sender.BOT, KEYS["bot"]), self.now))

    # What stands there.

    def promotion(self, id_: str) -> Promotion:
        return self.world.promotions[PromotionId.read(id_)]

    def state(self, id_: str) -> str:
        return self.promotion(id_).state.value

    def lane(self, environment: str = "prod", artifact: str = "biopsy") -> Release:
        found = self.world.release(EnvironmentName.read(environment), ArtifactName.read(artifact))
        assert found is not None
        return found

    def live(self, environment: str = "prod", artifact: str = "biopsy") -> str | None:
        found = self.world.release(EnvironmentName.read(environment), ArtifactName.read(artifact))
        return str(found.live.version) if found and found.live else None


def outcome(decision: d.Decision) -> Outcome:
    (only,) = decision.outcomes
    return only


def reasons(decision: d.Decision) -> list[Reason]:
    found = outcome(decision)
    assert isinstance(found, Refused), found
    return list(found.reasons)


def refused(story: Story, decision: d.Decision) -> list[str]:
    """The codes of a recorded refusal, once it is sure that it changed nothing."""
    assert decision.event == "refused"
    assert (decision.documents, decision.deleted, decision.texts, decision.effects) == ((), (), {}, ())
    found = outcome(decision)
    assert isinstance(found, Refused)
    assert found.record == story.world.seq
    assert all(reason.text for reason in found.reasons)
    return [reason.code for reason in found.reasons]


def unsealed(case: d.Case) -> Sealed:
    assert case.sealed is not None
    return case.sealed
