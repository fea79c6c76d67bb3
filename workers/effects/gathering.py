"""Looking at what gates need to know of a version, and reporting it. What cannot be looked at is reported as such, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.envelope import stamp
from workers.contract.evidence import Evidence
from workers.contract.names import CommitId, Digest, EnvironmentName
from workers.contract.promotion import Promotion, RegisteredVersion, Result, State
from workers.domain import decision as d
from workers.domain import states, unseen
from workers.domain.gates import judging
from workers.domain.gates.gate import Dossier, Need
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
        policy = self._view.policy(head)
        for wanted in effect.wanted:
            version = self._view.version(head, wanted.artifact, wanted.version)
            if version and (found := tuple(self._wanted(version, policy, wanted))):
                self._reporter.evidence(ask.Gathered(found, effect.asked), effect.asked)
        self._reporter.put_back(effect.asked)

    def refresh(self, effect: d.Refresh) -> None:
        """Report what a promotion that has not begun lacks (and the rest of its bundle), by the word of the ledger alone. Raises Unreachable.

        Whoever forges such a task can only have looked at what the ledger wants looked at.
        """
        head = self._view.head()
        lead = self._view.promotion(head, effect.promotion)
        if lead is None or lead.state not in states.BEFORE_DEPLOYMENT or not (lead.evidence_by or lead.state is State.WAITING):
            return
        for id_ in lead.bundle or (lead.id,):
            one = self._view.promotion(head, id_)
            if one and (found := tuple(self._lacking(head, one))):
                self._reporter.evidence(ask.Gathered(found, promotion=id_), f"{id_} {head}")

    def _wanted(self, version: RegisteredVersion, policy: Policy, wanted: d.Unseen) -> Iterator[Evidence]:
        rules = policy.rules_for(wanted.environment, version.artifact, version.kind)
        dossier = Dossier(version, wanted.environment, rules.after if rules else None)
        for _, _, need in judging.needs(rules.gates, dossier) if rules else ():
            if need.check in wanted.checks:
                yield self._seen(policy, version, need)

    def _lacking(self, head: CommitId, promotion: Promotion) -> Iterator[Evidence]:
        policy, version = self._view.policy(head), self._view.version(head, promotion.artifact, promotion.to.version)
        rules = policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
        if version and rules:
            seen = self._view.evidence(head, version)
            for need in dict.fromkeys(need for _, need in unseen.of(promotion, rules, version, seen, self._reporter.now())):
                yield self._seen(policy, version, need)

    def _seen(self, policy: Policy, version: RegisteredVersion, need: Need) -> Evidence:
        place = policy.rules_for(need.environment, version.artifact, version.kind) if need.environment else None
        finding = self._look(need.check, Asked(version, place))
        return _evidence(version, need.check, need.environment, finding, stamp(self._reporter.now()))

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
