"""Reading versions and the proposed policy from the source repository, and reporting what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import structlog

from workers.contract import requests as ask
from workers.contract.names import ArtifactName, BadName, CommitId, RefName, RetrainingId, Version, VersionAsk
from workers.contract.promotion import Kind, RegisteredVersion
from workers.contract.retraining import Stage
from workers.effects.asked import opened
from workers.effects.comparison import Comparison
from workers.effects.learned import with_data
from workers.effects.looks import ArtifactSafety
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import BadContent, Unreachable
from workers.ports.source import Source, VersionTag

log = structlog.get_logger()

MOST_AT_ONCE = 50
MOST_TOLD = 3
"""So many bad tags of one look are told in the channel; the log and `towpath doctor` have all of them."""


class Inspection:
    """Looks at the source repository through a fresh fetch."""

    def __init__(
        self, view: LedgerView, source: Source, reporter: Reporter, tags_are_shown: Callable[[], bool], safety: ArtifactSafety | None = None
    ) -> None:
        self._view = view
        self._source = source
        self._reporter = reporter
        self._safety = safety
        self._comparison = Comparison(view, source, reporter, tags_are_shown)

    def register(self, asked: str) -> None:
        """A person asked to register: an existing tag says where, else `at`, else the source branch's head."""
        wanted = opened(self._view, self._reporter.repo_id, asked)
        if not isinstance(wanted, ask.Register):
            return
        try:
            self._source.fetch()
            commit = self._place(wanted.artifact, wanted.version, wanted.at)
            found = self._looked_at(self._source.inspect(wanted.artifact, wanted.version, commit, wanted.kind, wanted.outputs))
        except BadContent as exc:
            self._reporter.version(ask.NotInspected(wanted.artifact, wanted.version, tuple(exc.reasons), asked))
            return
        self._reporter.version(ask.Inspected(found, asked))

    def read_recipe(self, artifact: ArtifactName, asked: str) -> None:
        """A person asked to retrain an artifact: report what the head of the source branch says of how that is done."""
        if not isinstance(opened(self._view, self._reporter.repo_id, asked), ask.Retrain):
            return
        try:
            self._source.fetch()
            base = self._source.head()
            found = self._source.trainable(artifact, base)
        except BadContent as exc:
            self._reporter.recipe(ask.RecipeRead(artifact, asked, reasons=tuple(exc.reasons)))
            return
        self._reporter.recipe(ask.RecipeRead(artifact, asked, base, found.folder, found.recipe))

    def enter(self, id_: RetrainingId) -> None:
        """A retraining has pushed its result: read the version that it is to become, as the ledger says."""
        head = self._view.head()
        trained = self._view.retraining(head, id_)
        if trained is None or trained.stage is not Stage.PUSHED or not (trained.commit and trained.version):
            return
        try:
            self._source.fetch()
            found = self._looked_at(self._source.inspect(trained.artifact, trained.version, trained.commit, Kind.MODEL))
            found = with_data(self._source, self._view.world(head, self._reporter.repo_id).versions, trained, found)
        except BadContent as exc:
            self._reporter.version(ask.NotInspected(trained.artifact, trained.version, tuple(exc.reasons), trained.asked))
            return
        whole = replace(found, retraining=id_, code=trained.base, parameters=dict(trained.recipe.parameters))
        self._reporter.version(ask.Inspected(whole, trained.asked))

    def _looked_at(self, found: RegisteredVersion) -> RegisteredVersion:
        """With what its files bring along, for models. What cannot be looked at now is looked at when a gate asks for it."""
        if self._safety is None or found.kind is not Kind.MODEL:
            return found
        try:
            return replace(found, safety=self._safety.of(found))
        except (BadContent, Unreachable) as exc:
            log.warning("files_not_looked_at", artifact=found.artifact, version=found.version, why=str(exc))
            return found

    def _place(self, artifact: ArtifactName, version: Version, at: RefName | None) -> CommitId:
        tag = next((tag for tag in self._source.version_tags() if (tag.artifact, tag.version) == (artifact, version)), None)
        wanted = self._source.resolve(at) if at else None
        if tag and wanted and tag.commit != wanted:
            fix = f"To register that one: register {artifact} {version}. For {at} take another version."
            raise BadContent(f"The tag {artifact}@{version} lies on {tag.commit[:12]}, not on {at} ({wanted[:12]}). {fix}")
        commit = tag.commit if tag else wanted or self._source.head()
        if tag is None and (other := self._named(f"{artifact}@{version}")) not in (None, commit):
            fix = "Make it an annotated tag, or take another version."
            raise BadContent(f"{artifact}@{version} names {str(other)[:12]}, not {commit[:12]}, and is no annotated tag. {fix}")
        return commit

    def _named(self, name: str) -> CommitId | None:
        """The commit that a tag (or branch) of that name lies on, if there is one."""
        try:
            return self._source.resolve(RefName.read(name))
        except (BadContent, BadName):
            return None

    def look_for(self, artifact: ArtifactName, wanted: VersionAsk, asked: str) -> None:
        """A promotion names a version that nobody has registered: read the tags that it could mean, then put the request back."""
        try:
            self._source.fetch()
        except BadContent as exc:
            log.warning("source_not_read", reasons=list(exc.reasons))
        for tag in [tag for tag in self._source.version_tags() if tag.artifact == artifact and wanted.matches(tag.version)][:MOST_AT_ONCE]:
            for report in self._read(tag):
                self._reporter.version(report)
        self._reporter.put_back(asked)

    def look_at_source(self, is_new: Callable[[str], bool], forget: Callable[[str], None] = lambda _: None) -> None:
        """New tags become versions, a changed policy is proposed. `is_new` is true once for each text: a bad tag is not read every time.

        What nobody answered for is no bad tag: `forget` makes it new again.
        """
        self._source.fetch()
        head = self._view.head()
        self._look_at_policy(head)
        self._comparison.look(head)
        world = self._view.world(head, self._reporter.repo_id)
        new = (tag for tag in self._source.version_tags() if world.version(tag.artifact, tag.version) is None)
        bad: list[ask.NotInspected] = []
        for tag in islice((tag for tag in new if is_new(f"tag:{tag.tag}")), MOST_AT_ONCE):
            try:
                bad += self._read(tag)
            except Unreachable as exc:
                log.warning("version_not_reached", artifact=tag.artifact, version=tag.version, why=str(exc))
                forget(f"tag:{tag.tag}")
        for report in bad[:MOST_TOLD]:
            self._reporter.version(report)

    def _look_at_policy(self, head: CommitId) -> None:
        found = self._source.policy()
        if found is None:
            return
        commit, text = found
        proposed = self._view.proposed(head)
        if text != (self._view.policy_text(head) if proposed is None else proposed):
            self._reporter.policy(ask.PolicyProposed(commit, text))

    def _read(self, tag: VersionTag) -> Iterator[ask.NotInspected]:
        """Report the version on a tag; what cannot be one is given back, for whoever wants to tell it."""
        try:
            found = self._looked_at(self._source.inspect(tag.artifact, tag.version, tag.commit, None))
        except BadContent as exc:
            log.warning("bad_version", artifact=tag.artifact, version=tag.version, commit=tag.commit, reasons=list(exc.reasons))
            yield ask.NotInspected(tag.artifact, tag.version, tuple(exc.reasons))
            return
        self._reporter.version(ask.Inspected(found))
