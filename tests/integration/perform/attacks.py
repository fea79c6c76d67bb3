"""What somebody may do to the record of a town, with stock Git or with a key that fell into their hands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.adapters.git import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.app import keys
from workers.contract import wire
from workers.contract.names import ActorId, CommitId
from workers.contract.signatures import SigningKey
from workers.domain import layout
from workers.ports.ledger import Draft

from .town import Town

NOON = "2026-11-23T12:00:00.000Z"
"""After everything that a lived-in town has done."""


def put(town: Town, commit: str) -> str:
    """The branch of the remote is put on a commit, whatever was there."""
    town.git("update-ref", "refs/heads/towpath", commit)
    return commit


def ledger(town: Town, key: SigningKey | None = None) -> GitLedger:
    """Somebody's own clone, and the key that they have."""
    place = Mirror(town.folder / "elsewhere", str(town.remote))
    found = GitLedger(place, key or town.key("writer"))
    found.fetch()
    return found


def genuine(
    town: Town, *, files: Mapping[str, bytes | None] | None = None, key: SigningKey | None = None, silent: bool = False, **changed: Any
) -> str:
    """A commit as the writer makes it, but for what is `changed` in its record; a `silent` record does not list the files."""
    head = CommitId.read(town.head())
    seq = len(town.git("rev-list", "towpath").split())
    with_files = dict(files or {})
    record: dict[str, Any] = {
        "schema": 1,
        "repo_id": (town.folder / "keys/repo_id").read_text(),
        "seq": seq,
        "prev": head,
        "event": "anomaly",
        "time": NOON,
        "actor": {"id": "writer@towpath"},
        "files": {} if silent else {path: wire.sha256(data) if data is not None else None for path, data in with_files.items()},
    } | changed
    data = wire.canonical(record) + b"\n"
    message = f"Odd\n\nEvent: {record['event']}\nActor: writer@towpath\nRecord-Sha256: {wire.sha256(data)[7:]}\n"
    draft = Draft({**with_files, layout.record(record["seq"]): data}, message, ActorId.read("writer@towpath"), record["time"])
    return pushed(town, key, draft)


def pushed(town: Town, key: SigningKey | None, draft: Draft) -> str:
    """A draft on top of what is there, pushed plainly."""
    theirs, head = ledger(town, key), CommitId.read(town.head())
    (commit,) = theirs.build(head, [draft])
    theirs.push(commit, head)
    return commit


def stranger(town: Town) -> SigningKey:
    """A key that no list holds."""
    folder = town.folder / "strangers"
    if not folder.exists():
        keys.make(folder)
    return SigningKey.load((folder / "writer").read_bytes())


def truncate(town: Town) -> None:
    put(town, town.git("rev-parse", "towpath~3"))


def append(town: Town) -> None:
    head = town.head()
    put(town, town.git("commit-tree", f"{head}^{{tree}}", "-p", head, "-m", "Nothing to see\n\nEvent: succeeded\nActor: UBEN@THOME"))


def launder(town: Town) -> None:
    append(town)
    genuine(town, prev=town.head(), seq=len(town.git("rev-list", "towpath").split()) - 1)


def replace(town: Town) -> None:
    town.git("replace", town.git("rev-parse", "towpath~2"), town.git("rev-parse", "towpath~4"))


def merge(town: Town) -> None:
    head = town.head()
    side = town.git("commit-tree", f"{head}^{{tree}}", "-p", "towpath~1", "-m", "side")
    key = town.folder / "keys/writer"
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
    put(town, town.git(*sign, "commit-tree", "-S", f"{head}^{{tree}}", "-p", head, "-p", side, "-m", "merge"))


def replay(town: Town) -> None:
    genuine(town, repo_id="f" * 32)


def repoint(town: Town) -> None:
    other = town.git("rev-parse", "refs/tags/biopsy@v1.0.0")
    town.git("update-ref", "refs/tags/biopsy@v2.0.0", other)


def move_tag(town: Town) -> None:
    town.git("tag", "--force", "-a", "-m", "moved", "biopsy@v2.0.0", "biopsy@v1.0.0^{commit}")


def gap(town: Town) -> None:
    genuine(town, seq=len(town.git("rev-list", "towpath").split()) + 1)


def twice(town: Town) -> None:
    genuine(town, seq=len(town.git("rev-list", "towpath").split()) - 1)


def unlisted(town: Town) -> None:
    genuine(town, key=stranger(town))


