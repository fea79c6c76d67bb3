"""Rotation and revocation of keys: each is one record of the ledger, signed by the present writer, landed like any decision by a plain push."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from workers.contract import wire
from workers.contract.actors import PROCESSES
from workers.contract.envelope import stamp
from workers.contract.names import CommitId
from workers.contract.signatures import fingerprint
from workers.domain import layout, signers
from workers.domain.record import SCHEMA
from workers.domain.signers import WRITER, KeyRefused
from workers.domain.state import World
from workers.perform.reading import Reader
from workers.ports.errors import Unreachable
from workers.ports.ledger import Draft, LedgerBranch, Push

TRIES = 20
LONGEST_REASON = 500


@dataclass(frozen=True)
class Change:
    """A change of keys before it is recorded: the papers that it writes, and what the record says of it."""

    event: str
    subject: str
    papers: Mapping[str, bytes]
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Ring:
    """The keys of a ledger. `public` is the key by which its writer is known here; whoever only writes a record needs the writer's signature."""

    ledger: LedgerBranch
    public: str
    now: Callable[[], datetime]
    _reader: list[Reader] = field(default_factory=list, repr=False)

    def rotate(self, who: str, key: str, because: str | None = None, *, of: tuple[str, ...] = ()) -> CommitId | None:
        """Record that the principal signs with the new key from now on: the commit, or None when it does already.

        With `of`, only in place of one of these keys. Raises KeyRefused, Untrusted, or what a push raises.
        """
        line = " ".join(key.split()[:2])

        def change(world: World, at: str) -> Change | None:
            old = world.signers.get(who)
            if signers.same(old, line):
                return None
            if of and not any(signers.same(old, one) for one in of):
                raise KeyRefused(f"the ledger's key of {who} is not the one of this folder. Set TOWPATH_KEYS right. Nothing was changed")
            return self._rotated(world, signers.Signer(who, line, after=at), because)

        return self._land(change, line if who == WRITER else None, who)

    def _rotated(self, world: World, new: signers.Signer, because: str | None) -> Change:
        if any(signers.same(one, new.key) for one in self._lines(world, layout.REVOKED)):
            raise KeyRefused("this key was revoked; make a new one. Nothing was changed")
        text = signers.rotated(self._text(world, layout.SIGNERS), new.who, new.key, str(new.after))
        old, now = fingerprint(world.signers[new.who]), fingerprint(new.key)
        detail = {"principal": new.who, "old": old, "new": now, "reason": _reason(because)}
        papers = {layout.SIGNERS: text.encode(), **self._readme(world)}
        return Change("key_rotated", f"{new.who} signs with {now} from here on", papers, detail)

    def revoke(self, print_: str, because: str, since: int | None = None) -> CommitId | None:
        """Record that a retired key is revoked, from the record `since` on or altogether: the commit, or None when it is already.

        Raises KeyRefused, Untrusted, or what a push raises.
        """

        def change(world: World, _: str) -> Change | None:
            revoked = self._lines(world, layout.REVOKED)
            if any(fingerprint(one) == print_ for one in revoked):
                return None
            return self._revoked(world, self._retired(world, print_), since, because)

        return self._land(change)

    def _revoked(self, world: World, old: signers.Signer, since: int | None, because: str) -> Change:
        if since is not None and not 0 <= since <= world.seq:
            raise KeyRefused(f"there is no record {since}; the last one is {world.seq}. Nothing was changed")
        until = _second_of(self._time(since) - 1) if since else None
        print_ = fingerprint(old.key)
        papers = {
            layout.SIGNERS: signers.without(self._text(world, layout.SIGNERS), old.key, until).encode(),
            layout.REVOKED: (self._text(world, layout.REVOKED) + old.key + "\n").encode(),
            **self._readme(world),
        }
        detail = {"principal": old.who, "fingerprint": print_, "since": since, "reason": _reason(because)}
        return Change("key_revoked", f"{print_} of {old.who} is revoked", papers, detail)

    def _retired(self, world: World, print_: str) -> signers.Signer:
        lines = signers.read(self._text(world, layout.SIGNERS))
        found = next((one for one in lines if fingerprint(one.key) == print_), None)
        if found is None:
            retired = [fingerprint(one.key) for one in lines if one.before]
            raise KeyRefused(f"the ledger knows no key {print_}. Retired keys: {', '.join(retired) or 'none'}. Nothing was changed")
        if found.before is None:
            name = found.who.split("@")[0]
            raise KeyRefused(f"{print_} is the current key of {found.who}. First: towpath rotate-key {name}. Nothing was changed")
        return found

    def retired_at(self, key: str) -> str | None:
        """Until when a retired key was current, as `YYYYMMDDHHMMSSZ`, in the ledger as it was last read."""
        world = self._reader[-1].world if self._reader else None
        text = self._text(world, layout.SIGNERS) if world else ""
        return next((one.before for one in signers.read(text) if signers.same(one.key, key)), None)

    def read(self, new_writer: str | None = None) -> World:
        """The ledger's state, every commit checked. A writer's key that the ledger knows already counts as ours. Raises what a Reader raises."""
        if not self._reader:
            self._reader.append(Reader(self.ledger, self.public))
        head = self.ledger.fetch()
        named = signers.current((self.ledger.read(head, layout.SIGNERS) or b"").decode()).get(WRITER) if head else None
        if new_writer and signers.same(named, new_writer) and not signers.same(self._reader[-1].public, new_writer):
            self._reader.append(Reader(self.ledger, new_writer))
        return self._reader[-1].read()

    def _land(
        self, change: Callable[[World, str], Change | None], new_writer: str | None = None, who: str | None = None
    ) -> CommitId | None:
        """Judge the change on the head, push, and do both again on the new state when somebody was faster.

        A key that was put in force in this very second is replaced in the next one: OpenSSH takes no key that is valid for no time at all.
        """
        for attempt in range(TRIES):
            world = self.read(new_writer)
            now = self.now()
            second = max(int(now.timestamp()), self._time(world.seq))
            if self._is_new(world, who, _second_of(second)):
                now, second = datetime.fromtimestamp(second + 1, UTC), second + 1
            found = change(world, _second_of(second))
            if found is None:
                return None
            (commit,) = self.ledger.build(world.head, [_draft(world, found, stamp(now))])
            if self.ledger.push(commit, world.head) is Push.ACCEPTED:
                self.ledger.set_anchor(commit)
                return commit
            time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311  # jitter between writers, no secret
        raise Unreachable("recording: other writers were faster twenty times in a row; nothing was changed, say it again")

    def _is_new(self, world: World, who: str | None, second: str) -> bool:
        lines = signers.read(self._text(world, layout.SIGNERS))
        return any(one.who == who and one.before is None and one.after == second for one in lines)

    def _time(self, seq: int) -> int:
        """The committer time of a record's commit."""
        commits = self._reader[-1].commits
        *_, link = self.ledger.links(commits.get(seq - 1), commits[seq])
        return link.time

    def _text(self, world: World, path: str) -> str:
        return (self.ledger.read(world.head, path) or b"").decode()

    def _lines(self, world: World, path: str) -> list[str]:
        return self._text(world, path).splitlines()

    def _readme(self, world: World) -> dict[str, bytes]:
        """The ledger's README, where an older one does not tell how keys of different times are checked."""
        own = readme()
        return {} if self.ledger.read(world.head, layout.README) == own else {layout.README: own}


