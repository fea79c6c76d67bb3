"""A key that was replaced or revoked is told in the channels: whoever gets hold of a key must not let another one in quietly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from workers.contract.names import CommitId
from workers.contract.outcomes import Delivery, Notice
from workers.domain import layout
from workers.domain.state import World
from workers.tasks.wiring import Wiring

EVENTS = ("key_rotated", "key_revoked")
TOLD_FOR = 30 * 24 * 3600


def tell(wiring: Wiring, world: World) -> None:
    """Each such record since the last look, once. A mirror that never looked begins at the head: what is long past is no news."""
    bookmark = wiring.keys_told
    if bookmark.at and bookmark.at != world.head:
        for seq, commit in _since(wiring, bookmark.at):
            record = json.loads(wiring.ledger.read(commit, layout.record(seq)) or b"{}")
            if record.get("event") in EVENTS and wiring.leases.once(f"key-told:{commit}", TOLD_FOR):
                wiring.board.deliver([Delivery(Notice(_words(record, commit)), channel) for channel in world.policy.announce])
    bookmark.move(world.head)


def _since(wiring: Wiring, told: CommitId) -> Iterator[tuple[int, CommitId]]:
    """The records after a commit with theirs, oldest first; all of them where the ledger does not hold it."""
    newest_first = reversed(wiring.loop.commits.items())
    return reversed(list(takewhile(lambda one: one[1] != told, newest_first)))


def _words(record: Mapping[str, Any], commit: CommitId) -> str:
    detail = record.get("detail", {})
    who = detail.get("principal")
    if record["event"] == "key_rotated":
        what = f"The key of {who} was replaced: it signs with {detail.get('new')} from here on, and no more with {detail.get('old')}"
    else:
        since = f" It is not believed from record {detail['since']} on." if detail.get("since") is not None else ""
        what = f"The retired key {detail.get('fingerprint')} of {who} was revoked.{since}".removesuffix(".")
    because = f" The reason: {detail['reason']}." if detail.get("reason") else ""
    return (
        f"{what}.{because} An operator did it on a host of Towpath's; it is record {record['seq']}, commit {commit}. "
        "If nobody among you was to do that, whoever runs Towpath must know now."
    )
