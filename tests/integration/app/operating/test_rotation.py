"""Keys are replaced and revoked by records; what stock Git says of every commit before, at and after."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.app import key_files
from workers.app.rotation import Ring
from workers.contract.actors import PROCESSES
from workers.contract.signatures import SigningKey, fingerprint
from workers.domain import signers
from workers.ports.ledger import Draft

from .host import Host

OPERATOR = PROCESSES["operator"].id


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """What each test has a copy of."""
    host = Host(tmp_path_factory.mktemp("prepared") / "host")
    host.begin()
    return host


@pytest.fixture
def begun(host: Host, prepared: Host) -> Host:
    shutil.copytree(prepared.folder, host.folder, symlinks=True, dirs_exist_ok=True)
    return host


def key(host: Host, name: str = "writer") -> SigningKey:
    return SigningKey.load((host.keys / name).read_bytes())


def ledger(host: Host) -> GitLedger:
    return GitLedger(Mirror(host.data / "mirror-changes", str(host.remote)), key(host))


def ring(host: Host) -> Ring:
    return Ring(ledger(host), key(host).public, lambda: datetime.now(UTC))


def lines(host: Host) -> list[signers.Signer]:
    return signers.read(host.git("show", "towpath:allowed_signers"))


def stock(host: Host, *options: str) -> list[str]:
    """What stock Git says of each commit, oldest first: its letter and the signer."""
    place = host.folder / "allowed_signers"
    place.write_text(host.git("show", "towpath:allowed_signers") + "\n")
    return host.git("-c", f"gpg.ssh.allowedSignersFile={place}", *options, "log", "--reverse", "--format=%G? %GS", "towpath").splitlines()


def record(host: Host, seq: int) -> dict[str, Any]:
    return dict(json.loads(host.git("show", f"towpath:records/0/{seq}.json")))


def files(host: Host) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in host.keys.iterdir()}


def test_the_writers_key_is_replaced_by_a_record_that_the_old_one_signs(begun: Host) -> None:
    old = key(begun)
    said = begun.must("rotate-key", "writer", "--because", "a year has passed")
    new = key(begun)
    assert new.public != old.public
    assert new.fingerprint in said and "Start changes, effects and training again" in said
    found = record(begun, 1)
    assert (found["event"], found["actor"]["id"]) == ("key_rotated", "operator@towpath")
    assert found["detail"] == {
        "principal": "writer@towpath",
        "old": old.fingerprint,
        "new": new.fingerprint,
        "reason": "a year has passed",
    }
    links = list(ledger(begun).links(None, ledger(begun).fetch() or pytest.fail("no ledger")))
    assert [link.signer for link in links] == [old.public, old.public]
    assert (begun.keys / "writer.pub").read_text().split()[:2] == new.public.split()[:2]
    assert stat.S_IMODE((begun.keys / "writer").stat().st_mode) == 0o600
    assert not [path for path in begun.keys.iterdir() if "next" in path.name or path.name.startswith(".")]


def test_stock_git_says_good_of_every_commit_before_at_and_after_two_rotations(begun: Host) -> None:
    for name in ("writer", "bot", "writer", "clock"):
        begun.must("rotate-key", name)
    assert stock(begun) == ["G writer@towpath"] * 5
    for commit in begun.git("rev-list", "towpath").split():
        place = begun.folder / "allowed_signers"
        done = subprocess.run(
            ["git", f"--git-dir={begun.remote}", "-c", f"gpg.ssh.allowedSignersFile={place}", "verify-commit", commit],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
    assert len([one for one in lines(begun) if one.who == "writer@towpath" and one.before]) == 2
    assert signers.current(begun.git("show", "towpath:allowed_signers")).keys() == {
        "writer@towpath",
        "bot@towpath",
        "effects@towpath",
        "clock@towpath",
    }


def test_the_bound_is_the_second_of_the_rotation_and_belongs_to_both_keys(begun: Host) -> None:
    old = key(begun)
    begun.must("rotate-key", "writer")
    at = begun.git("log", "-1", "--format=%cd", "--date=format:%Y%m%d%H%M%SZ", "towpath")
    by_key = {one.key: one for one in lines(begun)}
    assert by_key[old.public].before == at
    assert by_key[key(begun).public].after == at
    same_second = record(begun, 1)["time"]
    head = begun.head
    work = ledger(begun)
    (commit,) = work.build(work.fetch(), [Draft({"x": b"1"}, "Next", OPERATOR, same_second)])
    work.push(commit, None)
    assert begun.git("rev-parse", "towpath^") == head
    assert stock(begun) == ["G writer@towpath"] * 3


def test_a_clock_that_goes_back_does_not_make_a_good_commit_bad(begun: Host) -> None:
    begun.must("rotate-key", "writer")
    work = ledger(begun)
    (commit,) = work.build(work.fetch(), [Draft({"x": b"1"}, "Next", OPERATOR, "2020-01-01T00:00:00.000Z")])
    work.push(commit, None)
    assert stock(begun) == ["G writer@towpath"] * 3
    assert begun.git("log", "-1", "--format=%ad", "--date=format:%Y", "towpath") == "2020"


@pytest.mark.parametrize("name", ["writer", "bot"])
def test_a_rotation_that_was_cut_short_after_the_push_is_ended_by_saying_it_again(begun: Host, name: str) -> None:
    before = (begun.keys / name).read_bytes()
    new = key_files.next_key(begun.keys, name)
    assert ring(begun).rotate(f"{name}@towpath", new.public)
    assert (begun.keys / name).read_bytes() == before
    head = begun.head
    said = begun.must("rotate-key", name)
    assert "already; nothing more was recorded" in said
    assert begun.head == head
    assert key(begun, name).public == new.public
    assert not key_files.waiting(begun.keys, name).exists()


def test_a_rotation_that_was_cut_short_before_the_push_goes_on_with_the_key_that_waits(begun: Host) -> None:
    waits = key_files.next_key(begun.keys, "effects")
    begun.must("rotate-key", "effects")
    assert key(begun, "effects").public == waits.public
    assert record(begun, 1)["detail"]["new"] == waits.fingerprint


def test_the_public_half_was_swapped_and_the_private_was_not(begun: Host) -> None:
    new = key_files.next_key(begun.keys, "writer")
    ring(begun).rotate("writer@towpath", new.public)
    (begun.keys / "writer.pub").write_text(f"{new.public} writer@towpath\n")
    begun.must("rotate-key", "writer")
    assert key(begun).public == new.public
    assert begun.git("rev-list", "--count", "towpath") == "2"


def test_the_old_private_key_is_kept_when_asked(begun: Host) -> None:
    old = (begun.keys / "bot").read_bytes()
    begun.must("rotate-key", "bot", "--keep")
    (kept,) = [path for path in begun.keys.iterdir() if path.name.startswith("bot.until-")]
    assert kept.read_bytes() == old
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.name == f"bot.until-{next(one.before for one in lines(begun) if one.before)}"


def test_a_key_made_elsewhere_touches_no_file_of_the_folder(begun: Host) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(begun.folder / "made")], check=True)
    before = files(begun)
    said = begun.must("rotate-key", "writer", "--public", str(begun.folder / "made.pub"))
    assert "No key file was touched" in said
    assert files(begun) == before
    head = begun.head
    assert "already; nothing more was recorded" in begun.must("rotate-key", "writer", "--public", str(begun.folder / "made.pub"))
    assert begun.head == head
    done = begun.towpath("rotate-key", "bot")
    assert done.returncode == 1
    assert "was replaced by" in done.stderr and "start `changes` again" in done.stderr
    assert files(begun) == before
    (begun.keys / "writer").write_bytes((begun.folder / "made").read_bytes())
    begun.must("rotate-key", "bot")
    assert stock(begun) == ["G writer@towpath"] * 3


@pytest.mark.parametrize("text", ["", "nonsense", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ"])
def test_what_is_no_ed25519_public_key_is_refused(begun: Host, text: str) -> None:
    (begun.folder / "made.pub").write_text(text)
    head = begun.head
    done = begun.towpath("rotate-key", "bot", "--public", str(begun.folder / "made.pub"))
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr and done.stderr.count("\n") == 1
    assert begun.head == head


def test_a_key_that_was_in_use_never_comes_back(begun: Host) -> None:
    (begun.folder / "old.pub").write_text(key(begun, "bot").public)
    begun.must("rotate-key", "bot")
    for name in ("bot", "clock", "writer"):
        done = begun.towpath("rotate-key", name, "--public", str(begun.folder / "old.pub"))
        assert "is or was in use already" in done.stderr
    assert begun.git("rev-list", "--count", "towpath") == "2"


def test_an_untrusted_ledger_gets_no_rotation_and_no_file_is_left(begun: Host) -> None:
    history = (
        "commit refs/heads/towpath\ncommitter Eve <eve@example.com> 1795000000 +0000\ndata 1\nx\nfrom refs/heads/towpath^0\n"
        "M 100644 inline holds/x.yaml\ndata 2\n{}\n"
    )
    subprocess.run(["git", f"--git-dir={begun.remote}", "fast-import", "--quiet"], input=history, text=True, check=True)
    before, head = files(begun), begun.head
    done = begun.towpath("rotate-key", "writer")
    assert done.returncode == 1
    assert "is not signed by the ledger's writer" in done.stderr
    assert (files(begun), begun.head) == (before, head)


def test_a_folder_of_another_ledger_is_refused(begun: Host) -> None:
    other = begun.another("other")
    other.must("keys")
    (begun.keys / "bot").write_bytes((other.keys / "bot").read_bytes())
    before = files(begun)
    done = begun.towpath("rotate-key", "bot")
    assert "is not the one in" in done.stderr and "Nothing was changed" in done.stderr
    assert files(begun) == before


def test_rotations_at_the_same_time_all_land_in_one_line(begun: Host) -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda name: begun.towpath("rotate-key", name), ["bot", "effects", "clock"]))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert stock(begun) == ["G writer@towpath"] * 4
    current = signers.current(begun.git("show", "towpath:allowed_signers"))
    assert current == {f"{name}@towpath": key(begun, name).public for name in ("writer", "bot", "effects", "clock")}


def test_the_same_rotation_twice_at_once_is_one_record(begun: Host) -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: begun.towpath("rotate-key", "bot"), range(2)))
    assert 0 in [one.returncode for one in done]
    assert "Traceback" not in "".join(one.stderr for one in done)
    assert signers.current(begun.git("show", "towpath:allowed_signers"))["bot@towpath"] == key(begun, "bot").public


def test_after_a_rotation_the_doctor_is_content_and_the_pinned_key_is_still_the_first(begun: Host, redis_url: str) -> None:
    begun.must("rotate-key", "writer")
    done = begun.towpath("doctor", "--json", REDIS_URL=redis_url)
    amiss = [one for one in json.loads(done.stdout) if one["fix"] and one["name"] in ("keys", "ledger", "policy")]
    assert amiss == []


def test_a_current_or_unknown_key_is_not_revoked(begun: Host) -> None:
    for name in ("writer", "bot"):
        done = begun.towpath("revoke-key", key(begun, name).fingerprint, "--because", "stolen")
        assert f"First: towpath rotate-key {name}" in done.stderr
    assert "knows no key" in begun.towpath("revoke-key", "SHA256:" + "A" * 43, "--because", "stolen").stderr
    assert "as `ssh-keygen -l` prints it" in begun.towpath("revoke-key", "AAAA", "--because", "stolen").stderr
    assert begun.git("rev-list", "--count", "towpath") == "1"


def test_a_revoked_key_leaves_the_signers_and_is_listed(begun: Host) -> None:
    old = key(begun)
    begun.must("rotate-key", "writer")
    begun.must("revoke-key", old.fingerprint, "--because", "the disk was sold")
    assert record(begun, 2)["detail"] == {"principal": "writer@towpath", "fingerprint": old.fingerprint, "reason": "the disk was sold"}
    assert record(begun, 2)["event"] == "key_revoked"
    assert begun.git("show", "towpath:revoked_keys") == old.public
    assert old.public not in [one.key for one in lines(begun)]
    assert [said[0] for said in stock(begun)] == ["U", "U", "G"]
    head = begun.head
    assert "is revoked already" in begun.must("revoke-key", old.fingerprint, "--because", "once more")
    assert begun.head == head
    (begun.folder / "old.pub").write_text(old.public)
    assert "was revoked" in begun.towpath("rotate-key", "bot", "--public", str(begun.folder / "old.pub")).stderr
    begun.must("rotate-key", "clock")


def test_a_key_revoked_since_a_record_is_good_for_what_came_before(begun: Host) -> None:
    begun.must("rotate-key", "bot")
    old, work = key(begun), ledger(begun)
    first = int(begun.git("log", "-1", "--format=%ct", "towpath"))
    later = datetime.fromtimestamp(first + 5, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = work.fetch()
    change = Ring(work, old.public, lambda: datetime.fromisoformat(later)).rotate(
        "clock@towpath", key_files.next_key(begun.keys, "clock").public
    )
    assert change and begun.git("rev-parse", "towpath^") == head
    begun.must("rotate-key", "writer")
    begun.must("revoke-key", old.fingerprint, "--because", "stolen", "--since", "2")
    assert record(begun, 4)["detail"]["since"] == 2
    assert [said[0] for said in stock(begun)] == ["G", "G", "U", "U", "G"]
    revoked = begun.folder / "revoked_keys"
    revoked.write_text(begun.git("show", "towpath:revoked_keys") + "\n")
    assert [said[0] for said in stock(begun, "-c", f"gpg.ssh.revocationFile={revoked}")][:2] == ["B", "B"]


def verified(host: Host, *heads: str) -> tuple[int, dict[str, Any]]:
    """What `towpath audit verify` says, with a head that was seen before the rotation and these."""
    expected = [word for head in (host.git("rev-list", "--max-parents=0", "towpath"), *heads) for word in ("--expect", head)]
    first = fingerprint(
        signers.current(host.git("show", f"{host.git('rev-list', '--max-parents=0', 'towpath')}:allowed_signers"))[signers.WRITER]
    )
    done = host.towpath("audit", "verify", "--json", "--trust", first, *expected)
    return done.returncode, json.loads(done.stdout)


def test_a_verification_believes_each_key_for_its_time_and_doubts_what_was_revoked_since(begun: Host) -> None:
    old = key(begun)
    begun.must("rotate-key", "bot")
    begun.must("rotate-key", "writer")
    assert verified(begun)[0] == 0
    begun.must("revoke-key", old.fingerprint, "--because", "stolen", "--since", "1")
    status, found = verified(begun)
    assert (status, [one["code"] for one in found["lacking"]]) == (2, ["revoked-since"])
    assert "compare the records 1 to 2" in found["lacking"][0]["text"]
    assert verified(begun, begun.head)[0] == 0
    begun.must("rotate-key", "writer")
    assert verified(begun, begun.head)[0] == 0


def test_a_reason_is_one_line(begun: Host) -> None:
    done = begun.towpath("rotate-key", "bot", "--because", "a\nEvent: genesis")
    assert "a reason is one line" in done.stderr
    assert begun.git("rev-list", "--count", "towpath") == "1"


def test_a_host_that_refuses_leaves_the_old_key_in_force(begun: Host) -> None:
    hook = begun.remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    before = (begun.keys / "writer").read_bytes()
    assert "not today" in begun.towpath("rotate-key", "writer").stderr
    assert (begun.keys / "writer").read_bytes() == before
    waits = key_files.next_key(begun.keys, "writer")
    hook.unlink()
    begun.must("rotate-key", "writer")
    assert key(begun).public == waits.public
    assert Path(begun.keys / "writer.pub").read_text().startswith(waits.public)