def backdated(town: Town) -> None:
    """The writer's key was replaced; whoever has the old one dates a commit back to when it was good."""
    listed = town.git("show", "towpath:allowed_signers").splitlines()
    old = next(line for line in listed if line.startswith("writer@towpath"))
    public = stranger(town).public
    retired = old.replace('namespaces="git"', 'namespaces="git",valid-before="20261123110000Z"')
    lines = [f'writer@towpath namespaces="git" {public}', *(line for line in listed if line != old), retired]
    genuine(town, files={layout.SIGNERS: "".join(f"{line}\n" for line in lines).encode()}, event="key_rotated")
    genuine(town, time="2026-11-23T10:00:00.000Z")


def revoked(town: Town) -> None:
    public = " ".join(stranger(town).public.split()[:2])
    genuine(town, files={"revoked_keys": f"{public}\n".encode()})
    genuine(town, key=stranger(town))


def shallow(town: Town) -> None:
    bare = town.folder / "shallow.git"
    town.git("clone", "--quiet", "--bare", "--depth", "3", "--branch", "towpath", f"file://{town.remote}", str(bare))
    shutil.rmtree(town.remote)
    shutil.move(bare, town.remote)


def clock(town: Town) -> None:
    genuine(town)
    genuine(town, time="2026-11-23T11:50:00.000Z")


def smuggle(town: Town) -> None:
    """Desired state that no record speaks of, signed by the writer."""
    data = town.git("show", "towpath:environments/staging/biopsy/release.yaml").replace("generation: ", "generation: 1").encode()
    genuine(town, files={"environments/staging/biopsy/release.yaml": data}, silent=True)


def edit(town: Town) -> None:
    """An old record is rewritten by a commit of the writer's."""
    data = town.git("show", "towpath:records/0/3.json").replace("effects@towpath", "operator@towpath").encode() + b"\n"
    genuine(town, files={"records/0/3.json": data}, silent=True)


def hashed(town: Town) -> None:
    seq = len(town.git("rev-list", "towpath").split())
    record = json.loads(town.git("show", f"towpath:records/0/{seq - 1}.json")) | {
        "seq": seq,
        "prev": town.head(),
        "time": NOON,
        "files": {},
    }
    message = f"Odd\n\nEvent: {record['event']}\nActor: {record['actor']['id']}\nRecord-Sha256: {'0' * 64}\n"
    pushed(town, None, Draft({layout.record(seq): wire.canonical(record) + b"\n"}, message, ActorId.read(record["actor"]["id"]), NOON))


def graft(town: Town) -> None:
    (town.remote / "info").mkdir(exist_ok=True)
    (town.remote / "info/grafts").write_text(town.git("rev-parse", "towpath~2") + "\n")


@dataclass(frozen=True)
class Attack:
    """What is done, by which word it is found, with which exit status, and whether the writer still goes on (the ledger is whole in its mirror)."""

    act: Callable[[Town], None]
    code: str
    status: int = 1
    writer_goes_on: bool = False


THIRTEEN = {
    "truncate": Attack(truncate, "truncated"),
    "append a forgery": Attack(append, "unsigned"),
    "launder a forgery": Attack(launder, "laundered"),
    "git replace": Attack(replace, "replaced", status=2, writer_goes_on=True),
    "merge commit": Attack(merge, "merge"),
    "replay from another repository": Attack(replay, "repository"),
    "re-pointed tag": Attack(repoint, "tag-repointed", writer_goes_on=True),
    "gap in the sequence": Attack(gap, "gap"),
    "same sequence twice": Attack(twice, "twice"),
    "signed by an unlisted key": Attack(unlisted, "stranger"),
    "back-dated with an expired key": Attack(backdated, "expired"),
    "shallow clone": Attack(shallow, "shallow", status=2, writer_goes_on=True),
    "clock set back": Attack(clock, "clock"),
}
MORE = {
    "moved tag": Attack(move_tag, "tag-moved", writer_goes_on=True),
    "smuggled state": Attack(smuggle, "files"),
    "edited record": Attack(edit, "twice"),
    "false hash": Attack(hashed, "hash"),
    "signed by a revoked key": Attack(revoked, "revoked"),
    "grafts": Attack(graft, "grafted", status=2, writer_goes_on=True),
}
ALL = THIRTEEN | MORE


def folder_of(town: Town) -> Path:
    """Where a verification of this town keeps its mirror."""
    return town.folder / "verifier"
