"""After the story, everything is checked once more by tools that know nothing of Towpath: git, ssh-keygen, sha256sum, GTO, a Git web view."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from demo.installation import Installation
from demo.slack.client import Workspace
from demo.slack.seen import Message

from .conftest import Played

pytestmark = pytest.mark.timeout(600)

PATIENCE = 20.0
README = "README.md"
STATUS = re.compile(r"• (?P<artifact>\S+) in (?P<environment>\S+): \*?(?P<version>v[\d.]+)\*? since")


@pytest.fixture(scope="module")
def auditor(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of somebody who holds a clone of the ledger, `ledger`, made by the first command of its README."""
    folder = tmp_path_factory.mktemp("auditor")
    source = (Path(__file__).parents[2] / "workers/app/ledger_readme.md").read_text()
    published = played.installation.git("show", f"towpath:{README}")
    assert "\n".join(published) == source.rstrip("\n")
    clone = block(source, "git clone").splitlines()[0].replace("REPOSITORY", shlex.quote(str(played.installation.remote)))
    assert shell(clone, folder).returncode == 0
    yield folder


@pytest.fixture
def ledger(auditor: Path) -> Path:
    return auditor / "ledger"


@pytest.fixture
def readme(ledger: Path) -> str:
    return (ledger / README).read_text()


def block(readme: str, part: str) -> str:
    """The code block of the README that holds these words."""
    (found,) = [text for text in re.findall(r"```sh\n(.*?)```", readme, re.DOTALL) if part in text]
    return str(found)


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as somebody pastes it. There is no Git configuration of a user that could help it."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


