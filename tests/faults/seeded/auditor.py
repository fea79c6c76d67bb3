"""What must hold after a run, seen from outside: the ledger read afresh, the target's own log, everything that Slack shows."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from demo.slack.seen import Message, Transcript
from tests.faults.play import cards, in_thread, payload
from workers.adapters.git.ledger import GitLedger
from workers.contract.signatures import SigningKey
from workers.domain.state import World
from workers.domain.states import IN_FLIGHT
from workers.perform.reading import Reader
from workers.tasks.wiring import Place

from .slack import StandIn


class Ledger:
    """The shared repository, looked at with stock Git."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def promotion(self, id_: str) -> dict[str, Any] | None:
        """A promotion as it stands there, or None."""
        command = ["git", f"--git-dir={self._folder / 'remote.git'}", "show", f"towpath:promotions/0/{id_}.yaml"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found: dict[str, Any] | None = yaml.load(done.stdout, yaml.CSafeLoader) if done.returncode == 0 else None
        return found

    def read(self, keys: Path) -> World:
        """The state, as somebody reads it who has seen nothing of it yet: every commit is checked. Raises Untrusted."""
        place = Place("", str(self._folder / "remote.git"), keys, self._folder / "data", "main", "towpath")
        ledger = GitLedger(place.mirror("auditor"), None)
        head = ledger.fetch()
        assert head is not None, "the ledger is gone"
        ledger.set_anchor(head)
        return Reader(ledger, SigningKey.load((keys / "writer").read_bytes()).public).read()


def card_of(slack: StandIn, promotion: str) -> Message:
    """The promotion's card."""
    return next(iter(cards(slack.seen().messages(), promotion)))


def events(found: dict[str, Any]) -> list[int]:
    """The records of a promotion that its thread must tell, in order."""
    return [event["seq"] for event in found["events"] if event["event"] != "card_posted"]


def told(seen: Transcript, promotion: str) -> list[int]:
    """The records that its thread tells, as often as they are told."""
    return [found[1] for one in seen.messages() if in_thread(one) and (found := payload(one)) and found[0] == promotion]


def is_told(slack: StandIn, promotion: str, found: dict[str, Any]) -> bool:
    """Whether everything stands in the thread."""
    return set(events(found)) <= set(told(slack.seen(), promotion))


def messages(slack: StandIn, promotion: str, found: dict[str, Any]) -> None:
    """One card, which shows the end; each record told once, in order."""
    seen = slack.seen()
    shown = cards(seen.messages(), promotion)
    assert len(shown) == 1, f"{len(shown)} cards of {promotion}"
    said, wanted = [seq for seq in told(seen, promotion) if seq in events(found)], events(found)
    assert said == wanted, f"told {said}, recorded {wanted}"
    words = found["state"].replace("_", " ")
    assert words in shown[0].plain.lower(), f"the card does not say {words}: {shown[0].plain[:300]}"
    assert payload(shown[0]) == (promotion, max(one["seq"] for one in found["events"])) or "card_posted" in [
        one["event"] for one in found["events"][-1:]
    ], "the card is out of date"


def effects(folder: Path) -> None:
    """No operation switched the target twice, no generation went back, and it runs what the ledger says."""
    log = folder / "operations.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    done = Counter(line["operation"] for line in lines if line["op"] == "default" and line["result"] == "done")
    assert all(count == 1 for count in done.values()), f"switched twice: {done}"
    fences = [line["fence"] for line in lines if line["result"] == "done"]
    assert fences == sorted(fences), f"an older generation came after a newer one: {fences}"


def served(port: int) -> str:
    """The digest that the model server says it serves by default."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/biopsy", timeout=10) as answer:
        return str(json.load(answer)["parameters"]["digest"])


def state(world: World, promotion: str, environment: str, digest: str) -> None:
    """Nothing is under way, desired is live is what the target runs; each request made one record; one vote a person."""
    assert [p.id for p in world.promotions.values() if p.state in IN_FLIGHT] == []
    release = next(one for (place, _), one in world.releases.items() if place == environment)
    assert release.in_flight is None
    assert release.live is not None
    assert release.desired == release.live
    assert release.live.digest == digest, f"the ledger says {release.live.digest.short}, the target runs {digest[7:19]}"
    asked = Counter(one.request_id for one in world.recent if one.request_id)
    assert [id_ for id_, count in asked.items() if count > 1] == [], "a request was recorded twice"
    voters = [vote.actor for one in world.promotions.values() if one.id == promotion for vote in one.votes]
    assert len(voters) == len(set(voters)), f"voted twice: {voters}"
    assert len(world.promotions) == 3, f"{len(world.promotions) - 2} promotions were opened"
