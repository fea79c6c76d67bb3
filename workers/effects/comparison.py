"""Comparing the tags with the ledger, and reporting what was changed around Towpath."""

from __future__ import annotations

from itertools import islice

from workers.contract import requests as ask
from workers.contract.names import CommitId
from workers.domain import layout, reconciliation
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.source import Source

MOST_AT_ONCE = 50
"""So many changes go into one report, so that somebody who deletes every tag makes few records and few posts."""


class Comparison:
    """Looks at the tags as the mirror has them since the last fetch."""

    def __init__(self, view: LedgerView, source: Source, reporter: Reporter) -> None:
        self._view = view
        self._source = source
        self._reporter = reporter

    def look(self, head: CommitId) -> None:
        """Report what is new, and what is so no more. What is on record already is not reported again."""
        world, public = self._view.world(head, self._reporter.repo_id), self._view.writer
        picture = self._source.picture()
        found = list(reconciliation.tags_against(world, picture, lambda event: self._source.is_signed(event, public), self._reporter.now()))
        if news := tuple(islice(reconciliation.news(world, found), MOST_AT_ONCE)):
            self._reporter.externals(ask.ExternalsSeen(news), head)
        still = {layout.external(one) for one in found}
        if over := tuple(one for path, one in world.externals.items() if path not in still)[:MOST_AT_ONCE]:
            self._reporter.externals(ask.ExternalsSettled(over), head)
