from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo.repository import build

from .host import Host, policy

INVALID = "version: 1\nenvironments:\n  staging:\n    run: [nobody]\n    soak: soon\n  prod:\n    after: nowhere\n"


def test_the_first_commit_stands_to_stock_git_and_a_second_run_changes_nothing(host: Host) -> None:
    host.publish(policy())
    printed = host.must("init")
    head = host.head
    assert head in printed
    signers = host.folder / "allowed_signers"
    signers.write_text(host.git("show", "towpath:allowed_signers") + "\n")
    shown = host.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "--format=%G? %GS %GK %P|", "towpath")
    listed = subprocess.run(["ssh-keygen", "-lf", str(host.keys / "writer.pub")], capture_output=True, text=True, check=True).stdout
    fingerprint = listed.split()[1]
    assert shown == f"G writer@towpath {fingerprint} |"
    assert f'trust: "{fingerprint}"' in printed
    assert host.git("fsck", "--strict", "--no-dangling") == ""
    before = {path: path.read_bytes() for path in host.keys.iterdir()}
    assert "already has a ledger" in host.must("init")
    assert (host.head, {path: path.read_bytes() for path in host.keys.iterdir()}) == (head, before)


def test_keys_that_were_made_and_pinned_before_are_taken(host: Host) -> None:
    fingerprint = host.begin()
    assert fingerprint in host.git("show", "towpath:records/0/0.json")
    assert host.must("keys").strip() == fingerprint


def test_where_there_is_a_ledger_and_no_keys_none_are_made(host: Host) -> None:
    host.begin()
    head, other = host.head, host.another("other")
    assert "Nothing was changed" in other.must("init")
    assert not other.keys.exists()
    assert host.head == head


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (INVALID, 1, ["towpath: towpath.yaml:5: ", "soak"]),
        ("version: 1\nenvironments: [\n", 1, ["towpath: towpath.yaml:"]),
        (policy("SHA256:" + "A" * 43), 1, ["towpath.yaml trusts SHA256:AAAA", "holds no keys", "Nothing was changed"]),
    ],
)
def test_a_policy_that_cannot_take_force_makes_nothing(host: Host, text: str, status: int, words: list[str]) -> None:
    host.publish(text)
    done = host.towpath("init")
    assert done.returncode == status
    assert [word for word in words if word not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert host.head == ""
    assert not host.keys.exists()


def test_every_error_of_a_policy_is_told_with_its_line(host: Host) -> None:
    host.publish("version: 1\nenvironments:\n  staging:\n    run: [nobody]\n  prod:\n    after: nowhere\n")
    lines = host.towpath("init").stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["towpath.yaml:4", "towpath.yaml:6"]


def test_trust_in_another_key_is_refused(host: Host) -> None:
    host.must("keys")
    host.publish(policy("SHA256:" + "A" * 43))
    done = host.towpath("init")
    assert done.returncode == 1
    assert "but this writer's key is SHA256:" in done.stderr
    assert host.head == ""


def test_without_a_policy_it_says_what_to_do(host: Host) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(host.remote)], check=True)
    assert "has no branch main" in host.towpath("init").stderr
    history = "commit refs/heads/main\ncommitter Eve <eve@example.com> 1 +0000\ndata 5\nbegin\nM 100644 inline README\ndata 2\nhi\n"
    subprocess.run(["git", f"--git-dir={host.remote}", "fast-import", "--quiet"], input=history, text=True, check=True)
    done = host.towpath("init")
    assert done.returncode == 1
    assert "The branch main has no towpath.yaml. Commit one first" in done.stderr
    assert not host.keys.exists()


@pytest.mark.parametrize("url", ["/nowhere/at/all.git", "http://127.0.0.1:1/repo.git"])
def test_a_remote_that_does_not_answer_leaves_nothing_behind(host: Host, url: str) -> None:
    done = host.towpath("init", TOWPATH_REPOSITORY=url)
    assert done.returncode == 1
    assert done.stderr.startswith("towpath: asking ") and done.stderr.count("\n") == 1
    assert not host.keys.exists()


def test_a_remote_that_refuses_is_quoted_and_can_be_tried_again(host: Host) -> None:
    host.publish(policy())
    hook = host.remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho only the release team may push here >&2\nexit 1\n")
    hook.chmod(0o755)
    done = host.towpath("init")
    assert done.returncode == 1
    assert "only the release team may push here" in done.stderr
    assert host.head == ""
    made = {path: path.read_bytes() for path in host.keys.iterdir()}
    hook.unlink()
    host.must("init")
    assert {path: path.read_bytes() for path in host.keys.iterdir()} == made


@pytest.mark.parametrize("same", ["nothing", "keys", "keys and data"])
def test_two_at_once_make_one_ledger(host: Host, same: str) -> None:
    host.publish(policy())
    shared = {"TOWPATH_KEYS": str(host.keys)} if "keys" in same else {}
    shared |= {"TOWPATH_DATA": str(host.data)} if "data" in same else {}
    hosts = [host, host.another("other", **shared)]
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda one: one.towpath("init"), hosts))
    assert host.git("rev-list", "--count", "towpath") == "1"
    assert sum("The ledger begins" in one.stdout for one in done) == 1
    assert all("Traceback" not in one.stderr for one in done)
    loser = next(one for one in done if "The ledger begins" not in one.stdout)
    assert "already has a ledger" in loser.stdout or loser.returncode in (1, 2)


def test_a_repository_with_a_password_is_never_shown(host: Host) -> None:
    done = host.towpath("init", TOWPATH_REPOSITORY="http://towpath:hunter2-and-more@127.0.0.1:1/repo.git")
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert [path for path in Path(host.data).rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()] == []


def test_a_policy_on_another_branch_is_found(host: Host) -> None:
    build(host.remote, policy())
    host.git("branch", "-m", "main", "trunk")
    assert "has no branch main" in host.towpath("init").stderr
    assert host.towpath("init", TOWPATH_SOURCE_BRANCH="trunk", TOWPATH_LEDGER_BRANCH="record").returncode == 0
    assert host.git("rev-parse", "--verify", "record")


def test_nobodys_environment_leads_git_elsewhere(host: Host) -> None:
    host.publish(policy())
    done = host.towpath("init", GIT_DIR=os.devnull, GIT_CONFIG_PARAMETERS="'core.hooksPath=/nowhere'")
    assert done.returncode == 0, done.stderr
