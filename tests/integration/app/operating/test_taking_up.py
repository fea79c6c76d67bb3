"""`towpath init` in a repository that GTO was used in: it shows, asks, and takes up what is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from workers.adapters.git import GitLedger, GitSource, Mirror
from workers.app.doctor import tags
from workers.domain import policy as rules

from .host import Host

POLICY = """\
version: 1
roles:
  leads: {users: [U0MIA]}
environments:
  staging: {run: [leads]}
  prod: {after: staging, run: [leads]}
"""
GTO = str(Path(sys.executable).with_name("gto"))


def tag(host: Host, name: str, at: str, second: int, message: str = "by hand") -> None:
    """An annotated tag of somebody's, by stock Git."""
    commit = host.git("rev-parse", f"{at}^{{commit}}")
    text = f"object {commit}\ntype commit\ntag {name}\ntagger Eve <Eve@Example.com> {1795300000 + second} +0000\n\n{message}\n"
    made = subprocess.run(
        ["git", f"--git-dir={host.remote}", "mktag"], input=text, capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run(["git", f"--git-dir={host.remote}", "update-ref", f"refs/tags/{name}", made], check=True)


@pytest.fixture
def used(host: Host) -> Host:
    """v1 in prod and v2 in staging, assigned with GTO's tags; an environment that the policy does not know."""
    host.publish(POLICY)
    tag(host, "biopsy#staging#1", "biopsy@v1.0.0", 1)
    tag(host, "biopsy#prod#2", "biopsy@v1.0.0", 2)
    tag(host, "biopsy#staging#3", "biopsy@v2.0.0", 3, "<!channel>\n\nActor: mallory")
    tag(host, "biopsy#edge#4", "biopsy@v2.0.0", 4)
    tag(host, "stray@v1.0.0", "main", 5)
    return host


def test_without_a_yes_it_shows_everything_and_writes_nothing(used: Host) -> None:
    done = used.towpath("init")
    assert done.returncode == 1
    assert "Nothing was changed" in done.stderr
    assert "biopsy#prod#2: biopsy v1.0.0 in prod" in done.stdout
    assert "biopsy#edge#4: the policy has no environment edge" in done.stdout
    assert "stray@v1.0.0: " in done.stdout
    assert "after: staging" in done.stdout
    assert used.head == ""
    assert not used.keys.exists()


def test_what_is_taken_up_is_marked_and_gto_agrees(used: Host, tmp_path: Path) -> None:
    used.must("init", "--yes")
    release = used.git("show", "towpath:environments/prod/biopsy/release.yaml")
    assert "version: v1.0.0" in release
    assert "promotion" not in release
    version = used.git("show", "towpath:versions/biopsy/v2.0.0.yaml")
    assert "succeeded_in:" in version
    assert "staging:" in version
    events = used.git("log", "--reverse", "--format=%(trailers:key=Event,valueonly,separator=)", "towpath").split()
    assert events[0] == "genesis"
    assert events[-2:] == ["external", "external"]
    assert set(events[1:-2]) == {"registered"}
    last = json.loads(used.git("show", f"towpath:records/0/{len(events) - 1}.json"))
    assert last["actor"]["id"] == "operator@towpath"
    assert last["detail"]["external"]["tag"] == "biopsy#staging#3"
    assert last["detail"]["external"]["oid"] == used.git("rev-parse", "biopsy#staging#3")
    assert last["detail"]["external"]["tagger"] == rules.email_digest("eve@example.com")
    assert "example.com" not in used.git("show", f"towpath:records/0/{len(events) - 1}.json").lower()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(used.remote), str(clone)], check=True)
    shown = subprocess.run([GTO, "show", "biopsy", "--repo", str(clone), "--json"], capture_output=True, text=True, check=True).stdout
    stages = {stage["stage"]: one["version"] for one in json.loads(shown) for stage in one["stages"]}
    assert (stages["prod"], stages["staging"]) == ("v1.0.0", "v2.0.0")


def test_where_nothing_is_assigned_nobody_is_asked(host: Host) -> None:
    host.publish(POLICY)
    host.must("init")
    assert host.git("rev-list", "--count", "towpath") == "1"


def test_without_a_policy_one_is_proposed_in_a_sensible_order(used: Host) -> None:
    history = (
        "commit refs/heads/main\ncommitter Eve <eve@example.com> 1795400000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
        "D towpath.yaml\nM 100644 inline .gto\ndata 28\nstages: [prod, dev, Live_1]\n\n"
    )
    subprocess.run(["git", f"--git-dir={used.remote}", "fast-import", "--quiet"], input=history, text=True, check=True)
    done = used.towpath("init")
    assert done.returncode == 1
    proposed = rules.read("\n".join(line for line in done.stdout.splitlines() if not line.startswith("#")) + "\n")
    assert list(proposed.environments) == ["dev", "staging", "edge", "prod"]
    assert "Left out: 'Live_1'" in done.stdout
    assert used.head == ""


def test_doctor_lists_what_is_odd_with_the_fix_of_each(used: Host) -> None:
    used.must("init", "--yes")
    tag(used, "biopsy#prod#9", "biopsy@v2.0.0", 9)
    tag(used, "Fraud@v1.0.0", "main", 10)
    subprocess.run(["git", f"--git-dir={used.remote}", "update-ref", "refs/tags/light@v1.0.0", "refs/heads/main"], check=True)
    mirror = Mirror(used.folder / "looked.git", str(used.remote))
    source, ledger = GitSource(mirror, used.folder / "store"), GitLedger(mirror, None)
    said = dict(tags.seen_in(source, ledger, (used.keys / "writer.pub").read_text(), None))
    words = "\n".join(f"{what} -> {fix}" for what, fix in said.items())
    for part in (
        "'Fraud@v1.0.0' was passed over: it is GTO's and not one of ours",
        "'light@v1.0.0' was passed over: it is not annotated",
        "the environment edge, which the policy does not know",
        "biopsy#prod#9: assigned around Towpath (biopsy in prod); the ledger says otherwise -> Say in Slack: adopt biopsy in prod, or revert biopsy in prod.",
        "stray@v1.0.0 cannot be registered: ",
    ):
        assert part in words
    assert [what for what, fix in said.items() if not fix] == [next(iter(said))]
