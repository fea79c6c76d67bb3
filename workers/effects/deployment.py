"""Deploy, verify, restore: observe first, act by operation id and fence, report what was seen.

`LookAgain` means that nothing could be said yet: the task comes back after so many seconds, until the ledger's own deadline asks a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from workers.contract import requests as ask
from workers.contract.names import CommitId, PromotionId
from workers.contract.promotion import Placed, Promotion, State
from workers.contract.requests import Seen
from workers.effects import serving
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import BadContent, RefusedByHost, Unreachable
from workers.ports.source import Source
from workers.ports.target import Applied, Fence, Target, Verdict, Wanted

log = structlog.get_logger()

T = TypeVar("T")

FRESH_TRIES = 3
RETRY_AFTER = 1.0
LOOK_AFTER = 4.0


class LookAgain(Exception):
    """Not known yet; look again in so many seconds."""

    def __init__(self, seconds: float, why: str) -> None:
        self.seconds = seconds
        super().__init__(why)


@dataclass(frozen=True)
class Attempt:
    """One run of a step. `fresh` is true only in the run (and its own retries) before which nothing can have been sent to a target."""

    promotion: PromotionId
    generation: int
    fresh: bool = False
    number: int = 1


@dataclass(frozen=True)
class Begun:
    """A step that the ledger asks for: the verified head that says so, the promotion, and the environment's targets for its kind."""

    head: CommitId
    promotion: Promotion
    targets: Sequence[Target]


class Deployment:
    """The three steps, over a view of the ledger, the source and an opener of targets."""

    def __init__(self, view: LedgerView, source: Source, open_target: serving.Open, reporter: Reporter) -> None:
        self._view = view
        self._source = source
        self._open = open_target
        self._reporter = reporter

    def deploy(self, attempt: Attempt) -> None:
        """Bring the version to every target, one after the other."""
        begun = self._begin(attempt, State.DEPLOYING)
        if begun is None:
            return
        if not begun.targets:
            self._say(ask.Deployed, attempt, Seen.DONE, "ledger", _no_target(begun.promotion))
            return
        with ExitStack() as held:
            try:
                wanted = self._wanted(begun, begun.promotion.to, held)
            except (BadContent, Unreachable) as exc:
                self._say(ask.Deployed, attempt, *_without_files(attempt, exc))
                return
            self._deploy(begun, attempt, wanted)

    def _deploy(self, begun: Begun, attempt: Attempt, wanted: Wanted) -> None:
        switched: list[str] = []
        for target in begun.targets:
            if self._is_past(target, attempt, State.DEPLOYING):
                return
            seen, text = self._apply(target, wanted, attempt, switched)
            if seen is None:
                return
            if seen is not Seen.DONE:
                self._say(ask.Deployed, attempt, seen, target.name, text)
                return
            switched.append(f"{target.name}: {text}")
        self._say(ask.Deployed, attempt, Seen.DONE, ", ".join(target.name for target in begun.targets), " ".join(switched))

    def _apply(self, target: Target, wanted: Wanted, attempt: Attempt, switched: Sequence[str]) -> tuple[Seen | None, str]:
        operation = f"{attempt.promotion}:{target.name}:deploy:{attempt.generation}"
        try:
            answer = target.apply(wanted, operation, attempt.generation)
        except Unreachable as exc:
            return self._unreachable(target, attempt, switched, exc)
        except (RefusedByHost, BadContent) as exc:
            return _no(attempt, switched), f"{target.name} said no: {exc}"
        if answer.result is Applied.STALE:
            log.info("stale_fence", promotion=attempt.promotion, generation=attempt.generation, target=target.name)
            return None, ""
        if answer.result is Applied.REFUSED:
            return _no(attempt, switched), answer.text + _lacking(wanted)
        return Seen.DONE, answer.text

    def _unreachable(self, target: Target, attempt: Attempt, switched: Sequence[str], exc: Unreachable) -> tuple[Seen, str]:
        """Definite only when no run before this one can have sent anything; else it is unknown, and looked at again."""
        if switched:
            return Seen.MISMATCH, f"{target.name} does not answer, after {len(switched)} other(s) had switched: {exc}"
        if attempt.fresh and attempt.number >= FRESH_TRIES:
            return (
                Seen.UNREACHABLE,
                f"{target.name} did not answer {attempt.number} times; nothing was sent to it, nothing live changed. ({exc})",
            )
        raise LookAgain(RETRY_AFTER if attempt.fresh else LOOK_AFTER, str(exc)) from exc

    def verify(self, attempt: Attempt) -> None:
        """Ask every target for its digest and for the golden prediction."""
        begun = self._begin(attempt, State.VERIFYING)
        if begun is None:
            return
        if not begun.targets:
            self._say(ask.Verified, attempt, Seen.DONE, "ledger", "The desired state stands in Git.")
            return
        try:
            wanted = self._light(begun, begun.promotion.to)
        except BadContent as exc:
            self._say(ask.Verified, attempt, Seen.UNCLEAR, "repository", f"The proof cannot be read: {exc}")
            return
        texts = []
        for target in begun.targets:
            try:
                answer = target.verify(wanted)
            except (RefusedByHost, BadContent) as exc:
                self._say(ask.Verified, attempt, Seen.UNCLEAR, target.name, f"{target.name}: nobody can tell what it serves: {exc}")
                return
            if answer.result is not Verdict.MATCHES:
                self._say(ask.Verified, attempt, Seen.MISMATCH, target.name, f"{target.name}: {answer.text}")
                return
            texts.append(f"{target.name}: {answer.text}")
        self._say(ask.Verified, attempt, Seen.DONE, ", ".join(target.name for target in begun.targets), " ".join(texts))

    def restore(self, attempt: Attempt) -> None:
        """Bring back what was live before, on every target."""
        begun = self._begin(attempt, State.ROLLING_BACK)
        if begun is None:
            return
        with ExitStack() as held:
            try:
                former = self._wanted(begun, begun.promotion.live, held) if begun.promotion.live else None
            except BadContent as exc:
                self._say(ask.Restored, attempt, Seen.UNCLEAR, "repository", f"The former version's files cannot be used: {exc}")
                return
            self._restore(begun, attempt, former)

    def _restore(self, begun: Begun, attempt: Attempt, former: Wanted | None) -> None:
        texts = []
        for target in begun.targets:
            if self._is_past(target, attempt, State.ROLLING_BACK):
                return
            operation = f"{attempt.promotion}:{target.name}:restore:{attempt.generation}"
            try:
                answer = target.restore(former, begun.promotion.artifact, operation, attempt.generation)
            except (RefusedByHost, BadContent) as exc:
                self._say(ask.Restored, attempt, Seen.REFUSED, target.name, f"{target.name} said no: {exc}")
                return
            if answer.result is Applied.STALE:
                return
            if answer.result is Applied.REFUSED:
                self._say(ask.Restored, attempt, Seen.REFUSED, target.name, f"{target.name}: {answer.text}{_lacking(former)}")
                return
            texts.append(f"{target.name}: {answer.text}")
        self._say(ask.Restored, attempt, Seen.DONE, ", ".join(target.name for target in begun.targets), " ".join(texts))

    def _begin(self, attempt: Attempt, state: State) -> Begun | None:
        """The step, if the ledger still asks for it at this generation."""
        head = self._view.head()
        promotion = self._view.promotion(head, attempt.promotion)
        if promotion is None or promotion.state is not state or promotion.generation != attempt.generation:
            log.info("step_is_past", promotion=attempt.promotion, generation=attempt.generation, wanted=state.value)
            return None
        rules = self._view.policy(head).rules_for(promotion.environment, promotion.artifact, promotion.kind)
        assert rules is not None, "a deployment is under way in an environment of the policy"
        return Begun(head, promotion, list(serving.targets(self._open, rules.targets, promotion.kind)))

    def _is_past(self, target: Target, attempt: Attempt, state: State) -> bool:
        """Whether a newer generation may be under way where the target itself could not refuse this one: the ledger is read once more."""
        return target.capabilities().fence is Fence.CHECKED and self._begin(attempt, state) is None

    def _wanted(self, begun: Begun, placed: Placed, held: ExitStack) -> Wanted:
        """The version with its files, which are there as long as `held` is open.

        Going back does not hang on them: a target that still has the version needs none, and one that has not says so.
        """
        light = self._light(begun, placed)
        try:
            return replace(light, files=self._held(lambda: held.enter_context(self._source.materialised(light.version))))
        except (BadContent, Unreachable) as exc:
            if begun.promotion.state is State.DEPLOYING and not begun.promotion.rollback:
                raise
            log.warning("going_back_without_files", promotion=begun.promotion.id, why=str(exc))
            return replace(light, lacking=str(exc))

    def _light(self, begun: Begun, placed: Placed) -> Wanted:
        version = self._view.version(begun.head, begun.promotion.artifact, placed.version)
        if version is None or version.digest != placed.digest:
            raise BadContent(f"{begun.promotion.artifact} {placed.version} is not in the ledger with that digest")
        return Wanted(version, {}, self._held(lambda: self._source.golden(version)))

    def _held(self, read: Callable[[], T]) -> T:
        """Read by commit id from what the mirror holds, and fetch only what it lacks: the digests prove that it cannot be out of date."""
        try:
            return read()
        except BadContent:
            self._source.fetch()
            return read()

    def _say(
        self, kind: type[ask.Deployed] | type[ask.Verified] | type[ask.Restored], attempt: Attempt, seen: Seen, target: str, text: str
    ) -> None:
        self._reporter.step(kind(attempt.promotion, attempt.generation, seen, target, text[:1000]))


