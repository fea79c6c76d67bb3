"""What the journeys under fire are written with: people who promote, and an auditor who looks at everything afterwards."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from demo.installation import Installation
from demo.slack.client import Workspace
from demo.slack.seen import Message

PATIENCE = 40.0
VERSIONS = ("v1.0.0", "v2.0.0", "v3.0.0")


@dataclass
class Scene:
    """An installation, and the workspace as a test sees it."""

    installation: Installation
    workspace: Workspace

    # -- people ------------------------------------------------------------------------------------------------------

    def other_version(self, environment: str) -> str:
        """A version of biopsy that is not live there."""
        live = (self.release(environment) or {}).get("succeeded", [{}])[-1].get("version")
        held = [path.split("/")[-1][:12] for path in self.ledger_files(f"holds/{environment}/biopsy/")]
        return next(one for one in VERSIONS if one != live and self.version(one)["digest"][7:19] not in held)

    async def promote(self, version: str, environment: str) -> str:
        """Ana types it; the promotion's id, once it stands in the ledger."""
        before = self.last_promotion()
        await self.workspace.person("ana").command("biopsy", "/towpath", f"promote biopsy {version} to {environment}")
        await self.until(lambda: self.last_promotion() > before, "the promotion is recorded")
        return f"P-{self.last_promotion()}"

    async def card(self, promotion: str) -> Message:
        """The promotion's card."""
        return await self.workspace.until(lambda seen: next(iter(cards(seen.messages(), promotion)), None), PATIENCE)

    async def approve(self, promotion: str, name: str) -> None:
        """By the word in the thread."""
        await self.workspace.person(name).reply(await self.card(promotion), "approve")

    async def ends(self, promotion: str, *states: str) -> dict[str, Any]:
        """The promotion, once it is in one of the states; and its last word stands in its thread."""
        await self.until(lambda: self.promotion(promotion)["state"] in states, f"{promotion} ends as {' or '.join(states)}")
        found = self.promotion(promotion)
        last = [event for event in found["events"] if event["event"] != "card_posted"][-1]["seq"]
        await self.workspace.until(
            lambda seen: next((one for one in seen.messages() if payload(one) == (promotion, last) and in_thread(one)), None), PATIENCE
        )
        return found

    # -- what is true ------------------------------------------------------------------------------------------------

    def git(self, *words: str) -> str:
        """What a git command prints in the remote."""
        command = ["git", f"--git-dir={self.installation.remote}", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def ledger_files(self, folder: str) -> list[str]:
        """The files below a folder of the ledger."""
        return self.git("ls-tree", "-r", "--name-only", "towpath", folder).split()

    def document(self, path: str) -> Any:
        """A document of the ledger, or None."""
        command = ["git", f"--git-dir={self.installation.remote}", "show", f"towpath:{path}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return yaml.safe_load(done.stdout) if done.returncode == 0 else None

    def promotion(self, id_: str) -> dict[str, Any]:
        """A promotion as it stands in the ledger."""
        return dict(self.document(f"promotions/{int(id_[2:]) // 1000}/{id_}.yaml") or {"state": "nowhere", "events": []})

    def release(self, environment: str) -> dict[str, Any] | None:
        """What the ledger says of biopsy in an environment."""
        found = self.document(f"environments/{environment}/biopsy/release.yaml")
        return dict(found) if found else None

    def version(self, version: str) -> dict[str, Any]:
        """A registered version of biopsy."""
        return dict(self.document(f"versions/biopsy/{version}.yaml"))

    def last_promotion(self) -> int:
        """The number of the newest promotion."""
        return max((int(path.split("P-")[1].removesuffix(".yaml")) for path in self.ledger_files("promotions/")), default=0)

    def records(self) -> list[dict[str, Any]]:
        """Every record of the ledger, in order of the commits that brought them."""
        commits = self.git("rev-list", "--reverse", "towpath").split()
        return [json.loads(self.git("show", f"towpath:records/{n // 1000}/{n}.json")) for n in range(len(commits))]

    def served(self, environment: str) -> dict[str, Any]:
        """What the model server itself says it serves by default."""
        return dict(self._ask(environment, "v2/models/biopsy")["parameters"])

    def operations(self, environment: str) -> list[dict[str, Any]]:
        """What the model server did, in order."""
        return list(self._ask(environment, "_/log")["log"])

    async def faults(self, environment: str, **given: Any) -> None:
        """Tell a model server to misbehave; nothing given: to behave."""
        url = f"{self.installation.servers[environment].url}/_/faults"
        request = urllib.request.Request(url, json.dumps(given).encode() if given else None, method="PUT" if given else "DELETE")
        await asyncio.to_thread(urllib.request.urlopen, request, timeout=10)

    def _ask(self, environment: str, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.installation.servers[environment].url}/{path}", timeout=10) as answer:
            return dict(json.load(answer))

    async def until(self, true: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
        """Wait until something is true of the world."""
        end = time.monotonic() + within
        while not await asyncio.to_thread(true):
            assert time.monotonic() < end, f"not within {within} s: {what}"
            await asyncio.sleep(0.1)

    # -- the auditor ---------------------------------------------------------------------------------------------------

    async def is_told_once(self, promotion: str) -> None:
        """One card, and each record of the promotion told exactly once in its thread, in order."""
        seen = await self.workspace.seen()
        assert len(cards(seen.messages(), promotion)) == 1
        told = [found[1] for one in seen.messages() if in_thread(one) and (found := payload(one)) and found[0] == promotion]
        wanted = [event["seq"] for event in self.promotion(promotion)["events"] if event["event"] != "card_posted"]
        assert [seq for seq in told if seq in wanted] == wanted, f"{promotion}: told {told}, recorded {wanted}"

    def is_sound(self) -> None:
        """Every commit signed by the writer and linear, every record in its place, no request recorded twice."""
        signers = self.installation.folder / "allowed_signers"
        signers.write_text(self.git("show", "towpath:allowed_signers"))
        lines = self.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "--format=%G? %GS %P", "towpath").splitlines()
        assert [line for line in lines if not line.startswith("G writer@towpath") or len(line.split()) > 3] == []
        records = self.records()
        assert [record["seq"] for record in records] == list(range(len(lines)))
        asked = Counter(record["request"]["id"] for record in records if record.get("request", {}).get("verb") not in (None, "Tick"))
        assert [id_ for id_, count in asked.items() if count > 1] == []

    def serves_what_is_recorded(self, environment: str) -> None:
        """What the ledger says is live is what the model server answers with."""
        live = (self.release(environment) or {"succeeded": [None]})["succeeded"][-1]
        assert live is not None
        assert self.served(environment)["digest"] == live["digest"]
        assert self.release(environment).get("in_flight") is None  # type: ignore[union-attr]  # it was there a line ago


def payload(message: Message) -> tuple[str, int] | None:
    """Which record a message of the bot shows: promotion and sequence number."""
    found = message.metadata.get("event_payload") or {}
    return (str(found["promotion"]), int(found["seq"])) if "promotion" in found and "seq" in found else None


def in_thread(message: Message) -> bool:
    """Whether it is a reply in a thread."""
    return message.thread_ts not in (None, message.ts)


def cards(messages: list[Message], promotion: str) -> list[Message]:
    """The messages that are the promotion's card."""
    found = [
        one
        for one in messages
        if one.thread_ts in (None, one.ts) and (one.metadata.get("event_payload") or {}).get("promotion") == promotion
    ]
    return [one for one in found if not one.raw.get("subtype")]
