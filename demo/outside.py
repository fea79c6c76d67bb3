"""What a story does and looks at outside Slack: model servers, pages, the repository, and the clients of a model."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
import urllib.request

from demo import traffic
from demo.scene import Stage, StoryFailed, fragments
from demo.slack.seen import Message


async def serves(stage: Stage, match: re.Match[str]) -> None:
    """Ask a model server itself what it answers with by default."""
    url = f"{stage.installation.servers[match['server']].url}/v2/models/{match['model']}"
    live = json.loads(await asyncio.to_thread(_get, url))["parameters"]["default_version"]
    if not live.startswith(f"{match['version']}-"):
        raise StoryFailed(f"it serves {live}")
    stage.say(f"  (model server {match['server']} serves {match['model']} {live})")


async def audit_page(stage: Stage, match: re.Match[str]) -> None:
    """Open the audit link of the card as a browser would."""
    url = _link(stage.shown(), "/audit/")
    page = await asyncio.to_thread(_get, url)
    if missing := [one for one in fragments(match["text"]) if one not in page]:
        raise StoryFailed(f"the audit page lacks {missing}")
    stage.say(f"  (the audit page opens: {url.partition('?')[0]})")


async def commit_page(stage: Stage, _: re.Match[str]) -> None:
    """Open the link to the ledger commit on the Git web view."""
    url = _link(stage.shown(), "/commit/")
    page = await asyncio.to_thread(_get, url)
    if "P-" not in page:
        raise StoryFailed(f"{url} does not show the commit")
    stage.say(f"  (the commit page opens: {url})")


async def verifies(stage: Stage, _: re.Match[str]) -> None:
    """Clone the ledger and check it with git alone, as its own README says."""
    folder = stage.installation.folder / f"auditor-{time.time_ns()}"
    clone = ["git", "clone", "-q", "--branch", "towpath", "--single-branch", str(stage.installation.remote), str(folder)]
    await asyncio.to_thread(subprocess.run, clone, check=True)
    signers = f"gpg.ssh.allowedSignersFile={folder / 'allowed_signers'}"
    log = ["git", "-C", str(folder), "--no-replace-objects", "-c", signers, "log", "--format=%G? %GS %P"]
    done = await asyncio.to_thread(subprocess.run, log, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if bad := [line for line in lines if not re.fullmatch(r"G writer@towpath( [0-9a-f]{40})?\s*", line)]:
        raise StoryFailed(f"git does not verify {bad[:3]}")
    stage.say(f"  (git verifies all {len(lines)} commits of the ledger)")


async def ask_about_summer(stage: Stage, match: re.Match[str]) -> None:
    """The clinic's couriers ask a model server about a summer's flights."""
    sent = await asyncio.to_thread(traffic.send, stage.installation.servers[match["server"]].url)
    stage.say(f"(model server {match['server']} is asked about {sent} flights of a summer)")


async def proposes(stage: Stage, match: re.Match[str]) -> None:
    """A person takes the comment sign from a line of the policy and pushes that to the source branch."""
    person, wanted = stage.workspace.person(match["who"]), f"# {match['text']}"
    work = stage.installation.folder / f"work-{time.time_ns()}"
    named = ("-c", f"user.name={person.real_name}", "-c", f"user.email={match['who'].lower()}@example.com")
    await asyncio.to_thread(_git, "clone", "-q", "--branch", "main", str(stage.installation.remote), str(work))
    policy = work / "towpath.yaml"
    if (text := policy.read_text()).count(wanted) != 1:
        raise StoryFailed(f"towpath.yaml does not have {wanted!r} once")
    policy.write_text(text.replace(wanted, match["text"]))
    await asyncio.to_thread(_git, "-C", str(work), *named, "commit", "-qam", f"Let the policy say {match['text']}")
    stage.mark = stage.workspace.mark()
    await asyncio.to_thread(_git, "-C", str(work), "push", "-q", "origin", "main")
    stage.say(f"{person.real_name} ({person.role}) pushes to main, in towpath.yaml:  {match['text']}")


def _link(card: Message, part: str) -> str:
    found = re.search(rf"https?://[^\s|>)\"]*{re.escape(part)}[^\s|>)\"]*", json.dumps(card.raw, ensure_ascii=False))
    if found is None:
        raise StoryFailed(f"the card has no link with {part}")
    return found[0].replace("&amp;", "&")


def _git(*words: str) -> None:
    """Run Git with nobody's settings: those of whoever plays may ask for a signature."""
    alone = os.environ | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *words], env=alone, check=True, capture_output=True)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  an address of our own processes
        return str(answer.read().decode())
