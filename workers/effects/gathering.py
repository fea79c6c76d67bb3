"""Looking at what gates need to know of a version, and reporting it. What cannot be looked at is reported as such, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.envelope import stamp
from workers.contract.evidence import Evidence
from workers.contract.names import Digest, EnvironmentName
from workers.contract.promotion import RegisteredVersion, Result
from workers.domain import decision as d
from workers.domain.gates import judging
from workers.domain.gates.gate import Dossier
from workers.domain.policy import Policy, Rules
from workers.effects import asked
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import WorldError


@dataclass(frozen=True)
class Asked:
    """What is to be looked at: a version, and the rules of the environment that is looked at, where one is."""

    version: RegisteredVersion
    place: Rules | None = None


@dataclass(frozen=True)
class Finding:
    """What was seen. `facts` are what a gate reads, `text` is for people and no part of what an approval binds."""

    result: Result
    text: str
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()


Look = Callable[[Asked], Finding]


class Gathering:
    """Gathers evidence by `looks`, one for each check."""

    def __init__(self, view: LedgerView, reporter: Reporter, looks: Mapping[str, Look]) -> None:
        self._view = view
        self._reporter = reporter
        self._looks = looks

    def gather(self, effect: d.Gather) -> None:
        """Report what is seen now, then put the request back. Raises Unreachable when not even the ledger answers.

        A task's own words could be anybody's who can write to the broker: so nothing is looked at without a request that a person signed for.
        """
        head = self._view.head()
        if not isinstance(asked.opened(self._view, self._reporter.repo_id, effect.asked), ask.PEOPLE):
            return
        version = self._view.version(head, effect.artifact, effect.version)
        if version:
            policy = self._view.policy(head)
            if found := tuple(self._seen(version, policy, effect)):
                self._reporter.evidence(ask.Gathered(found, effect.asked))
        self._reporter.put_back(effect.asked)

    def _seen(self, version: RegisteredVersion, policy: Policy, effect: d.Gather) -> Iterator[Evidence]:
        rules = policy.rules_for(effect.environment, version.artifact, version.kind)
        dossier = Dossier(version, effect.environment, rules.after if rules else None)
        for _, _, need in judging.needs(rules.gates, dossier) if rules else ():
            if need.check in effect.checks:
                place = policy.rules_for(need.environment, version.artifact, version.kind) if need.environment else None
                finding = self._look(need.check, Asked(version, place))
                yield _evidence(version, need.check, need.environment, finding, stamp(self._reporter.now()))

    def _look(self, check: str, about: Asked) -> Finding:
        look = self._looks.get(check)
        if look is None:
            return Finding(Result.CANNOT_TELL, f"this installation has nothing that looks at {check}")
        try:
            return look(about)
        except WorldError as exc:
            return Finding(Result.CANNOT_TELL, f"{exc}. Ask again when that is mended")


def _evidence(version: RegisteredVersion, check: str, where: EnvironmentName | None, found: Finding, at: str) -> Evidence:
    """The digest is of what was found, not of when: the same finding once more leaves approvals as they are."""
    text = "".join(sign if sign.isprintable() else " " for sign in found.text)[:1000]
    whole = {
        "artifact": version.artifact, "version": version.version, "digest": version.digest, "check": check, "environment": where,
        "result": found.result, "source": found.source, "facts": found.facts,
    }  # fmt: skip
    digest = Digest.read(wire.sha256(wire.canonical(whole)))
    return Evidence(version.artifact, version.version, check, found.result, text, at, digest, where, found.source, found.facts)
