"""A real ledger of two records in a real bare repository, and the shell that the documentation speaks to."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.repository import build
from tests.unit.docs.pages import DOCS, blocks
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.app import genesis, key_files, keys
from workers.app.rotation import Ring
from workers.contract.actors import Actor, Conversation, Origin, Standing
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, seal, stamp
from workers.contract.names import ActorId, CommitId, PromotionId
from workers.contract.requests import Cancel
from workers.contract.signatures import SigningKey
from workers.domain import decision as d
from workers.domain import record
from workers.domain.decide import decide
from workers.perform.reading import Reader
from workers.ports.ledger import Draft, Push

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Bank:
    """A shared repository with a ledger, Towpath's keys, and a folder to work in."""

    remote: Path
    keys: Path
    folder: Path
    ledger: GitLedger

    @property
    def head(self) -> CommitId:
        """The ledger's head in the remote."""
        head = self.ledger.fetch()
        assert head is not None
        return head

    def shell(self, script: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script with `sh`, without the configuration of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        nobody = {
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "Eve",
            "GIT_AUTHOR_EMAIL": "eve@example.com",
        }
        nobody |= {"GIT_COMMITTER_NAME": "Eve", "GIT_COMMITTER_EMAIL": "eve@example.com"}
        where = cwd or self.folder
        return subprocess.run(["sh", "-c", script], cwd=where, env=kept | nobody | variables, capture_output=True, text=True, check=False)

    def must(self, script: str, cwd: Path | None = None, **variables: str) -> str:
        """Run a script that has no reason to fail; what it prints."""
        ended = self.shell(script, cwd, **variables)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def record_a_refusal(self, number: int) -> CommitId:
        """Record the refusal of a request that the bot signed."""
        writer = SigningKey.load((self.keys / "writer").read_bytes())
        world = Reader(self.ledger, writer.public).read()
        sealed = self._sealed(world.repo_id, number)
        case = d.Case(sealed.open(str(world.key_of(Sender.BOT)), world.repo_id), sealed, NOW, looked=True)
        decision = decide(world, case)
        files = record.files(world, case, decision)
        data = next(data for path, data in files.items() if path.startswith("records/") and data)
        (commit,) = self.ledger.build(world.head, [Draft(files, record.message(case, decision, data), case.actor.id, case.time)])
        assert self.ledger.push(commit, world.head) is Push.ACCEPTED
        return commit

    def _sealed(self, repo_id: str, number: int) -> Sealed:
        actor = Actor(ActorId.read("U0ANA@T0BANK"), Standing.MEMBER, ())
        envelope = Envelope(
            request_id("T0BANK", "trigger", str(number)),
            repo_id,
            stamp(NOW),
            stamp(NOW + LIFETIME),
            actor,
            Cancel(PromotionId.read("P-7")),
            Conversation("C0BIOPSY", Origin.COMMAND),
            "cancel P-7",
        )
        return seal(envelope, Sender.BOT, SigningKey.load((self.keys / "bot").read_bytes()))


def rotated(bank: Bank, *names: str) -> Bank:
    """The bank after these keys were replaced, as `towpath rotate-key NAME` does it."""
    for name in names:
        writer = SigningKey.load((bank.keys / "writer").read_bytes())
        ledger = GitLedger(Mirror(bank.folder / "mirror", str(bank.remote)), writer)
        new = key_files.next_key(bank.keys, name)
        assert Ring(ledger, writer.public, lambda: NOW).rotate(f"{name}@towpath", new.public)
        key_files.swap(bank.keys, name, new, None)
    writer = SigningKey.load((bank.keys / "writer").read_bytes())
    return replace(bank, ledger=GitLedger(Mirror(bank.folder / "mirror", str(bank.remote)), writer))


def opened(folder: Path) -> Bank:
    """The bank whose keys, repository and mirror lie in a folder."""
    writer = SigningKey.load((folder / "keys/writer").read_bytes())
    remote = folder / "repository.git"
    return Bank(remote, folder / "keys", folder, GitLedger(Mirror(folder / "mirror", str(remote)), writer))


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that each test has a copy of."""
    folder = tmp_path_factory.mktemp("bank") / "bank"
    keys.make(folder / "keys")
    build(folder / "repository.git", blocks(DOCS / "policy.md", "yaml")[0])
    made = opened(folder)
    genesis.first_commit(made.ledger, made.keys, blocks(DOCS / "policy.md", "yaml")[0], NOW)
    made.record_a_refusal(1)
    return folder


@pytest.fixture
def bank(tmp_path: Path, founded: Path) -> Bank:
    """The repository with its genesis and one refusal."""
    return opened(Path(shutil.copytree(founded, tmp_path / "bank", symlinks=True)))
