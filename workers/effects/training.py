"""One look at a training: begin its pipeline if that was not done, see how it stands, take its result when it has ended.

Nothing waits here. Each look asks the ledger whether the retraining still runs, so what was stopped is not begun again, and each may be repeated
after a crash: the pipeline begins once for an attempt, and the same files make the same commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog

from workers.contract import requests as ask
from workers.contract.drift import Taken
from workers.contract.envelope import read_stamp
from workers.contract.requests import Seen
from workers.contract.retraining import Compared, How, Retraining, Stage
from workers.domain import decision as d
from workers.domain.retraining import branch_of
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import BadContent, RefusedByHost
from workers.ports.pipeline import Job, Lent, Look, Pipeline, Run
from workers.ports.results import Results
from workers.ports.source import Source, Trainable

log = structlog.get_logger()

SOONEST, LATEST = timedelta(seconds=10), timedelta(minutes=5)
SLOWING = 4
"""What a pipeline says is recorded after a quarter of the time that it has run, but not more often than that nor more rarely."""


class Training:
    """Looks at trainings. `open_pipeline` gives what runs a recipe, or raises BadContent with why there is nothing here that does."""

    def __init__(
        self, view: LedgerView, source: Source, results: Results, reporter: Reporter, open_pipeline: Callable[[How], Pipeline]
    ) -> None:
        self._view = view
        self._source = source
        self._results = results
        self._reporter = reporter
        self._open = open_pipeline

    def look(self, effect: d.Train) -> None:
        """One look. Raises Unreachable or Unclear when nothing can be said at the moment: it will be looked at again."""
        found = self._view.retraining(self._view.head(), effect.retraining)
        if found is None or found.stage is not Stage.RUNNING or found.attempt != effect.attempt:
            return
        try:
            pipeline, job = self._open(found.recipe.how), _job(found, self._said(found))
            pipeline.begin(job, self._live(found))
        except (BadContent, RefusedByHost) as exc:
            self._end(found, Seen.REFUSED, f"The pipeline could not be begun: {exc}")
            return
        self._tell(found, pipeline.look(job))

    def end(self, effect: d.EndTraining) -> None:
        """End what the ledger says has ended. Raises Unreachable or Unclear."""
        found = self._view.retraining(self._view.head(), effect.retraining)
        if found is None or found.stage is Stage.RUNNING:
            return
        try:
            self._open(found.recipe.how).end(_job(found, Trainable(found.folder, ".", found.recipe)))
        except (BadContent, RefusedByHost) as exc:
            log.warning("training_not_ended", retraining=found.id, why=str(exc))

    def _said(self, found: Retraining) -> Trainable:
        """What its own commit says of it, which this mirror may not have yet."""
        try:
            return self._source.trainable(found.artifact, found.base)
        except BadContent:
            self._source.fetch()
            return self._source.trainable(found.artifact, found.base)

    def _live(self, found: Retraining) -> Lent | None:
        """What lends the files of the version that the new one is compared with."""
        version = self._view.version(self._view.head(), found.artifact, found.live) if found.live else None
        return partial(self._source.materialised, version) if version else None

    def _tell(self, found: Retraining, look: Look) -> None:
        if look.run is Run.RUNNING:
            self._runs(found, look)
        elif look.run is Run.DONE:
            self._done(found, look)
        else:
            lost = " It is not begun again by itself; say `retrain` once more when you know why." if look.run is Run.LOST else ""
            self._end(found, Seen.REFUSED, f"{look.text}{lost}", look)

    def _runs(self, found: Retraining, look: Look) -> None:
        progress = look.progress
        last = found.events[-1]
        now = self._reporter.now()
        ran, silent = now - read_stamp(found.requested_at), now - read_stamp(last.time)
        if progress and progress != found.progress and silent >= min(max(ran / SLOWING, SOONEST), LATEST):
            report = ask.Trained(found.id, found.attempt, Seen.UNCLEAR, look.text, progress=progress, ran=look.ran)
            self._reporter.trained(report, last.seq)

    def _done(self, found: Retraining, look: Look) -> None:
        """The result goes to its branch, then it is told: a worker that is killed in between takes the same again."""
        try:
            commit = self._results.take(found, look.tree)
        except BadContent as exc:
            self._end(found, Seen.REFUSED, f"The pipeline ended well, but its result cannot be taken: {' '.join(exc.reasons)}", look)
        except RefusedByHost as exc:
            self._end(
                found,
                Seen.REFUSED,
                f"The Git host does not take the result: {exc}. Its rules must let Towpath make retrain/** branches.",
                look,
            )
        else:
            taken = Taken(branch_of(found.artifact, found.id), commit)
            self._end(found, Seen.DONE, look.text, look, taken)

    def _end(self, found: Retraining, seen: Seen, text: str, look: Look | None = None, taken: Taken | None = None) -> None:
        log.info("training_ended", retraining=found.id, seen=seen.value)
        ran, said = (look.ran, look.log) if look else ({}, None)
        compared = _compared(look.measured) if look else ()
        kept = None if seen is Seen.DONE else said
        self._reporter.trained(ask.Trained(found.id, found.attempt, seen, text, None, kept, taken, ran, compared), 0)


def _job(found: Retraining, said: Trainable) -> Job:
    branch = branch_of(found.artifact, found.id)
    return Job(found.id, found.attempt, found.artifact, found.base, said.folder, branch, said.recipe, said.path, said.needs)


def _compared(measured: Mapping[str, Mapping[str, str]]) -> tuple[Compared, ...]:
    live, new = measured.get("live", {}), measured.get("new", {})
    return tuple(Compared(name, live.get(name), new.get(name)) for name in dict.fromkeys((*new, *live)))
