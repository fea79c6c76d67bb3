"""Take a batch, read the ledger, judge each request on the state that the one before left, push once; only then answer and start effects.

A lost race throws the whole batch's commits away and judges again on the new state: a freeze or a hold that landed meanwhile is seen. Nothing is
ever rebased. A crash at any point is harmless: what was pushed is known by its request id, what was not pushed still lies in the inbox.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import PROCESSES
from workers.contract.drift import Incident
from workers.contract.envelope import LIFETIME, BadEnvelope, Envelope, Sealed, Sender, read_stamp, request_id, stamp
from workers.contract.externals import External
from workers.contract.names import ActorId, CommitId, PromotionId
from workers.contract.outcomes import Delivery, IncidentMoved, Moved, Outcome, Registered, RetrainingMoved, Trouble
from workers.contract.promotion import Event, Promotion, RegisteredVersion, Release
from workers.contract.retraining import Retraining
from workers.contract.stories import Told
from workers.domain import bundle, record
from workers.domain import decision as d
from workers.domain.chain import CLOCK_SLACK
from workers.domain.decide import decide
from workers.domain.layout import Document, path_of
from workers.domain.state import World, decided
from workers.perform import persons
from workers.perform.reading import Reader
from workers.ports.errors import Unclear, Unreachable, Untrusted, WorldError
from workers.ports.inbox import Board, Entry, Inbox
from workers.ports.ledger import Draft, LedgerBranch, Push

log = structlog.get_logger()

BATCH = 128
"""A push costs about as much as forty decisions: with many requests waiting, more of them share one."""
TRIES = 20
ANOMALIES_PER_MINUTE = 1


@dataclass(frozen=True)
class Judged:
    """One request with what became of it. `commit` is set when it was recorded."""

    case: d.Case
    decision: d.Decision
    commit: CommitId | None = None


@dataclass
class Batch:
    """What one pass made: the state that it leaves, the files that changed, and each request's fate."""

    world: World
    judged: list[Judged] = field(default_factory=list)
    files: dict[str, bytes | None] = field(default_factory=dict)
    commits: dict[int, CommitId] = field(default_factory=dict)