def trust_root(ledger: LedgerBranch, public: str) -> str:
    """The fingerprint that `trust` must pin: the first key of the ledger if it knows this writer, else the writer's own."""
    head = ledger.fetch()
    known = signers.read((ledger.read(head, layout.SIGNERS) or b"").decode()) if head else []
    if head is None or not any(one.who == WRITER and signers.same(one.key, public) for one in known):
        return fingerprint(public)
    first = next(iter(ledger.links(None, head))).commit
    return fingerprint(signers.current((ledger.read(first, layout.SIGNERS) or b"").decode()).get(WRITER, public))


def readme() -> bytes:
    """The README that lies in the ledger."""
    return files("workers.app").joinpath("ledger_readme.md").read_bytes()


def _reason(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_REASON:
        raise KeyRefused(f"a reason is one line of at most {LONGEST_REASON} characters. Nothing was changed")
    return text.strip()


def _second_of(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d%H%M%SZ")


def _draft(world: World, change: Change, at: str) -> Draft:
    operator = PROCESSES["operator"].id
    record = {
        "schema": SCHEMA,
        "repo_id": world.repo_id,
        "seq": world.seq + 1,
        "prev": world.head,
        "event": change.event,
        "time": at,
        "clock_source": "host",
        "actor": {"id": operator, "known_by": "host"},
        "policy": world.policy.digest,
        "files": {path: wire.sha256(data) for path, data in change.papers.items()},
        "detail": {key: value for key, value in change.detail.items() if value is not None},
    }
    data = wire.canonical(record) + b"\n"
    trailers = f"Event: {change.event}\nActor: {operator}\nPolicy: {world.policy.digest}\nRecord-Sha256: {wire.sha256(data)[7:]}\n"
    return Draft({**change.papers, layout.record(world.seq + 1): data}, f"{change.subject}\n\n{trailers}", operator, at)
