"""A second remote that receives every head of the ledger and is compared with it. It never decides: what it says is told, not obeyed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.adapters.git.mirror import Mirror
from workers.adapters.git.plumbing import Configuration, Plumbing
from workers.adapters.git.pushing import push
from workers.adapters.git.urls import RemoteUrl
from workers.contract.names import BadName, CommitId
from workers.ports.errors import RefusedByHost, Unreachable

PATIENCE = 10.0
"""Seconds: a witness that hangs must not hold up the ledger for long."""
_SEEN = "refs/towpath/witness"
_TOLD = "refs/towpath/witness-told"


class Standing(Enum):
    """How the witness stands to the ledger. `AHEAD` and `DIVERGED` are what it is there to show."""

    SAME = "same"
    BEHIND = "behind"
    AHEAD = "ahead"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Comparison:
    """What was found: the witness's head (None: it has no ledger yet) beside the ledger's."""

    standing: Standing
    witness: CommitId | None
    ledger: CommitId

    @property
    def is_amiss(self) -> bool:
        """Whether the witness has what the ledger lacks."""
        return self.standing in (Standing.AHEAD, Standing.DIVERGED)

    @property
    def words(self) -> str:
        """For people."""
        ours, theirs = self.ledger[:12], (self.witness or "nothing")[:12]
        return {
            Standing.SAME: f"the witness has the ledger's head {ours}",
            Standing.BEHIND: f"the witness has {theirs}, which is below the ledger's head {ours}",
            Standing.AHEAD: f"the witness has more than the ledger: its head is {theirs}, and the ledger ends at {ours} below it",
            Standing.DIVERGED: f"the witness has another history than the ledger: its head is {theirs}, the ledger's is {ours}",
        }[self.standing]


class Witness:
    """The ledger branch of the remote at `url`, through the objects of a mirror of the shared repository."""

    def __init__(self, mirror: Mirror, url: str, configuration: Configuration = Configuration.OURS, patience: float = PATIENCE) -> None:
        self._mirror = mirror
        self.remote = RemoteUrl.read(url)
        self.git = Plumbing(mirror.folder, self.remote, configuration, patience)
        self._branch = f"refs/heads/{mirror.ledger_branch}"

    def head(self) -> CommitId | None:
        """Where the witness has the ledger branch now, or None. Raises Unreachable."""
        answer = self.git.talk("ls-remote", "--quiet", "--", self.remote.address, self._branch)
        if not answer.good:
            raise Unreachable(f"asking the witness: {self.git.shown(answer.words) or 'no answer in time'}")
        found = [line.partition("\t") for line in answer.lines]
        try:
            return next((CommitId.read(oid) for oid, _, name in found if name == self._branch), None)
        except BadName as exc:
            raise Unreachable("asking the witness: it names what is not a commit") from exc

    def compare(self, ledger: CommitId) -> Comparison:
        """Its head beside this one, which the mirror must hold. Raises Unreachable."""
        witness = self.head()
        if witness is None or witness == ledger:
            return Comparison(Standing.SAME if witness else Standing.BEHIND, witness, ledger)
        self._take(witness)
        if self._is_below(witness, ledger):
            return Comparison(Standing.BEHIND, witness, ledger)
        return Comparison(Standing.AHEAD if self._is_below(ledger, witness) else Standing.DIVERGED, witness, ledger)

    def show(self, ledger: CommitId) -> None:
        """Push this head to the witness, plainly. Raises Unreachable or RefusedByHost; nobody's work hangs on it."""
        sent = push(self, {self._branch: ledger})
        if not sent.accepted:
            raise (RefusedByHost if sent.answered else Unreachable)(f"pushing to the witness: {sent.words or 'no answer in time'}")

    def is_told(self, found: Comparison) -> bool:
        """Whether this finding was told before; the mirror remembers the last one, over restarts."""
        return self._mirror.ref(f"{_TOLD}/{found.standing.value}") == found.witness

    def remember(self, found: Comparison) -> None:
        """Told now. One that is mended is forgotten, so that it is told when it comes back."""
        for standing in (Standing.AHEAD, Standing.DIVERGED):
            name = f"{_TOLD}/{standing.value}"
            if found.standing is standing:
                self._mirror.set_ref(name, found.witness)
            elif not found.is_amiss and self._mirror.ref(name):
                self._mirror.set_ref(name, None)

    def _take(self, commit: CommitId) -> None:
        if self._mirror.git.run("cat-file", "-e", f"{commit}^{{commit}}").good:
            return
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
        answer = self.git.talk("fetch", *options, "--", self.remote.address, f"+{self._branch}:{_SEEN}")
        if not answer.good:
            raise Unreachable(f"fetching from the witness: {self.git.shown(answer.words) or 'no answer in time'}")

    def _is_below(self, lower: CommitId, higher: CommitId) -> bool:
        return self._mirror.git.run("merge-base", "--is-ancestor", lower, higher).good
