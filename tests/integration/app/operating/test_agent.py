"""The writer's key in a real SSH agent: the folder holds its public half alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.adapters import agent
from workers.app import keys
from workers.app.doctor import agent as check_of_agent
from workers.contract.signatures import BadKey, SigningKey, check
from workers.ports.errors import NotSigned

from .host import Host


@pytest.fixture
def held(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host whose agent holds a key of the operator's making; the agent ends with the test."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "hsm", "-f", str(host.folder / "made")], check=True)
    socket = host.folder / "agent"
    said = subprocess.run(["ssh-agent", "-s", "-a", str(socket)], capture_output=True, text=True, check=True).stdout
    pid = int(re.findall(r"SSH_AGENT_PID=(\d+)", said)[0])
    try:
        monkeypatch.setenv(agent.SOCKET, str(socket))
        ssh_add(str(host.folder / "made"))
        host.environ[agent.SOCKET] = str(socket)
        host.keys.mkdir()
        (host.keys / "writer.pub").write_text((host.folder / "made.pub").read_text())
        yield host
    finally:
        os.kill(pid, signal.SIGTERM)


def ssh_add(*words: str) -> None:
    subprocess.run(["ssh-add", "-q", *words], check=True, capture_output=True)


def good(host: Host) -> set[str]:
    place = host.folder / "allowed_signers"
    place.write_text(host.git("show", "towpath:allowed_signers") + "\n")
    return set(host.git("-c", f"gpg.ssh.allowedSignersFile={place}", "log", "--format=%G? %GS", "towpath").splitlines())


def test_the_agent_signs_the_ledger_and_stock_git_verifies_it(held: Host) -> None:
    fingerprint = held.begin()
    made = SigningKey.load((held.folder / "made").read_bytes())
    assert fingerprint == made.fingerprint
    assert not (held.keys / "writer").exists()
    assert {path.name for path in held.keys.iterdir()} == set(keys.FILES) - {"writer"}
    for name in ("bot", "clock"):
        held.must("rotate-key", name)
    assert held.git("rev-list", "--count", "towpath") == "3"
    assert good(held) == {"G writer@towpath"}


def test_a_key_goes_from_the_agent_to_the_agent(held: Host) -> None:
    held.begin()
    done = held.towpath("rotate-key", "writer")
    assert "give its public half by --public" in done.stderr
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(held.folder / "next")], check=True)
    held.must("rotate-key", "writer", "--public", str(held.folder / "next.pub"))
    (held.keys / "writer.pub").write_text((held.folder / "next.pub").read_text())
    done = held.towpath("rotate-key", "bot")
    assert done.returncode == 1 and "asking the SSH agent for a signature" in done.stderr
    assert held.git("rev-list", "--count", "towpath") == "2"
    ssh_add(str(held.folder / "next"))
    held.must("rotate-key", "bot")
    assert good(held) == {"G writer@towpath"}


def test_an_agent_that_is_locked_or_lacks_the_key_is_told_and_can_be_tried_again(held: Host) -> None:
    key = agent.AgentKey.load(held.keys / "writer.pub")
    check(b"one", key.sign(b"one", "git"), key.public, "git")
    ssh_add("-D")
    with pytest.raises(NotSigned, match=f"asking the SSH agent for a signature of {re.escape(key.fingerprint)}") as caught:
        key.sign(b"two", "git")
    assert caught.value.retry
    assert [found.fix for found in check_of_agent.signing(held.keys)] == [check_of_agent.FIX]
    ssh_add(str(held.folder / "made"))
    check(b"two", key.sign(b"two", "git"), key.public, "git")
    assert [found.fix for found in check_of_agent.signing(held.keys)] == [None]


def test_an_agent_that_is_away_is_told(held: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    key = agent.AgentKey.load(held.keys / "writer.pub")
    monkeypatch.setenv(agent.SOCKET, str(held.folder / "nobody"))
    with pytest.raises(NotSigned, match="See that SSH_AUTH_SOCK leads to it"):
        key.sign(b"one", "git")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotSigned, match="ssh-keygen cannot be started"):
        key.sign(b"one", "git")


def test_the_private_file_comes_before_the_agent_and_only_the_writer_may_lie_there(held: Host) -> None:
    keys.make(held.keys)
    assert isinstance(agent.signer(held.keys, "writer"), agent.AgentKey)
    keys.require(held.keys, keys.FILES)
    (held.keys / "writer").write_bytes((held.folder / "made").read_bytes())
    assert isinstance(agent.signer(held.keys, "writer"), SigningKey)
    (held.keys / "bot").unlink()
    with pytest.raises(keys.BadFolder, match="bot: No such file"):
        keys.require(held.keys, keys.FILES)


def test_without_an_agent_a_missing_key_is_a_missing_key(held: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.make(held.keys)
    monkeypatch.delenv(agent.SOCKET)
    with pytest.raises(keys.BadFolder, match="writer: No such file"):
        keys.require(held.keys, ["writer"])


@pytest.mark.parametrize("text", ["", "ssh-rsa AAAAB3NzaC1yc2E=", "ssh-ed25519 ?", "\xff"])
def test_only_an_ed25519_public_key_is_taken(tmp_path: Path, text: str) -> None:
    (tmp_path / "writer.pub").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadKey):
        agent.AgentKey.load(tmp_path / "writer.pub")
