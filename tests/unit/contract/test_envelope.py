"""Whoever can write to Redis cannot make anybody say anything: every way to forge an envelope is refused, and by a word, not by a crash."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import PROCESSES, Actor, Conversation, Origin, Standing
from workers.contract.envelope import LARGEST, LIFETIME, BadEnvelope, Envelope, Sealed, Sender, read_stamp, request_id, seal, stamp
from workers.contract.names import ActorId, PromotionId
from workers.contract.signatures import BadKey, BadSignature, SigningKey, check, fingerprint
from workers.contract.stories import Card

from .samples import TEXT, new_key, private_bytes

REPO = "5f0c6a1e"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BOT, OTHER = new_key(), new_key()
MIA = Actor(ActorId.read("UMIA@THOME"), Standing.MEMBER, ("SLEADS",))
APPROVE = ask.Approve(PromotionId.read("P-142"), because="the metrics hold: “0.991” 🛶")


def an_envelope(request: ask.Request = APPROVE, actor: Actor = MIA) -> Envelope:
    where = Conversation("CFRAUD", Origin.REPLY, "17.1", "17.2")
    return Envelope(request_id("THOME", "CFRAUD", "17.2"), REPO, stamp(NOW), stamp(NOW + LIFETIME), actor, request, where, "approve")


def a_sealed(**more: object) -> Sealed:
    return seal(replace(an_envelope(), **more), Sender.BOT, BOT)  # type: ignore[arg-type]


def opened(sealed: Sealed) -> Envelope:
    return Sealed.from_wire(sealed.to_wire()).open(BOT.public, REPO)


def resigned(change: Callable[[dict[str, object]], object], sender: Sender = Sender.BOT) -> Sealed:
    """What a holder of the key could sign that our own `seal` never would."""
    data = json.loads(a_sealed().payload)
    change(data)
    payload = json.dumps(data)
    return Sealed(sender, payload, BOT.sign(payload.encode(), sender.namespace))


def test_what_was_sealed_is_what_is_opened() -> None:
    assert opened(a_sealed()) == an_envelope()
    tick = replace(an_envelope(ask.Tick(), PROCESSES["clock"]), conversation=None, text=None)
    assert seal(tick, Sender.CLOCK, BOT).open(BOT.public, REPO) == tick


@settings(max_examples=25, deadline=None)
@given(TEXT, TEXT)
def test_any_words_survive(text: str, because: str) -> None:
    envelope = replace(an_envelope(replace(APPROVE, because=because)), text=text)
    assert opened(seal(envelope, Sender.BOT, BOT)) == envelope


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        (replace(a_sealed(), payload=a_sealed().payload.replace("P-142", "P-143")), "signature"),
        (replace(a_sealed(), payload=a_sealed().payload + " "), "signature"),
        (replace(a_sealed(), sender=Sender.EFFECTS), "signature"),
        (replace(a_sealed(), sender=Sender.CLOCK), "signature"),
        (replace(a_sealed(), signature=a_sealed(repo_id="x").signature), "signature"),
        (replace(a_sealed(), signature=""), "signature"),
        (replace(a_sealed(), signature="-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"), "signature"),
        (seal(an_envelope(), Sender.BOT, OTHER), "signature"),
        (a_sealed(repo_id="another"), "another repository"),
        (seal(an_envelope(ask.Tick(), PROCESSES["bot"]), Sender.BOT, BOT), "may not ask Tick"),
        (seal(an_envelope(), Sender.CLOCK, BOT), "may not ask Approve"),
        (seal(an_envelope(), Sender.EFFECTS, BOT), "may not ask Approve"),
        (
            seal(an_envelope(ask.CardPosted(PromotionId.read("P-1"), Card("C1", "1.1")), PROCESSES["effects"]), Sender.EFFECTS, BOT),
            "may not ask",
        ),
        (seal(an_envelope(actor=PROCESSES["bot"]), Sender.BOT, BOT), "do not go together"),
        (seal(an_envelope(ask.CardPosted(PromotionId.read("P-1"), Card("C1", "1.1"))), Sender.BOT, BOT), "do not go together"),
        (
            seal(an_envelope(ask.CardPosted(PromotionId.read("P-1"), Card("C1", "1.1")), PROCESSES["writer"]), Sender.BOT, BOT),
            "may not speak for",
        ),
        (seal(an_envelope(ask.Tick(), PROCESSES["operator"]), Sender.CLOCK, BOT), "may not speak for"),
        (resigned(lambda data: data.update(more=1)), "'more' is not known"),
        (resigned(lambda data: data.update(request={"verb": "Exec"})), "unknown verb"),
        (resigned(lambda data: data.update(request={"verb": "Approve", "more": 1})), "'more' is not known"),
        (resigned(lambda data: data.update(request=[])), "no request"),
        (resigned(lambda data: data.pop("actor")), "not of ours"),
        (resigned(lambda data: data.update(actor={"id": "mallory", "standing": "member"})), "not of ours"),
        (resigned(lambda data: data.update(conversation=None)), "not of ours"),
        (resigned(lambda data: data.update(issued_at="2026-11-23T08:00:00")), "not an instant"),
        (resigned(lambda data: data.update(expires_at="2026-11-23T08:00:00+02:00")), "not an instant"),
        (resigned(lambda data: data.update(expires_at=17)), "not an instant"),
        (resigned(lambda data: data.update(request_id="R-1")), "not of ours"),
        (resigned(lambda data: data.update(text=None)), "not of ours"),
        (Sealed(Sender.BOT, "[]", BOT.sign(b"[]", Sender.BOT.namespace)), "no request"),
        (Sealed(Sender.BOT, "{", BOT.sign(b"{", Sender.BOT.namespace)), "not of ours"),
    ],
)
def test_a_forged_one_is_refused_and_says_by_which_check(forged: Sealed, why: str) -> None:
    with pytest.raises(BadEnvelope, match=why):
        opened(forged)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "{}", "null", '{"sender":"bot@towpath"}', '{"payload":"","sender":"root","signature":""}', "x" * (LARGEST + 1),
        '{"payload":"\\ud800","sender":"bot@towpath","signature":"\\udc00"}', '{"payload":"","payload":"","sender":"bot@towpath","signature":""}',
        '{"payload":1,"sender":"bot@towpath","signature":""}', b"\xff\xfe", "[" * 200_000, '{"' + "k" * 1000 + '":1}',
    ],
)  # fmt: skip
def test_a_torn_one_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadEnvelope) as caught:
        Sealed.from_wire(text)
    assert len(str(caught.value)) < 200


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_signature_whatever_its_bytes_makes_the_check_crash(data: st.DataObject) -> None:
    sealed = a_sealed()
    raw = bytearray(base64.b64decode("".join(sealed.signature.splitlines()[1:-1])))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    armor = "-----BEGIN SSH SIGNATURE-----\n" + base64.b64encode(bytes(raw[:cut])).decode() + "\n-----END SSH SIGNATURE-----\n"
    try:
        check(sealed.payload.encode(), armor, BOT.public, Sender.BOT.namespace)
    except BadSignature:
        return
    assert bytes(raw[:cut]) == base64.b64decode("".join(sealed.signature.splitlines()[1:-1]))


def test_a_signature_that_is_written_otherwise_is_refused() -> None:
    """The library reads past a wrong length inside; the same signature must not have two forms."""
    sealed = a_sealed()
    raw = bytearray(base64.b64decode("".join(sealed.signature.splitlines()[1:-1])))
    raw[29] = 1
    armor = "-----BEGIN SSH SIGNATURE-----\n" + base64.b64encode(bytes(raw)).decode() + "\n-----END SSH SIGNATURE-----\n"
    with pytest.raises(BadSignature):
        check(sealed.payload.encode(), armor, BOT.public, Sender.BOT.namespace)


ALGORITHMS = [
    b"ssh-rsa",
    b"sk-ssh-ed25519@openssh.com",
    b"ssh-dss",
    b"",
    b"\xff",
    b"ecdsa-sha2-nistp256",
    b"ssh-ed25519-cert-v01@openssh.com",
]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_no_other_algorithm_is_let_in(name: bytes) -> None:
    def strings(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    public = strings(b"ssh-ed25519", BOT.private.public_key().public_bytes_raw())
    for blob in (
        strings(public, b"towpath-bot", b"", b"sha512", strings(name, b"x" * 64)),
        strings(strings(name, b"x" * 32), b"towpath-bot", b"", b"sha512", strings(b"ssh-ed25519", b"x" * 64)),
        strings(public, b"towpath-bot", b"", name, strings(b"ssh-ed25519", b"x" * 64)),
    ):
        inner = base64.b64encode(b"SSHSIG" + (1).to_bytes(4, "big") + blob).decode()
        with pytest.raises(BadSignature):
            check(b"x", f"-----BEGIN SSH SIGNATURE-----\n{inner}\n-----END SSH SIGNATURE-----\n", BOT.public, "towpath-bot")


def test_ssh_keygen_agrees_in_both_directions(tmp_path: Path) -> None:
    sealed = a_sealed()
    (tmp_path / "signers").write_text(f'bot@towpath namespaces="towpath-bot" {BOT.public}\n')
    (tmp_path / "sig").write_text(sealed.signature)

    def verify(namespace: str, payload: str) -> int:
        command = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "bot@towpath", "-n", namespace, "-s", "sig"]
        return subprocess.run(command, cwd=tmp_path, input=payload.encode(), capture_output=True, check=False).returncode

    assert verify("towpath-bot", sealed.payload) == 0
    assert verify("towpath-effects", sealed.payload) != 0
    assert verify("towpath-bot", sealed.payload + "x") != 0
    key = tmp_path / "key"
    key.write_bytes(private_bytes())
    key.chmod(0o600)
    (tmp_path / "message").write_bytes(b"hello")
    subprocess.run(["ssh-keygen", "-Y", "sign", "-f", "key", "-n", "towpath-bot", "message"], cwd=tmp_path, capture_output=True, check=True)
    ours = SigningKey.load(key.read_bytes())
    check(b"hello", (tmp_path / "message.sig").read_text(), ours.public, "towpath-bot")
    (tmp_path / "key.pub").write_text(ours.public + "\n")
    listed = subprocess.run(["ssh-keygen", "-lf", "key.pub"], cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    assert listed.split()[1] == ours.fingerprint == fingerprint(ours.public)


def test_a_key_shows_only_its_fingerprint() -> None:
    text = private_bytes()
    key = SigningKey.load(text)
    assert re.fullmatch(r"SigningKey\(SHA256:[A-Za-z0-9+/]{43}\)", repr(key))
    for bad in (b"", b"x", text[:100], text.replace(b"OPENSSH", b"RSA")):
        with pytest.raises(BadKey) as caught:
            SigningKey.load(bad)
        assert text.decode()[40:80] not in str(caught.value)
    for public in ("", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E="):
        with pytest.raises((BadKey, BadSignature)):
            check(b"x", a_sealed().signature, public, "towpath-bot")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=3))
def test_the_same_parts_give_the_same_id_and_others_another(parts: list[str]) -> None:
    assert request_id(*parts) == request_id(*parts)
    assert request_id(*parts) != request_id(*parts, "")
    assert request_id("T", "C", "1.1") != request_id("T", "C1", ".1")


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants bounds without a zone
def test_a_stamp_is_an_instant_to_the_millisecond(instant: datetime) -> None:
    assert abs((read_stamp(stamp(instant)) - instant).total_seconds()) < 0.001
    assert stamp(read_stamp(stamp(instant))) == stamp(instant)
    assert wire.canonical(stamp(instant)).endswith(b'Z"')


def test_each_sender_has_its_own_words() -> None:
    for one in Sender:
        for other in Sender:
            if one is not other:
                assert one.namespace != other.namespace
                by_hand = ask.SIGNED if {one, other} == {Sender.BOT, Sender.PERSON} else ()
                assert set(one.may_ask) & set(other.may_ask) == set(by_hand)
    assert {kind for sender in Sender for kind in sender.may_ask} == set(ask.BY_VERB.values())
