"""Looking at what targets report, for a person who wants to accept it. Nothing is sent that could change anything."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract import requests as ask
from workers.contract.names import CommitId
from workers.contract.promotion import Promotion
from workers.domain import decision as d
from workers.effects import asked, serving
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import WorldError
from workers.ports.target import Target

LONGEST = 200
"""So much is kept of what a target says of itself."""


class Observation:
    """One look at every target of a promotion's environment."""

    def __init__(self, view: LedgerView, open_target: serving.Open, reporter: Reporter) -> None:
        self._view = view
        self._open = open_target
        self._reporter = reporter

    def look(self, wanted: d.Observe) -> None:
        """Report what each target says; what cannot be read is reported as just that."""
        head = self._view.head()
        promotion = self._view.promotion(head, wanted.promotion)
        if promotion is not None and self._is_asked(wanted):
            self._say(wanted, tuple(self._sightings(head, promotion)))

    def is_busy(self, wanted: d.Observe) -> None:
        """Report that a step of the promotion is still at work, so that what is seen now need not be the end."""
        if self._is_asked(wanted):
            self._say(wanted, (ask.Sighting(wanted.promotion, trouble="a step of it is still at work; ask again when that has ended"),))

    def _is_asked(self, wanted: d.Observe) -> bool:
        return isinstance(asked.opened(self._view, self._reporter.repo_id, wanted.asked), ask.AcceptLive)

    def _say(self, wanted: d.Observe, found: tuple[ask.Sighting, ...]) -> None:
        self._reporter.observed(ask.Observed(wanted.promotion, wanted.generation, found, wanted.asked))

    def _sightings(self, head: CommitId, promotion: Promotion) -> Iterator[ask.Sighting]:
        rules = self._view.policy(head).rules_for(promotion.environment, promotion.artifact, promotion.kind)
        try:
            for target in serving.targets(self._open, rules.targets if rules else (), promotion.kind):
                yield _seen(target, promotion)
        except WorldError as exc:
            yield ask.Sighting(promotion.environment, trouble=str(exc)[:LONGEST])


def _seen(target: Target, promotion: Promotion) -> ask.Sighting:
    """That neither label nor digest is told means that nothing serves, only where the kind of target reports them."""
    try:
        live = target.observe(promotion.artifact)
    except WorldError as exc:
        return ask.Sighting(target.name, trouble=str(exc)[:LONGEST])
    if live.label is None and live.digest is None and not target.capabilities().reports_digest:
        return ask.Sighting(target.name, trouble="it does not tell what it serves")
    return ask.Sighting(target.name, live.label and live.label[:LONGEST], live.digest and live.digest[:LONGEST])