def _no(attempt: Attempt, switched: Sequence[str]) -> Seen:
    """What a target's no means: that nothing live changed only if no run before this one, and no other target of it, can have switched."""
    return Seen.REFUSED if attempt.fresh and not switched else Seen.MISMATCH


def _without_files(attempt: Attempt, exc: BadContent | Unreachable) -> tuple[Seen, str, str]:
    """What is reported when the files are not to be had: what an earlier run may have sent, this one cannot tell. Raises LookAgain."""
    if isinstance(exc, Unreachable):
        if not attempt.fresh or attempt.number < FRESH_TRIES:
            raise LookAgain(RETRY_AFTER if attempt.fresh else LOOK_AFTER, str(exc)) from exc
        why = f"The version's files were not to be had {attempt.number} times; nothing was sent, nothing live changed. ({exc})"
        return Seen.UNREACHABLE, "repository", why
    why = f"The version's files cannot be used: {exc}."
    if attempt.fresh:
        return Seen.REFUSED, "repository", f"{why} Nothing was sent."
    return Seen.UNCLEAR, "repository", f"{why} An earlier run of this deployment may have sent something."


def _lacking(wanted: Wanted | None) -> str:
    return f" Its files were not to be had: {wanted.lacking}" if wanted and wanted.lacking else ""


def _no_target(promotion: Promotion) -> str:
    return f"No target of {promotion.environment} serves a {promotion.kind.value}: the desired state in Git is the result, for whoever reads it."
