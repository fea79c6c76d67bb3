"""One decision as it is written: the record's bytes, the commit message, the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workers.contract import wire
from workers.contract.envelope import Sender
from workers.contract.outcomes import Reason, Receipt, Refused
from workers.contract.promotion import Promotion, RegisteredVersion
from workers.domain import layout
from workers.domain.decision import Case, Decision
from workers.domain.recents import Recent
from workers.domain.state import World

SCHEMA = 1


def files(world: World, case: Case, decision: Decision) -> dict[str, bytes | None]:
    """Every file that the decision writes (None: deletes), the record among them."""
    written: dict[str, bytes | None] = {layout.path_of(document): layout.write(document) for document in decision.documents}
    written |= {path: text.encode() for path, text in decision.texts.items()}
    written |= dict.fromkeys(decision.deleted)
    written[layout.record(world.seq + 1)] = record(world, case, decision, written)
    return written


def record(world: World, case: Case, decision: Decision, written: Mapping[str, bytes | None]) -> bytes:
    """The audit record: canonical JSON and a newline. It binds the repository, its number, the record before it and the files beside it."""
    return wire.canonical(_record(world, case, decision, written)) + b"\n"


def _record(world: World, case: Case, decision: Decision, written: Mapping[str, bytes | None]) -> dict[str, Any]:
    artifact, version, environment = decision.about
    found = {
        "schema": SCHEMA,
        "repo_id": world.repo_id,
        "seq": world.seq + 1,
        "prev": world.head,
        "event": decision.event,
        "time": case.time,
        "clock_source": "host",
        "actor": _actor(world, case),
        "request": _request(case),
        "artifact": artifact,
        "version": version,
        "environment": environment,
        "policy": world.policy.digest,
        "promotion": _promotion(decision.promotion) if decision.promotion else None,
        "registered": next((wire.plain(one) for one in decision.documents if isinstance(one, RegisteredVersion)), None),
        "files": {path: wire.sha256(data) if data is not None else None for path, data in sorted(written.items())},
        "detail": decision.detail or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _actor(world: World, case: Case) -> dict[str, Any]:
    """Who, in which roles, and by what it was known: opaque ids only."""
    roles = list(world.policy.roles_of(case.actor)) if case.actor.id.is_person else []
    return {
        "id": case.actor.id,
        "standing": case.actor.standing.value,
        "roles": roles,
        "known_by": "slack" if case.actor.id.is_person and not _is_signed(case) else "key",
    }


def _is_signed(case: Case) -> bool:
    """Whether the person asked with a key of their own."""
    return case.sealed is not None and case.sealed.sender is Sender.PERSON


def _request(case: Case) -> dict[str, Any]:
    """The exact signed bytes and their signature, so that `ssh-keygen -Y verify` can be asked; the person's own too, when a report answers one."""
    found = {
        "id": case.envelope.request_id,
        "verb": type(case.envelope.request).__name__,
        "text": case.envelope.text,
        "sender": case.sealed.sender.value if case.sealed else None,
        "payload": case.sealed.payload if case.sealed else None,
        "signature": case.sealed.signature if case.sealed else None,
        "asked_by": case.asked.request_id if case.asked else None,
        "because": case.because,
        "conversation": wire.plain(case.conversation) if case.conversation else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _promotion(promotion: Promotion) -> dict[str, Any]:
    """The promotion as it stands after the decision, with what a reader wants first: before, after, who, separation."""
    shown: dict[str, Any] = wire.plain(promotion)
    del shown["events"]
    approvers = sorted({vote.actor for vote in promotion.votes})
    shown["before"] = wire.plain(promotion.live) if promotion.live else None
    shown["after"] = wire.plain(promotion.to)
    shown["separation"] = {"requester": promotion.requester, "approvers": approvers, "distinct": promotion.requester not in approvers}
    return shown


def message(case: Case, decision: Decision, record_bytes: bytes) -> str:
    """The commit message: a subject for people, trailers for machines. Every value is of a strict grammar, so no trailer can be forged."""
    return f"{_line(decision.subject)}\n\n" + "\n".join(f"{key}: {value}" for key, value in _trailers(case, decision, record_bytes)) + "\n"


def _trailers(case: Case, decision: Decision, record_bytes: bytes) -> Iterator[tuple[str, str]]:
    artifact, version, environment = decision.about
    promotion = decision.promotion
    if promotion:
        yield "Promotion", promotion.id
    for key, value in (("Artifact", artifact), ("Version", version), ("Environment", environment)):
        if value:
            yield key, value
    yield "Event", str(decision.event)
    yield "Actor", case.actor.id
    if promotion:
        for vote in promotion.votes:
            yield "Approved-by", vote.actor
        yield "Policy", promotion.policy
        yield "Digest", promotion.to.digest
    yield "Record-Sha256", wire.sha256(record_bytes)[7:]


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:100]


def recent(world: World, case: Case, decision: Decision) -> Recent:
    """What is remembered of the record for an hour."""
    process = case.sealed is None or case.sealed.sender is Sender.CLOCK
    request_id = None if process else case.envelope.request_id
    promotion = decision.promotion.id if decision.promotion else None
    return Recent(world.seq + 1, case.time, request_id, case.actor.id, str(decision.event), promotion)


def answer_again(data: bytes) -> Refused | Receipt:
    """The answer to a request that made this record before: it came twice, or the first answer was lost. Raises BadWire."""
    found = wire.load(data)
    try:
        if found["event"] == "refused" and "promotion" not in found:
            reasons = tuple(wire.read(Reason, reason) for reason in found["detail"]["reasons"])
            return Refused(found["detail"]["what"], reasons, record=found["seq"])
        return Receipt(f"That is done already: record {found['seq']}, {found['event'].replace('_', ' ')}, {found['time']}.")
    except (KeyError, TypeError, AttributeError) as exc:
        raise wire.BadWire("not a record of ours") from exc


def recent_of(data: bytes) -> Recent:
    """The same, read back from a record. Raises BadWire."""
    found = wire.load(data)
    try:
        request, promotion = found.get("request", {}), found.get("promotion", {})
        clock = request.get("sender") in (None, Sender.CLOCK.value)
        return Recent(
            seq=found["seq"],
            time=found["time"],
            request_id=None if clock else request.get("id"),
            actor=found["actor"]["id"],
            event=found["event"],
            promotion=promotion.get("id"),
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise wire.BadWire("not a record of ours") from exc
