"""`towpath check` on a clone's work tree, with and without the ledger."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import warm

from .town import Foundation, copied

POLICY = """\
version: 1
roles: {leads: {users: [UBEN]}}
environments:
  staging: {run: [leads]}
  prod:
    after: staging
    soak: 2h
    run: [leads]
    approve: {from: [leads], count: 1}
    gates:
      - metrics: {auc: {at_least: %s, not_worse_than_live_by: 0.5}}
      - model-card: {}
      - schema: {}
      - artifact-safety: {allow: [onnx]}
      - commit-status: {}
"""


class Work:
    def __init__(self, folder: Path, remote: Path) -> None:
        self.tree, self.remote = folder / "work", remote
        subprocess.run(["git", "clone", "--quiet", "-b", "main", str(remote), str(self.tree)], check=True)
        self.wants("0.5")

    def wants(self, auc: str) -> None:
        (self.tree / "towpath.yaml").write_text(POLICY % auc)

    def check(self, *words: str, **more: str) -> tuple[int, dict[str, Any]]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.tree.parent)} | more
        done = warm.towpath("check", "models/biopsy", "--json", *(words or ("--for", "prod")), env=environ, cwd=self.tree)
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else {"said": done.stderr}

    def git(self, *words: str) -> str:
        return subprocess.run(["git", "-C", str(self.tree), *words], capture_output=True, text=True, check=True).stdout.strip()

    def refs(self) -> str:
        command = ["git", "-C", str(self.tree), "count-objects", "-v"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def work(tmp_path: Path, lived_in: Foundation) -> Work:
    return Work(tmp_path, copied(lived_in, tmp_path / "there") / "remote.git")


def results(found: dict[str, Any]) -> dict[str, str]:
    return {gate["gate"]: gate["result"] for gate in found["gates"]}


def test_gates_are_judged_against_the_live_version_and_nothing_is_written(work: Work) -> None:
    before = work.refs()
    status, found = work.check(TOWPATH_REPOSITORY=str(work.remote))
    by_hand = dict.fromkeys(("order", "soak", "approval", "commit-status"), "cannot run by hand")
    passing = dict.fromkeys(("content", "metrics: auc", "model-card", "schema", "artifact-safety"), "pass")
    assert (status, results(found)) == (0, {**passing, **by_hand})
    assert found["ledger"]
    assert "leads" in next(gate["text"] for gate in found["gates"] if gate["gate"] == "approval")
    assert work.refs() == before


def test_who_made_it_is_judged_as_registering_will_and_may_not_approve_it(work: Work) -> None:
    people = ", ".join(f"U{name.upper()}: {{git: [{name}@example.com]}}" for name in ("ana", "ben", "dana"))
    text = POLICY % "0.5" + f"people: {{{people}}}\n"
    (work.tree / "towpath.yaml").write_text(text.replace("count: 1}", "count: 1, exclude: [requester, author]}"))
    last = work.git("log", "-1", "--format=%ae %ce")
    work.git("config", "user.name", "Somebody")
    work.git("config", "user.email", "stranger@example.com")
    status, found = work.check()
    said = next(gate for gate in found["gates"] if gate["gate"] == "separation")
    assert said["result"] == "pass" and "who may not approve it" in said["text"], last
    with (work.tree / "models/biopsy/README.md").open("a") as card:
        card.write("\nMore words.\n")
    status, found = work.check()
    said = next(gate for gate in found["gates"] if gate["gate"] == "separation")
    assert (status, said["result"]) == (2, "cannot tell"), "it is made by whoever would commit it now"
    work.git("config", "user.email", "Ben@Example.com")
    _, found = work.check()
    assert "UBEN" in next(gate["text"] for gate in found["gates"] if gate["gate"] == "separation")


def test_that_approvals_must_be_signed_is_said_and_whose_key_lacks(work: Work) -> None:
    signed = (POLICY % "0.5").replace("{users: [UBEN]}", "{users: [UBEN, UMIA]}").replace("count: 1}", "count: 1, signed: true}")
    (work.tree / "towpath.yaml").write_text(
        signed + 'people: {UMIA: {ssh: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEs3iKDQqYt+PnZ2v4WdAWHpjmT606fOogkonjlUqdIS"}}\n'
    )
    _, found = work.check()
    said = next(gate["text"] for gate in found["gates"] if gate["gate"] == "approval")
    assert "each signed with a key of their own; `people` has no ssh key of UBEN" in said
    assert "UMIA" not in said


def test_without_the_ledger_a_comparison_cannot_be_told(work: Work) -> None:
    status, found = work.check()
    assert (status, found["ledger"]) == (2, None)
    assert {gate for gate, result in results(found).items() if result == "cannot tell"} == {"metrics: auc", "schema"}


def test_what_is_edited_counts_and_a_failure_is_told(work: Work) -> None:
    work.wants("0.9999")
    assert work.check(TOWPATH_REPOSITORY=str(work.remote))[0] == 1
    (work.tree / "models/biopsy/linked").symlink_to("/etc/passwd")
    (work.tree / "models/biopsy/metrics.json").write_text('{"auc": "high"}')
    status, found = work.check()
    assert (status, results(found)) == (1, {"content": "fail"})
    assert any("finite numbers" in gate["text"] for gate in found["gates"])


def test_what_cannot_be_checked_is_said(work: Work) -> None:
    status, found = work.check("--for", "moon")
    assert (status, "There are: staging, prod" in found["said"]) == (2, True)
    (work.tree / "towpath.yaml").write_text("version: 1\nenvironments: {prod: {soak: soon}}\n")
    status, found = work.check()
    assert (status, "towpath.yaml:2" in found["said"]) == (1, True)
