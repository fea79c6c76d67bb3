"""The approvals in a record that people signed themselves: whether each signature holds, long after, by what stands in the ledger alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from workers.contract.approval import NAMESPACE, statement
from workers.contract.names import BadName, Digest, PromotionId
from workers.contract.signatures import BadKey, BadSignature, check
from workers.domain import policy

PolicyText = Callable[[], bytes | None]
"""The policy in force at the record, looked up only where a signed vote is new."""


def wrong(record: Mapping[str, Any], text: PolicyText) -> Iterator[str]:
    """What is wrong with a record's signed votes. A new one is by the key that the policy then named; an older one was, when it was new."""
    promotion = record.get("promotion")
    votes = promotion.get("votes", []) if isinstance(promotion, dict) else []
    for vote in votes if isinstance(votes, list) else []:
        if not isinstance(vote, dict) or "signature" not in vote:
            continue
        who = str(vote.get("actor"))
        if not _holds(record, vote):
            yield f"holds an approval by {who} whose signature does not hold"
        elif vote.get("time") == record.get("time") and _named(text(), who) != vote.get("key"):
            yield f"holds an approval by {who} that is signed by a key which the policy did not name for them"


def _holds(record: Mapping[str, Any], vote: Mapping[str, Any]) -> bool:
    try:
        id_, plan = PromotionId.read(record["promotion"].get("id")), Digest.read(vote.get("plan"))
        check(statement(str(record.get("repo_id")), id_, plan), str(vote["signature"]), str(vote.get("key")), NAMESPACE)
    except (BadName, BadSignature, BadKey):
        return False
    return True


def _named(text: bytes | None, who: str) -> str | None:
    try:
        return policy.in_force((text or b"").decode()).keys.get(who.partition("@")[0])
    except (policy.BadPolicy, UnicodeDecodeError):
        return None
