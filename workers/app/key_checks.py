"""What `towpath doctor` looks at of an SSH agent and of the witness: what it says of each, and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workers.adapters import agent
from workers.adapters.git.mirror import Mirror
from workers.app.place import place
from workers.app.settings import GitSettings
from workers.ports.errors import NotSigned, WorldError
from workers.tasks.wiring import Wiring

Seen = tuple[str, str | None]
AGENT = "Start the agent, add the key (ssh-add), and set SSH_AUTH_SOCK for `changes` and for this command."
WITNESS = "Check TOWPATH_WITNESS, the network and the credentials of Git; the ledger goes on without it."
DIFFERS = "Accept no head before both were compared: docs/operations.md, The witness."


def look_at_agent(folder: Path) -> Iterator[Seen]:
    """One signature is asked for, in a namespace that proves nothing anywhere. Nothing where the key is a file."""
    if not agent.is_in_agent(folder):
        return
    key = agent.AgentKey.load(folder / "writer.pub")
    try:
        key.sign(b"towpath doctor", "towpath-doctor")
    except NotSigned as exc:
        yield str(exc), AGENT
        return
    yield f"it signs with the writer's key {key.fingerprint}", None


def look_at_witness(settings: GitSettings, mirror: Mirror) -> Iterator[Seen]:
    """Its head beside the ledger's. Nothing without a witness."""
    witness = Wiring(place(settings), lambda _task, _fields: None).witness
    if witness is None:
        return
    try:
        head = mirror.fetch_ledger()
        if head is None:
            theirs = witness.head()
            yield (f"it has {theirs[:12]}, and the repository has no ledger", DIFFERS) if theirs else ("it answers, without a ledger", None)
            return
        found = witness.compare(head)
    except WorldError as exc:
        yield str(exc)[:300], WITNESS
        return
    yield found.words, DIFFERS if found.is_amiss else None
