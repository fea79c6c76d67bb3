"""The signed envelope: one request on its way to the loop that writes. Whoever can write to Redis must not be able to forge one."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import Actor, Conversation
from workers.contract.names import ActorId, RequestId
from workers.contract.signatures import BadSignature, Signer, check

LIFETIME = timedelta(minutes=15)
"""No envelope lives longer, whatever it says; request ids are remembered in Git for an hour."""
LARGEST = 256 * 1024


class Sender(Enum):
    """Who signs, and so what may be asked. The value is the principal in `allowed_signers`; the keys of persons are in the policy."""

    BOT = "bot@towpath"
    EFFECTS = "effects@towpath"
    CLOCK = "clock@towpath"
    PERSON = "person@towpath"

    @property
    def namespace(self) -> str:
        """The SSHSIG namespace: a signature of one sender can never pass for another's."""
        return f"towpath-{self.value.split('@')[0]}"

    @property
    def may_ask(self) -> tuple[type[ask.Request], ...]:
        """The requests that this sender may sign."""
        return _MAY_ASK[self]


_MAY_ASK: dict[Sender, tuple[type[ask.Request], ...]] = {
    Sender.BOT: (*ask.PEOPLE, ask.CardPosted),
    Sender.EFFECTS: ask.REPORTS,
    Sender.CLOCK: (ask.Tick,),
    Sender.PERSON: ask.SIGNED,
}


class BadEnvelope(ValueError):
    """The envelope is forged, torn or not for us; the message says which check it failed."""


@dataclass(frozen=True)
class Envelope:
    """One request, who asks it, where, and when. Times are RFC 3339 in UTC. `text` is the sentence as typed, secrets struck out."""

    request_id: RequestId
    repo_id: str
    issued_at: str
    expires_at: str
    actor: Actor
    request: ask.Request
    conversation: Conversation | None = None
    text: str | None = None


@dataclass(frozen=True)
class Sealed:
    """An envelope with its signature: `payload` are the exact signed bytes (canonical JSON), as text."""

    sender: Sender
    payload: str
    signature: str

    def to_wire(self) -> str:
        """The text that lies in the inbox."""
        return wire.canonical(self).decode()

    @classmethod
    def from_wire(cls, text: str | bytes) -> Sealed:
        """What `to_wire` wrote. Raises BadEnvelope."""
        if len(text) > LARGEST:
            raise BadEnvelope("it is too large")
        try:
            return wire.read(cls, wire.load(text))
        except wire.BadWire as exc:
            raise BadEnvelope(f"it is torn ({exc})") from exc

    def speaker(self) -> ActorId:
        """The person whom the payload names, before anything of it is believed. Raises BadEnvelope."""
        try:
            found = _read(wire.load(self.payload)).actor.id
        except wire.BadWire as exc:
            raise BadEnvelope(f"its payload is not of ours ({exc})") from exc
        if not found.is_person:
            raise BadEnvelope("it names no person")
        return found

    def open(self, public: str, repo_id: str) -> Envelope:
        """The envelope inside, once the signature, the namespace, the repository and the sender's rights hold. Raises BadEnvelope."""
        try:
            check(self.payload.encode(), self.signature, public, self.sender.namespace)
            envelope = _read(wire.load(self.payload))
        except BadSignature as exc:
            raise BadEnvelope(
                f"its signature does not hold; if the key of {self.sender.value} was just rotated, start its process again"
            ) from exc
        except wire.BadWire as exc:
            raise BadEnvelope(f"its payload is not of ours ({exc})") from exc
        if envelope.repo_id != repo_id:
            raise BadEnvelope("it is meant for another repository")
        if not isinstance(envelope.request, self.sender.may_ask):
            raise BadEnvelope(f"{self.sender.value} may not ask {type(envelope.request).__name__}")
        if isinstance(envelope.request, ask.PEOPLE) != envelope.actor.id.is_person:
            raise BadEnvelope("its actor and its request do not go together")
        if not envelope.actor.id.is_person and envelope.actor.id != self.sender.value:
            raise BadEnvelope(f"{self.sender.value} may not speak for {envelope.actor.id}")
        return envelope


def seal(envelope: Envelope, sender: Sender, key: Signer) -> Sealed:
    """Sign an envelope."""
    shown = wire.plain(envelope)
    shown["request"]["verb"] = type(envelope.request).__name__
    payload = wire.canonical(shown).decode()
    return Sealed(sender, payload, key.sign(payload.encode(), sender.namespace))


def _read(data: object) -> Envelope:
    if not isinstance(data, dict) or not isinstance(data.get("request"), dict):
        raise wire.BadWire("no request")
    if unknown := data.keys() - Envelope.__dataclass_fields__.keys():
        raise wire.BadWire(f"{sorted(unknown)[0][:40]!r} is not known")
    body = dict(data["request"])
    kind = ask.BY_VERB.get(str(body.pop("verb", "")))
    if kind is None:
        raise wire.BadWire("an unknown verb")
    given = {key: value for key, value in data.items() if key != "request"}
    return Envelope(
        request=wire.read(kind, body),
        request_id=wire.read(RequestId, given.get("request_id")),
        repo_id=wire.read(str, given.get("repo_id")),
        issued_at=stamp(read_stamp(given.get("issued_at"))),
        expires_at=stamp(read_stamp(given.get("expires_at"))),
        actor=wire.read(Actor, given.get("actor")),
        conversation=wire.read(Conversation, given["conversation"]) if "conversation" in given else None,
        text=wire.read(str, given["text"]) if "text" in given else None,
    )


def request_id(*parts: str) -> RequestId:
    """The id that follows from what identifies a delivery (team, channel, `ts`; or team and trigger id): the same parts, the same id."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return RequestId.read("R-" + base64.b32encode(digest).decode().lower()[:20])


def stamp(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-23T08:00:00.123Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_stamp(text: object) -> datetime:
    """The instant that `stamp` wrote. Raises BadWire."""
    try:
        instant = datetime.fromisoformat(text) if isinstance(text, str) and text.endswith("Z") else None
    except ValueError:
        instant = None
    if instant is None:
        raise wire.BadWire("not an instant in UTC")
    return instant
