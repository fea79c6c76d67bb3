"""The ledger's first commit: made when there is none, and never otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from workers.adapters import agent
from workers.app import keys
from workers.app.rotation import readme
from workers.contract import wire
from workers.contract.actors import PROCESSES
from workers.contract.envelope import stamp
from workers.contract.names import CommitId
from workers.contract.signatures import Signer
from workers.domain import layout, policy
from workers.domain.record import SCHEMA
from workers.domain.state import World, fold
from workers.ports.errors import Untrusted, WorldError
from workers.ports.ledger import Draft, LedgerBranch, Push


class NotPossible(WorldError):
    """The first commit cannot be made; the message says why and what to do."""


def writer_for(folder: Path, rules: policy.Policy) -> Signer:
    """The writer's key that this policy lets begin a ledger, made with all the others if there are none. Raises BadFolder, BadKey or Untrusted."""
    if not keys.present(folder):
        if rules.trust:
            raise Untrusted(
                f"towpath.yaml trusts {rules.trust}, but {folder} holds no keys. Set TOWPATH_KEYS to the folder of that key, "
                "or make keys with `towpath keys` and pin what it prints. Nothing was changed"
            )
        keys.make(folder)
    writer = agent.signer(folder, "writer")
    if rules.trust and rules.trust != writer.fingerprint:
        raise Untrusted(f"towpath.yaml trusts {rules.trust}, but this writer's key is {writer.fingerprint}. Nothing was changed")
    return writer


More = Callable[[World], CommitId]
"""Builds further records on the ledger as it begins; the last commit."""


def first_commit(ledger: LedgerBranch, folder: Path, policy_text: str, now: datetime, more: More | None = None) -> CommitId:
    """Make, push and anchor the genesis with the keys in the folder, and what `more` builds on it, in one push.

    Raises NotPossible, BadPolicy, Untrusted or what a push raises.
    """
    if ledger.fetch() is not None:
        raise NotPossible("the shared repository already has a ledger")
    rules = policy.read(policy_text)
    draft = _draft(folder, policy_text, rules, writer_for(folder, rules), stamp(now))
    (commit,) = ledger.build(None, [draft])
    if more:
        files = ((path, data) for path, data in draft.files.items() if data is not None)
        commit = more(fold((folder / keys.REPO_ID).read_text().strip(), commit, 0, files, ()))
    if ledger.push(commit, None) is not Push.ACCEPTED:
        raise NotPossible("somebody made a ledger at the same moment, with other keys; look at it before anything else")
    ledger.set_anchor(commit)
    return commit


def _draft(folder: Path, policy_text: str, rules: policy.Policy, writer: Signer, time: str) -> Draft:
    papers = {
        layout.README: readme(),
        layout.SIGNERS: keys.allowed_signers(folder).encode(),
        layout.POLICY: policy_text.encode(),
    }
    record = {
        "schema": SCHEMA,
        "repo_id": (folder / keys.REPO_ID).read_text().strip(),
        "seq": 0,
        "event": "genesis",
        "time": time,
        "actor": {"id": PROCESSES["operator"].id, "known_by": "host"},
        "fingerprint": writer.fingerprint,
        "policy": rules.digest,
        "files": {path: wire.sha256(data) for path, data in papers.items()},
    }
    data = wire.canonical(record) + b"\n"
    trailers = f"Event: genesis\nActor: operator@towpath\nPolicy: {rules.digest}\nRecord-Sha256: {wire.sha256(data)[7:]}\n"
    return Draft({**papers, layout.record(0): data}, f"The ledger begins\n\n{trailers}", PROCESSES["operator"].id, time)
