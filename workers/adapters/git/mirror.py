"""A warm bare mirror of the shared repository, safe to share between processes of one host."""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from workers.adapters.git.login import Logins
from workers.adapters.git.objects import Objects
from workers.adapters.git.plumbing import Answer, Configuration, Plumbing
from workers.adapters.git.urls import RemoteUrl
from workers.contract.names import CommitId, RefName
from workers.ports.errors import BadContent, Unreachable, Untrusted

SOURCE = "refs/towpath/source"
LEDGER = "refs/towpath/ledger"
ANCHOR = "refs/towpath/anchor"
HEADS = "refs/remotes/origin/"
TAGS = "refs/tags/"
_READY = "towpath.ready"
_PLAIN = re.compile(rb"[0-9a-f]{40}\n?")
_ROUNDS = 3
_STALE = 600.0
_LOOSE_OBJECTS = 5_000
_PACKS = 50
_LOOSE_REFS = 1_000


class Mirror:
    """The bare repository at `folder`, made when it is missing, and the remote at `url` whose branches and tags it holds.

    The remote's source branch is at `refs/towpath/source`, the ledger branch at `refs/towpath/ledger`, tags at `refs/tags/*` and other
    branches at `refs/remotes/origin/*`, all exactly as the remote has them: what it moved or deleted is moved or deleted here. The anchor,
    `refs/towpath/anchor`, is ours. One fetch of a kind runs at a time, whoever asks for it; the ledger never waits for the source branch.
    """

    plumbing: type[Plumbing] = Plumbing

    def __init__(
        self,
        folder: Path,
        url: str,
        source_branch: str = "main",
        ledger_branch: str = "towpath",
        *,
        configuration: Configuration = Configuration.OURS,
        patience: float = 60.0,
        logins: Logins | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.remote = RemoteUrl.read(url)
        self.source_branch = RefName.read(source_branch)
        self.ledger_branch = RefName.read(ledger_branch)
        self.left_out: tuple[str, ...] = ()
        self.logins = logins
        self.git = self.plumbing(self.folder, self.remote, configuration, patience, logins)
        self._make()
        self.objects = Objects(self.folder, self.git.another)

    def _make(self) -> None:
        if (self.folder / _READY).exists():
            self._forget_the_killed()
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.locked("make"):
            if not (self.folder / _READY).exists():
                self.git.must("init", "--bare", "--quiet", "--template=", "--object-format=sha1")
                (self.folder / _READY).touch()

    def _forget_the_killed(self) -> None:
        """Remove locks of refs that a killed Git left behind: nobody holds one for longer than a moment."""
        for lock in (self.folder / "packed-refs.lock", *(self.folder / "refs").rglob("*.lock")):
            with suppress(FileNotFoundError):
                if lock.stat().st_mtime < time.time() - _STALE:
                    lock.unlink()

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Hold the mirror's lock of that name; the kernel lets go of it when a process dies."""
        with (self.folder / f"{what}.lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def fetch(self) -> None:
        """Bring source branch, tags and the other branches up to date. Raises Unreachable, or BadContent when the branch's objects are unsound.

        Unsound objects under another branch or a tag must not stop everybody: then those are left as they are, and `left_out` names them.
        """
        others = (f"+refs/heads/*:{HEADS}*", f"^refs/heads/{self.ledger_branch}")
        tags = f"+{TAGS}*:{TAGS}*"
        with self.locked("source"):
            self.left_out = ()
            if not self._take(tags, *others).good:
                self._take_source()
                self.left_out = tuple(name for name, specs in (("tags", (tags,)), ("branches", others)) if not self._take(*specs).good)
            if (head := self.ref(HEADS + self.source_branch)) != self.ref(SOURCE):
                self.set_ref(SOURCE, head)

    def _take_source(self) -> None:
        if self.remote_head(self.source_branch) is None:
            self.set_ref(HEADS + self.source_branch, None)
            return
        answer = self._take(f"+refs/heads/{self.source_branch}:{HEADS}{self.source_branch}")
        if not answer.good and self.remote_head(self.source_branch):
            raise BadContent(f"The objects of branch {self.source_branch} cannot be taken over: {self.git.shown(answer.words)}")

    def fetch_ledger(self) -> CommitId | None:
        """Bring the ledger branch up to date: its head, or None when the remote has none. Raises Unreachable or Untrusted."""
        with self.locked("ledger"):
            for _ in range(_ROUNDS):
                head = self.remote_head(self.ledger_branch)
                known = self.ref(LEDGER)
                if head is None and known:
                    self.set_ref(LEDGER, None)
                if head is None or head == known:
                    return head
                answer = self._take(f"+refs/heads/{self.ledger_branch}:{LEDGER}")
                if answer.good and (taken := self.ref(LEDGER)):
                    return taken
            why = self.git.shown(answer.words) or "the remote is a shallow clone, whose beginning is missing"
            raise Untrusted(f"The ledger's objects cannot be taken over: {why}")

    def tidy(self) -> bool:
        """Pack what has gathered in single files, when that is much: readers get slower with each. Whoever reads meanwhile is not disturbed."""
        if not self._is_littered():
            return False
        with self.locked("tidy"):
            self.git.must("pack-refs", "--all")
            self.git.must("repack", "-d", "-q", "--geometric=2", "--no-write-bitmap-index")
        return True

    def _is_littered(self) -> bool:
        """By one folder of objects out of 256, as Git's own maintenance does it, by the packs, and by the single refs of tags."""
        folder = self.folder / "objects"
        sample = sum(1 for _ in (folder / "17").iterdir()) if (folder / "17").is_dir() else 0
        packs = sum(1 for _ in (folder / "pack").glob("*.pack"))
        refs = islice((self.folder / TAGS).rglob("*"), _LOOSE_REFS)
        return sample * 256 > _LOOSE_OBJECTS or packs > _PACKS or sum(1 for _ in refs) >= _LOOSE_REFS

    def _take(self, *specs: str) -> Answer:
        options = ("--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
        return self.git.talk("fetch", *options, "--", self.remote.address, *specs)

    def remote_head(self, branch: str) -> CommitId | None:
        """Where the remote has a branch now, or None. Raises Unreachable."""
        return self.remote_refs(f"refs/heads/{branch}").get(f"refs/heads/{branch}")

    def remote_refs(self, *names: str) -> dict[str, CommitId]:
        """What the remote says of refs by their whole names, those that exist. Raises Unreachable."""
        answer = self.git.talk("ls-remote", "--quiet", "--", self.remote.address, *names)
        if not answer.good:
            raise Unreachable(f"asking {self.git.shown(self.remote.address)}: {self.git.shown(answer.words) or 'no answer in time'}")
        found = (line.split("\t", 1) for line in answer.lines)
        return {name: CommitId.read(oid) for oid, name in found if name in names}

    def ref(self, name: str) -> CommitId | None:
        """Where a ref of the mirror is, or None.

        Read from where Git keeps it (gitrepository-layout(5)): a promotion looks fourteen times, and a process for each was a third of its
        processes. Git writes the packed file before it removes a single one, so whoever looks in this order misses nothing.
        """
        try:
            text = (self.folder / name).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            text = self._packed(name)
        if _PLAIN.fullmatch(text):
            return CommitId.read(text.decode().strip())
        if not text and not (self.folder / "reftable").exists():
            return None
        answer = self.git.run("rev-parse", "--verify", "--quiet", name)
        return CommitId.read(answer.out.decode().strip()) if answer.good else None

    def _packed(self, name: str) -> bytes:
        try:
            refs = (self.folder / "packed-refs").read_bytes()
        except FileNotFoundError:
            return b""
        at = refs.find(b" " + name.encode() + b"\n")
        return refs[refs.rfind(b"\n", 0, at) + 1 : at] if at >= 0 else b""

    def set_ref(self, name: str, commit: CommitId | None) -> None:
        """Put a ref of the mirror somewhere, or take it away."""
        if commit is None:
            self.git.must("update-ref", "-d", name)
        elif commit != self.ref(name):
            self.git.must("update-ref", name, commit)
