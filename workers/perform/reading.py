"""Reading the ledger with suspicion: every commit since the anchor is checked before anything is built on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from workers.contract import wire
from workers.contract.envelope import read_stamp, stamp
from workers.contract.names import CommitId
from workers.contract.signatures import fingerprint
from workers.domain import chain, layout, record
from workers.domain.policy import BadPolicy
from workers.domain.recents import Recent
from workers.domain.signers import read as read_signers
from workers.domain.signers import same
from workers.domain.state import WRITER, World, fold, parse_signers
from workers.ports.errors import Untrusted, WorldError
from workers.ports.ledger import LedgerBranch

FOLDERS = (
    "policy", "versions", "environments", "promotions", "holds", "freezes", "locks", "debts", "evidence", "externals", "drift", "incidents",
    "retrainings",
)  # fmt: skip
MOST_RECENT = 5_000


class NoLedger(WorldError):
    """The remote has no ledger branch: `towpath init` makes it."""


@dataclass
class Reader:
    """The state at the ledger's head, kept warm in memory. `commits` names the commit of each record by its sequence number."""

    ledger: LedgerBranch
    public: str
    world: World | None = None
    commits: dict[int, CommitId] = field(default_factory=dict)

    def read(self) -> World:
        """The state at the remote's head. Raises Unreachable, NoLedger or Untrusted."""
        head = self.ledger.fetch()
        if head is None:
            raise NoLedger("the shared repository has no ledger; `towpath init` makes one")
        if self.world is not None and self.world.head == head:
            return self.world
        self._trust_anchor(head)
        commits = self._checked(head)
        world = self._fold(head, commits)
        self._trust_key(world, commits[0])
        self.world, self.commits = world, commits
        self.ledger.set_anchor(head)
        return world

    def moved(self, world: World, commits: dict[int, CommitId]) -> None:
        """Our own push was accepted: this is the state now."""
        self.world = world
        self.commits |= commits
        self.ledger.set_anchor(world.head)

    def files(self, world: World) -> Iterator[tuple[str, bytes]]:
        """Every document of the ledger (records left out)."""
        yield from self._files_at(world.head)

    def record(self, world: World, seq: int) -> bytes:
        """A record, also one that is not pushed yet."""
        return self.ledger.read(world.head, layout.record(seq)) or b"{}"

    def _trust_anchor(self, head: CommitId) -> None:
        anchor = self.ledger.anchor()
        if anchor is None:
            raise Untrusted(
                f"this mirror has never seen the ledger, whose head is {head}. If that is the head you know (from Slack), run: towpath accept-head {head}"
            )
        for _ in self.ledger.links(anchor, head):
            break

    def _checked(self, head: CommitId) -> dict[int, CommitId]:
        """Every commit from the first on (`workers.domain.chain` says what must hold).

        What was found good is kept only when everything up to the head, and the state there, is good.
        """
        known = self.world.head if self.world else None
        commits, line, first = dict(self.commits) if known else {}, self._line(known), None
        for step in self.ledger.steps(known, head):
            judged = chain.judge(line, step, self.ledger)
            if wrong := [flaw for flaw in judged.flaws if flaw.fault not in chain.FOREIGN]:
                raise Untrusted(told(wrong[0]))
            line = judged.line
            first = (first or judged.flaws[0]) if line.foreign else None
            if line.head == step.commit:
                commits[line.seq] = step.commit
        if first:
            raise Untrusted(told(first))
        return commits

    def _line(self, known: CommitId | None) -> chain.Line:
        return chain.at(known, self.world.seq, self.ledger) if known and self.world else chain.Line()

    def _fold(self, head: CommitId, commits: Mapping[int, CommitId]) -> World:
        seq = len(commits) - 1
        files = list(self._files_at(head))
        genesis = wire.load(self.ledger.read(commits[0], layout.GENESIS) or b"{}")
        try:
            return fold(str(genesis.get("repo_id")), head, seq, files, self._recent(head, seq))
        except (wire.BadWire, BadPolicy, KeyError) as exc:
            raise Untrusted(f"the ledger at {head[:12]} holds what is not of ours: {exc}") from exc

    def _files_at(self, head: CommitId) -> Iterator[tuple[str, bytes]]:
        yield layout.SIGNERS, self.ledger.read(head, layout.SIGNERS) or b""
        for folder in FOLDERS:
            yield from self.ledger.read_below(head, folder)

    def _recent(self, head: CommitId, seq: int) -> tuple[Recent, ...]:
        """The records of the last hour before the last one."""
        found: list[Recent] = []
        for number in range(seq, max(seq - MOST_RECENT, 0), -1):
            one = record.recent_of(self.ledger.read(head, layout.record(number)) or b"{}")
            if found and one.time < _an_hour_before(found[0].time):
                break
            found.append(one)
        return tuple(reversed(found))

    def _trust_key(self, world: World, genesis: CommitId) -> None:
        if world.signers.get(WRITER, "").split()[:2] != self.public.split()[:2]:
            raise Untrusted(self._unknown(world))
        first = parse_signers((self.ledger.read(genesis, layout.SIGNERS) or b"").decode()).get(WRITER, "")
        if world.policy.trust and (not first or fingerprint(first) != world.policy.trust):
            raise Untrusted(f"towpath.yaml trusts {world.policy.trust}, but the ledger began with another key")

    def _unknown(self, world: World) -> str:
        """Why our key may not write: it was replaced, or it never was this ledger's."""
        known = read_signers((self.ledger.read(world.head, layout.SIGNERS) or b"").decode())
        ours = next((one for one in known if one.who == WRITER and same(one.key, self.public)), None)
        if ours is None or WRITER not in world.signers:
            return f"the ledger does not know this writer's key {fingerprint(self.public)}; it is never taken up silently"
        return (
            f"this writer's key {fingerprint(self.public)} was replaced by {fingerprint(world.signers[WRITER])}; nothing is written with it. "
            "Put the new key into TOWPATH_KEYS (`towpath rotate-key writer` ends a rotation that was cut short) and start `changes` again"
        )


def told(flaw: chain.Flaw) -> str:
    """A flaw as a sentence."""
    return f"ledger commit {flaw.commit[:12]} {flaw.words}"


def _an_hour_before(time: str) -> str:
    return stamp(read_stamp(time) - timedelta(hours=1))
