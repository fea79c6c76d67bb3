"""The folder of keys: whole, of one piece, and closed to others."""

from __future__ import annotations

from collections.abc import Iterator

from workers.adapters import agent
from workers.app import keys
from workers.app.doctor.finding import WRONG_KEYS, Finding, Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Each key is there, fits its public half, and can be read by nobody else."""
    folder = patient.settings.towpath_keys
    try:
        keys.require(folder, keys.FILES)
    except keys.BadFolder as exc:
        yield Finding("keys", str(exc), WRONG_KEYS)
        return
    for name in keys.SIGNERS:
        public = (folder / f"{name}.pub").read_text().split()[:2]
        if public != agent.signer(folder, name).public.split()[:2]:
            yield Finding("keys", f"{folder / name}.pub is not the public half of {name}", WRONG_KEYS)
    loose = list(keys.loose(folder))
    for path in loose:
        yield Finding("keys", f"{path} can be read by others", f"chmod 600 {path}")
    if not loose:
        yield Finding("keys", f"the writer's key is {agent.signer(folder, 'writer').fingerprint}")
