"""Comparing the tags with the ledger, and reporting what was changed around Towpath."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from workers.contract import requests as ask
from workers.contract.externals import Around, External
from workers.contract.names import CommitId
from workers.domain import layout, reconciliation
from workers.domain.state import World
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.source import Source

MOST_AT_ONCE = 50
"""So many changes go into one report, so that somebody who deletes every tag makes few records and few posts."""


class Comparison:
    """Looks at the tags as the mirror has them since the last fetch.

    `are_shown`: whether the host took every tag that the ledger asked for; until then nobody can say that one of ours was deleted.
    """

    def __init__(self, view: LedgerView, source: Source, reporter: Reporter, are_shown: Callable[[], bool]) -> None:
        self._view = view
        self._source = source
        self._reporter = reporter
        self._are_shown = are_shown

    def look(self, head: CommitId) -> None:
        """Report what is new, and what is so no more. What is on record already is not reported again."""
        world, public = self._view.world(head, self._reporter.repo_id), self._view.writer
        picture = self._source.picture()
        found = list(reconciliation.tags_against(world, picture, lambda event: self._source.is_signed(event, public), self._reporter.now()))
        if news := tuple(islice(self._deeds(world, reconciliation.news(world, found)), MOST_AT_ONCE)):
            self._reporter.externals(ask.ExternalsSeen(news), head)
        still = {layout.external(one) for one in found}
        if over := tuple(one for path, one in world.externals.items() if path not in still)[:MOST_AT_ONCE]:
            self._reporter.externals(ask.ExternalsSettled(over), head)

    def _deeds(self, world: World, found: Iterable[External]) -> Iterator[External]:
        """Without the tags of ours that may be missing because they could not be pushed."""
        for one in found:
            version = world.version(one.artifact, one.version) if one.what is Around.GONE and one.version else None
            if version is None or version.tag or self._are_shown():
                yield one
