"""A signed word that the ledger was found sound up to a head, so that the next verification can begin there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from workers.contract import wire
from workers.contract.envelope import Sender
from workers.contract.names import CommitId
from workers.contract.signatures import BadKey, BadSignature, SigningKey, check

WHAT = "checkpoint"


class BadCheckpoint(ValueError):
    """It is not one of ours; the message says why."""


@dataclass(frozen=True)
class Checkpoint:
    """The ledger `repo_id`, begun by the key `trust`, was sound up to record `seq` at commit `head`; found at the instant `at`."""

    repo_id: str
    trust: str
    head: CommitId
    seq: int
    at: str

    def sealed(self, key: SigningKey) -> str:
        """As it is kept: the exact signed bytes as text, and their signature by the `effects` key."""
        payload = wire.canonical({"what": WHAT, **asdict(self)}).decode()
        return json.dumps({"payload": payload, "signature": key.sign(payload.encode(), Sender.EFFECTS.namespace)})

    @classmethod
    def opened(cls, text: str, public: str) -> Checkpoint:
        """What `sealed` made. Raises BadCheckpoint when it is not signed by that key, or is none of ours."""
        try:
            kept = json.loads(text)
            check(kept["payload"].encode(), kept["signature"], public, Sender.EFFECTS.namespace)
            found = wire.load(kept["payload"])
            if found.pop("what") != WHAT:
                raise BadCheckpoint("it is no checkpoint")
            return wire.read(cls, found)
        except (BadSignature, BadKey, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise BadCheckpoint(str(exc) or type(exc).__name__) from exc
