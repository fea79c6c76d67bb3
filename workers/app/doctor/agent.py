"""The SSH agent that holds the writer's key, where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workers.adapters import agent
from workers.app.doctor.finding import Finding, Patient
from workers.ports.errors import NotSigned

FIX = "Start the agent, add the key (ssh-add), and set SSH_AUTH_SOCK for `changes` and for this command."


def look(patient: Patient) -> Iterator[Finding]:
    """Nothing where the key is a file."""
    return signing(patient.settings.towpath_keys)


def signing(folder: Path) -> Iterator[Finding]:
    """One signature is asked for, in a namespace that proves nothing anywhere."""
    if not agent.is_in_agent(folder):
        return
    key = agent.AgentKey.load(folder / "writer.pub")
    try:
        key.sign(b"towpath doctor", "towpath-doctor")
    except NotSigned as exc:
        yield Finding("agent", str(exc), FIX)
        return
    yield Finding("agent", f"it signs with the writer's key {key.fingerprint}")