def prints(command: str, folder: Path) -> str:
    """What a command prints that succeeds."""
    done = shell(command, folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def gto(folder: Path, *words: str) -> str:
    """What GTO prints about the repository in a folder."""
    program = Path(sys.executable).with_name("gto")
    return subprocess.run([program, *words, "-r", folder], capture_output=True, text=True, check=True, timeout=60).stdout


def test_git_verifies_every_commit_with_the_published_signers(ledger: Path) -> None:
    trusting = f"git -c gpg.ssh.allowedSignersFile={shlex.quote(str(ledger / 'allowed_signers'))}"
    assert shell(f"{trusting} log --show-signature", ledger).returncode == 0
    signed = [line.split() for line in prints(f"{trusting} log --format='%G? %GS %P'", ledger).splitlines()]
    assert len(signed) == int(prints("git rev-list --count HEAD", ledger)) > 40
    assert {(verdict, signer) for verdict, signer, *_ in signed} == {("G", "writer@towpath")}
    assert {len(parents) for _, _, *parents in signed} == {0, 1}
    assert shell(f"{trusting} verify-commit HEAD", ledger).returncode == 0
    assert shell("git -c gpg.ssh.allowedSignersFile=/dev/null verify-commit HEAD", ledger).returncode != 0


def test_the_readme_shows_the_fingerprint_that_the_source_branch_pins(played: Played, auditor: Path, ledger: Path, readme: str) -> None:
    pinned = yaml.safe_load("\n".join(played.installation.git("show", "main:towpath.yaml")))["trust"]
    compare = "\n".join(block(readme, "ssh-keygen -lf").splitlines()[1:])
    assert pinned in prints(compare, ledger).split()


def test_the_readme_finds_nothing_wrong_and_finds_what_is(ledger: Path, readme: str, tmp_path: Path) -> None:
    part = "gpg.ssh.allowedSignersFile"
    assert prints(block(readme, part), ledger) == ""
    forged = tmp_path / "forged"
    shutil.copytree(ledger, forged)
    count = int(prints("git rev-list --count HEAD", forged))
    (forged / f"records/{count // 1000}/{count}.json").write_text("{}")
    named = "git -c user.name=Towpath -c user.email=writer@towpath -c commit.gpgsign=false"
    prints(f"git add -A && {named} commit -qm 'P-1: forged' -m 'Record-Sha256: {'0' * 64}'", forged)
    assert prints(block(readme, part), forged) == f"{prints('git rev-parse HEAD', forged)}: not signed by the ledger's writer"


def test_the_readme_tells_whether_a_head_still_stands_and_how_something_was_changed(ledger: Path, readme: str) -> None:
    ancestor = block(readme, "merge-base")
    (history,) = re.findall(r"`(git log [^`]+)`", readme)
    earlier = prints("git rev-parse HEAD~7", ledger)
    assert prints(ancestor.replace("EARLIER_HEAD", earlier), ledger) == "still there"
    assert shell(ancestor.replace("EARLIER_HEAD", "0" * 40), ledger).returncode != 0
    assert "Approved-by: U0MIA@T0CEDAR" in prints(history.replace("NAME", "biopsy"), ledger)


def test_the_readme_proves_who_signed_a_request(ledger: Path, readme: str) -> None:
    asked = [path for path in sorted(ledger.glob("records/*/*.json")) if _is_asked_by(path, "U0MIA@T0CEDAR")]
    assert asked
    check = block(readme, "ssh-keygen -Y verify").replace("records/0/n.json", str(asked[0].relative_to(ledger)))
    assert shell(f"set -e\n{check}", ledger).returncode == 0
    (ledger / "payload").write_text((ledger / "payload").read_text().replace("U0MIA", "U0ANA"))
    assert shell(check.splitlines()[-1], ledger).returncode != 0


def _is_asked_by(path: Path, actor: str) -> bool:
    record = json.loads(path.read_text())
    return "request" in record and record["actor"]["id"] == actor


def test_git_finds_the_repository_sound(played: Played, ledger: Path) -> None:
    for folder in (played.installation.remote, ledger):
        assert shell("git fsck --strict --full", folder).returncode == 0, folder


async def test_gto_shows_what_the_status_says(played: Played, tmp_path: Path) -> None:
    async with Workspace.at(played.installation.slack_url) as workspace:
        mark = workspace.mark()
        await workspace.person("ben").command("deploys", "/towpath", "show status")
        status = await workspace.until(lambda seen: seen.ephemeral("What is where"), PATIENCE, mark)
    said = {(one["artifact"], one["environment"]): one["version"] for one in STATUS.finditer(status.plain)}
    assert set(said) >= {("biopsy", "staging"), ("biopsy", "prod"), ("wine", "prod"), ("delay", "prod"), ("flights", "staging")}
    shown = _until_gto_agrees(played.installation, said, tmp_path)
    assert shown == said
    history = json.loads(gto(tmp_path / "clone", "history", "--json"))
    assert {one["event"] for one in history} >= {"registration", "assignment", "unassignment"}
    assert "v3.0.0" in {one["version"] for one in history if one["artifact"] == "biopsy" and one["event"] == "unassignment"}


def _until_gto_agrees(installation: Installation, said: dict[tuple[str, str], str], folder: Path) -> dict[tuple[str, str], str]:
    """What GTO sees in a fresh clone; its tags follow the ledger within moments."""
    end = time.monotonic() + PATIENCE
    while True:
        shutil.rmtree(folder / "clone", ignore_errors=True)
        prints(f"git clone -q {shlex.quote(str(installation.remote))} clone", folder)
        found = json.loads(gto(folder / "clone", "show", "--json"))
        assert set(found) >= {"biopsy", "digits", "wine"}
        shown = {(name, stage): held for name, one in found.items() for stage, held in one["stage"].items() if held}
        if shown == said or time.monotonic() > end:
            return shown
        time.sleep(0.2)


async def test_every_card_links_a_commit_that_the_web_view_shows(played: Played) -> None:
    async with Workspace.at(played.installation.slack_url) as workspace:
        cards = dict(one for one in map(_card, (await workspace.seen()).messages()) if one)
    assert set(cards) >= {f"P-{number}" for number in range(1, 10)}
    async with aiohttp.ClientSession() as http:
        for id_, card in cards.items():
            (address,) = set(re.findall(r"http://[^|>\"]+/commit/[0-9a-f]{40}/", json.dumps(card.raw["blocks"])))
            async with http.get(address) as shown:
                assert shown.status == 200
                text = await shown.text()
                assert f"Promotion: {id_}" in text or f"{id_}.yaml" in text, "also one that was opened by what another came to"


def _card(message: Message) -> tuple[str, Message] | None:
    """The promotion whose card this is; None for every other message."""
    shown = message.metadata.get("event_payload") or {}
    is_card = message.thread_ts in (None, message.ts) and "promotion" in shown
    return (str(shown["promotion"]), message) if is_card else None