class Loop:
    """The only writer. `now` is the clock's one door."""

    def __init__(self, ledger: LedgerBranch, inbox: Inbox, board: Board, reader: Reader, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._board = board
        self._reader = reader
        self._now = now
        self._touched: dict[str, Document] = {}
        self._told: set[str] = set()

    def perform(self, most: int = BATCH) -> int:
        """One batch from the inbox to the answers; how many requests it held. Raises WorldError, with the batch still in the inbox."""
        entries = self._inbox.take(most)
        if not entries:
            return 0
        try:
            batch = self._land(entries)
        except WorldError as exc:
            self._say_trouble(entries, exc)
            raise
        self._tell(batch)
        self._inbox.done(entries)
        self._told.clear()
        return len(entries)

    def now(self) -> datetime:
        """What the clock says."""
        return self._now()

    def read(self) -> World:
        """The state at the ledger's head."""
        return self._reader.read()

    @property
    def ledger(self) -> LedgerBranch:
        """The branch that it writes."""
        return self._ledger

    @property
    def known_head(self) -> CommitId | None:
        """The head as this process last saw it."""
        return self._reader.world.head if self._reader.world else None

    @property
    def commits(self) -> dict[int, CommitId]:
        """The commit of each record by its number."""
        return self._reader.commits

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every document of the ledger as last read (records left out)."""
        world = self._reader.world
        return self._reader.files(world) if world else iter(())

    def touched(self) -> list[RegisteredVersion | Release | External]:
        """The versions, releases and changes around us that are new since the last call, as they are now."""
        found = [one for one in self._touched.values() if isinstance(one, RegisteredVersion | Release | External)]
        self._touched.clear()
        return found

    def _land(self, entries: Sequence[Entry]) -> Batch:
        for attempt in range(TRIES):
            world = self._reader.read()
            batch = self._judge_all(world, entries)
            if not batch.commits or self._ledger.push(batch.world.head, world.head) is Push.ACCEPTED:
                if batch.commits:
                    self._reader.moved(batch.world, batch.commits)
                return batch
            log.info("push_lost", attempt=attempt, head=world.head)
            time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311  # jitter between writers, no secret
        raise Unreachable("recording: other writers were faster twenty times in a row")

    def _judge_all(self, world: World, entries: Sequence[Entry]) -> Batch:
        batch = Batch(world)
        for entry in entries:
            after: PromotionId | None = None
            for _ in range(100):
                case = replace(self._open(batch.world, entry), after=after)
                judged = self._judge(batch, case)
                batch.judged.append(judged)
                if judged.commit is None or not isinstance(case.envelope.request, ask.Tick):
                    break
                after = judged.decision.promotion.id if judged.decision.promotion else after
        return batch

    def _judge(self, batch: Batch, case: d.Case) -> Judged:
        """A request that trips over a defect of ours changes nothing and is not tried again: it must not stop all the others behind it."""
        try:
            return self._record(batch, case)
        except WorldError:
            raise
        except Exception:
            log.exception("defect", request_id=case.envelope.request_id, verb=type(case.envelope.request).__name__)
            what = f"Judging {case.envelope.request_id} met a defect of Towpath. Nothing was changed; the log tells more."
            return Judged(case, d.answer(Trouble(what, kept=False)))

    def _record(self, batch: Batch, case: d.Case) -> Judged:
        decision = self._decide(batch.world, case)
        if decision.event is None:
            return Judged(case, decision)
        _trust_clock(batch.world, case)
        written = record.files(batch.world, case, decision)
        bytes_ = next(data for path, data in written.items() if path.startswith("records/") and data is not None)
        draft = Draft(written, record.message(case, decision, bytes_), ActorId(case.actor.id), case.time)
        (commit,) = self._ledger.build(batch.world.head, [draft])
        batch.world = decided(batch.world, commit, decision.documents, written, record.recent(batch.world, case, decision))
        batch.files |= written
        batch.commits[batch.world.seq] = commit
        return Judged(case, decision, commit)

    def _decide(self, world: World, case: d.Case) -> d.Decision:
        if case.sealed is None:
            return _anomaly(world, case)
        if not isinstance(case.envelope.request, ask.Tick) and (known := world.known(case.envelope.request_id)):
            promotion = world.promotions.get(known.promotion) if known.promotion else None
            return d.answer(Moved(promotion) if promotion else record.answer_again(self._reader.record(world, known.seq)))
        return decide(world, case)

    def _open(self, world: World, entry: Entry) -> d.Case:
        now = self._now()
        try:
            sealed = Sealed.from_wire(entry.wire)
            envelope = _opened(world, sealed)
            return d.Case(envelope, sealed, now, _asked(world, envelope), entry.looked)
        except BadEnvelope as exc:
            log.warning("bad_envelope", why=str(exc), sha256=wire.sha256(entry.wire.encode(errors="replace")))
            return _forged(world, entry, now, str(exc))

    def _tell(self, batch: Batch) -> None:
        world = batch.world
        commits = self._reader.commits
        documents = [one for judged in batch.judged for one in judged.decision.documents]
        self._touched |= {path_of(one): one for one in documents}
        changed = [one for one in documents if isinstance(one, Promotion)]
        latest = [world.promotions[id_] for id_ in dict.fromkeys(one.id for one in changed)]
        self._board.show(world, batch.files, latest, commits)
        self._board.deliver([delivery for judged in batch.judged for delivery in self._deliveries(world, judged)])
        self._board.start([effect for judged in batch.judged for effect in judged.decision.effects])

    def _deliveries(self, world: World, judged: Judged) -> Iterator[Delivery]:
        case, decision = judged.case, judged.decision
        person = case.actor.id if case.actor.id.is_person else None
        asked = (case.asked or case.envelope).request_id
        where = case.conversation
        for document in decision.documents:
            if isinstance(document, Promotion) and bundle.leads(document):
                yield Delivery(self.moved(world, document), document.channel, asked, person, where)
            elif isinstance(document, Incident | Retraining) and document.channel:
                yield Delivery(self.told(world, document), document.channel, asked, person, where)
        for outcome in decision.outcomes:
            if isinstance(outcome, Moved):
                yield Delivery(self.moved(world, outcome.promotion), outcome.promotion.channel, asked, person, where)
            elif where is not None:
                yield Delivery(_with_commit(outcome, judged.commit), where.channel, asked, person, where)
        channels = world.policy.told_of(decision.about[0]) or ((where.channel,) if where else ())
        for outcome in decision.announce:
            yield from (Delivery(outcome, channel) for channel in channels)

    def moved(self, world: World, promotion: Promotion) -> Moved:
        """A promotion as the bot shows it, with the commit of each of its records. Every commit up to the head was checked when it was read."""
        return Moved(promotion, self._named(promotion.events), world.head, verified=True)

    def told(self, world: World, story: Incident | Retraining) -> IncidentMoved | RetrainingMoved:
        """An incident or a retraining as the bot shows it, with the commit of each of its records."""
        named = self._named(story.events)
        if isinstance(story, Retraining):
            return RetrainingMoved(story, named, world.head)
        elsewhere = next((channel for channel in world.policy.announce if channel != story.channel), None)
        return IncidentMoved(story, named, world.head, elsewhere)

    def _named(self, events: Sequence[Event | Told]) -> dict[str, CommitId]:
        commits = self._reader.commits
        return {str(event.seq): commits[event.seq] for event in events if event.seq in commits}

    def _say_trouble(self, entries: Sequence[Entry], exc: WorldError) -> None:
        """Who waits is told once."""
        log.warning("cannot_record", why=str(exc), error=type(exc).__name__, entries=len(entries))
        world = self._reader.world
        if world is None:
            return
        said = []
        for entry in entries:
            envelope = self._open(world, entry).envelope
            if isinstance(envelope.request, ask.PEOPLE) and envelope.conversation and envelope.request_id not in self._told:
                self._told.add(envelope.request_id)
                trouble = Trouble(_words(exc), kept=True)
                said.append(Delivery(trouble, envelope.conversation.channel, envelope.request_id, envelope.actor.id, envelope.conversation))
        self._board.deliver(said)


def _trust_clock(world: World, case: d.Case) -> None:
    """A record that is dated before the one below it would make the whole ledger doubtful."""
    last = world.recent[-1].time if world.recent else ""
    if case.time < last and case.now < read_stamp(last) - CLOCK_SLACK:
        raise Untrusted(f"the clock of this host was set back: it says {case.time}, and the last record is of {last}. Correct the clock")


def _with_commit(outcome: Outcome, commit: CommitId | None) -> Outcome:
    return replace(outcome, commit=commit) if isinstance(outcome, Registered) else outcome


def _opened(world: World, sealed: Sealed) -> Envelope:
    if sealed.sender is Sender.PERSON:
        return persons.opened(world, sealed)
    key = world.key_of(sealed.sender)
    if key is None:
        raise BadEnvelope(f"the ledger knows no key of {sealed.sender.value}")
    return sealed.open(key, world.repo_id)


def _asked(world: World, envelope: Envelope) -> Envelope | None:
    """The person's envelope that a report answers: its own signature must hold, and it must have asked for this very thing."""
    report = envelope.request
    if isinstance(report, ask.Gathered):
        return _opened_of_person(world, report.asked_by)
    if isinstance(report, ask.RecipeRead):
        return _of_retrain(world, report)
    if isinstance(report, ask.Measured):
        return _asked_of_drift(world, report)
    if not isinstance(report, ask.Inspected | ask.NotInspected | ask.Observed) or report.asked_by is None:
        return None
    asked = _opened_of_person(world, report.asked_by)
    if not (_accepts(world, asked, report) if isinstance(report, ask.Observed) else _registers(world, asked, report)):
        raise BadEnvelope("nobody asked for what it answers")
    return asked


def _opened_of_person(world: World, wired: str) -> Envelope:
    asked = _opened(world, Sealed.from_wire(wired))
    if not isinstance(asked.request, ask.PEOPLE):
        raise BadEnvelope("it answers nobody's request")
    return asked


def _of_retrain(world: World, report: ask.RecipeRead) -> Envelope:
    asked = _opened_of_person(world, report.asked_by)
    if not isinstance(asked.request, ask.Retrain) or asked.request.artifact not in (None, report.artifact):
        raise BadEnvelope("nobody asked for what it answers")
    return asked


def _asked_of_drift(world: World, report: ask.Measured) -> Envelope | None:
    """The question that a measurement answers: of this artifact, of none by name, or of a name that nobody knows and that was read as this one."""
    if report.asked_by is None:
        return None
    asked, found = _opened_of_person(world, report.asked_by), report.report
    wanted = asked.request
    if not (
        isinstance(wanted, ask.ShowDrift)
        and (wanted.artifact in (None, found.artifact) or wanted.artifact not in world.versions)
        and wanted.environment in (None, found.environment)
    ):
        raise BadEnvelope("nobody asked for what it answers")
    return asked


def _registers(world: World, asked: Envelope, report: ask.Inspected | ask.NotInspected) -> bool:
    """Whether the person asked for this version: by name, or by asking for the retraining that has brought it."""
    about = report.found if isinstance(report, ask.Inspected) else report
    wanted = asked.request
    if isinstance(wanted, ask.Retrain):
        brought = {(one.artifact, one.version, one.asked) for one in world.retrainings.values()}
        return (about.artifact, about.version, report.asked_by) in brought
    return isinstance(wanted, ask.Register) and (wanted.artifact, wanted.version) == (about.artifact, about.version)


def _accepts(world: World, asked: Envelope, report: ask.Observed) -> bool:
    """Whether somebody asked to accept what this promotion's targets run: by its id, or in its thread."""
    wanted, where = asked.request, asked.conversation
    in_thread = world.threads.get((where.channel, where.thread)) if where and where.thread else None
    return isinstance(wanted, ask.AcceptLive) and report.promotion == (wanted.promotion or in_thread)


def _forged(world: World, entry: Entry, now: datetime, why: str) -> d.Case:
    digest = wire.sha256(entry.wire.encode(errors="replace"))
    envelope = Envelope(
        request_id("anomaly", digest),
        world.repo_id,
        stamp(now),
        stamp(now + LIFETIME),
        PROCESSES["writer"],
        ask.Tick(),
        text=f"{why[:200]} ({digest})",
    )
    return d.Case(envelope, None, now)


def _anomaly(world: World, case: d.Case) -> d.Decision:
    """A request that is not one is recorded, at most once a minute: whoever can write to Redis must not be able to fill Git."""
    minute = case.time[:16]
    if sum(one.event == "anomaly" for one in world.recent.since(minute)) >= ANOMALIES_PER_MINUTE:
        return d.NOTHING
    return d.Decision(event="anomaly", subject="A request in the inbox was not of ours", detail={"why": case.envelope.text})


def _words(exc: WorldError) -> str:
    """What people are told: an operator's details (addresses, git's own words on a broken line) stay in the log."""
    if isinstance(exc, Unreachable | Unclear):
        return "the shared repository does not answer"
    return str(exc)[:300]
