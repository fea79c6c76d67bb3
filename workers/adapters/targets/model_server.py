"""A model server as a target: load beside, prove there, then move the pointer that clients follow. Going back moves the pointer, and loads nothing."""

from __future__ import annotations

from workers.adapters.targets import golden
from workers.adapters.targets.exchange import Exchange
from workers.adapters.targets.protocol import Dialogue, Operation, read_files
from workers.contract.promotion import Kind
from workers.ports.errors import BadContent, RefusedByHost, Unclear, Unreachable
from workers.ports.target import Answer, Applied, Capabilities, Fence, Live, Verdict, Wanted

TIMEOUT = 10.0
LARGEST_VERSION = 64 * 1024 * 1024
MOST_FILES = 250
UNTOUCHED = "Nothing was switched."


class ModelServer:
    """A server that speaks the Open Inference Protocol V2 with `towpath_default` (see `protocol`). `timeout` is in seconds; a load may take six of it.

    Beyond what `Target` says: a call raises RefusedByHost where nobody can say what is served (the token is refused, the extension is not announced,
    the answers are of another protocol), except `apply` and `restore`, which answer REFUSED; and BadContent when the version's own files or golden pair
    are unusable.
    Unreachable from a change means that nothing of it was sent; once anything was, only Unclear is raised.
    """

    def __init__(self, name: str, url: str, token: str | None = None, timeout: float = TIMEOUT) -> None:
        self.name = name
        self._exchange = Exchange(name, url, token, timeout)

    def capabilities(self) -> Capabilities:
        """Models; the server itself refuses an older fence and reports digests."""
        return Capabilities((Kind.MODEL,), Fence.ENFORCED, reports_digest=True)

    def observe(self, artifact: str) -> Live:
        """The label, digest and fence of what answers by default; all None when the server does not know the artifact."""
        return _observed(Dialogue(self._exchange), artifact)

    def apply(self, wanted: Wanted, operation_id: str, fence: int) -> Answer:
        """Load beside, compare the digest, prove the golden pair on the versioned route, switch. ALREADY is proved as well."""
        dialogue = Dialogue(self._exchange)
        try:
            return _Change(dialogue, Operation(operation_id, fence)).apply(wanted)
        except RefusedByHost as exc:
            return Answer(Applied.REFUSED, f"{_only_a_no(dialogue, exc)} {UNTOUCHED}")
        except Unreachable as exc:
            raise _as_known(dialogue, exc) from exc

    def verify(self, wanted: Wanted) -> Answer:
        """What the server reports as its default, then a golden prediction on the way that clients take, by label and by value."""
        return _verified(Dialogue(self._exchange), wanted)

    def restore(self, former: Wanted | None, artifact: str, operation_id: str, fence: int) -> Answer:
        """Switch back first, then verify. When what is back is not as it must be, the answer is REFUSED and says so."""
        dialogue = Dialogue(self._exchange)
        change = _Change(dialogue, Operation(operation_id, fence))
        try:
            return change.clear(artifact) if former is None else change.restore(former)
        except RefusedByHost as exc:
            return Answer(Applied.REFUSED, _only_a_no(dialogue, exc))
        except Unreachable as exc:
            raise _as_known(dialogue, exc) from exc


class _Change:
    """One call that changes something, by one operation."""

    def __init__(self, dialogue: Dialogue, operation: Operation) -> None:
        self._dialogue = dialogue
        self._operation = operation

    def apply(self, wanted: Wanted) -> Answer:
        """Bring, prove, switch."""
        live = _observed(self._dialogue, wanted.version.artifact)
        if problem := self._outdated(live) or self._bring(wanted):
            return problem
        if trouble := _trouble(self._dialogue, wanted, wanted.label):
            return Answer(Applied.REFUSED, f"{_named(wanted)} is not proved: {trouble}. {UNTOUCHED}")
        return self._switch(wanted, live)

    def restore(self, former: Wanted) -> Answer:
        """Switch to a version that the server still has; load it again only when it has not."""
        live = _observed(self._dialogue, former.version.artifact)
        if problem := self._outdated(live):
            return problem
        if self._dialogue.held(former.version.artifact, former.label) is None and (problem := self._bring(former)):
            return problem
        answer = self._switch(former, live)
        if answer.result not in {Applied.DONE, Applied.ALREADY}:
            return answer
        checked = _verified(self._dialogue, former)
        if checked.result is Verdict.DIVERGED:
            return Answer(Applied.REFUSED, f"{_named(former)} is the default again, but not as it must be. {checked.text}")
        return Answer(answer.result, f"{answer.text} {checked.text}")

    def clear(self, artifact: str) -> Answer:
        """Let nothing answer by default, as before the first version."""
        live = _observed(self._dialogue, artifact)
        if problem := self._outdated(live):
            return problem
        if live.label is None:
            return Answer(Applied.ALREADY, f"No version of {artifact} answers by default, as before.")
        try:
            said = self._dialogue.unload(artifact, live.label, self._operation)
        except Unclear as exc:
            return self._settled(artifact, None, exc)
        if said.result is not Applied.DONE:
            return Answer(said.result, f"It does not unload {self._clean(live.label)}: {said.text}.")
        return self._settled(artifact, None)

    def _outdated(self, live: Live) -> Answer | None:
        if live.fence is None or live.fence <= self._operation.fence:
            return None
        return Answer(Applied.STALE, f"Generation {live.fence} was there before generation {self._operation.fence}. {UNTOUCHED}")

    def _bring(self, wanted: Wanted) -> Answer | None:
        """See to it that the version is loaded with the right digest; an answer when that cannot be."""
        held = self._dialogue.held(wanted.version.artifact, wanted.label)
        if held is None:
            if problem := self._load(wanted):
                return problem
            held = self._dialogue.held(wanted.version.artifact, wanted.label)
            if held is None:
                return Answer(Applied.REFUSED, f"The server took {_named(wanted)}, but does not have it. {UNTOUCHED}")
        if held.digest in {None, wanted.version.digest}:
            return None
        told = f"it reports the digest {self._clean(str(held.digest))} where {wanted.version.digest} is wanted"
        return Answer(Applied.REFUSED, f"What the server loaded as {_named(wanted)} has other contents: {told}. {UNTOUCHED}")

    def _load(self, wanted: Wanted) -> Answer | None:
        if reason := _unfit(wanted):
            return Answer(Applied.REFUSED, f"{_named(wanted)} cannot be brought to the server: {reason}. {UNTOUCHED}")
        try:
            files = read_files(wanted.files, LARGEST_VERSION)
        except OSError as exc:
            raise BadContent(f"the files of {_named(wanted)} cannot be read") from exc
        if files is None:
            reason = f"its files are larger than {LARGEST_VERSION // 2**20} MiB together, which is the most that is sent"
            return Answer(Applied.REFUSED, f"{_named(wanted)} cannot be brought to the server: {reason}. {UNTOUCHED}")
        try:
            said = self._dialogue.load(wanted, files, self._operation)
        except Unclear:
            if self._dialogue.held(wanted.version.artifact, wanted.label) is None:
                raise
            return None
        if said.result is Applied.DONE:
            return None
        return Answer(said.result, f"The server does not load {_named(wanted)}: {said.text}. {UNTOUCHED}")

    def _switch(self, wanted: Wanted, live: Live) -> Answer:
        """Move the pointer. A server that serves the version already is told only of a newer fence."""
        artifact = wanted.version.artifact
        already = live.label == wanted.label
        if already and live.fence == self._operation.fence:
            return _already(wanted)
        try:
            said = self._dialogue.make_default(artifact, wanted.label, self._operation)
        except Unclear as exc:
            return self._settled(artifact, wanted, exc)
        if said.result is not Applied.DONE:
            return Answer(said.result, f"The server does not switch to {_named(wanted)}: {said.text}. {UNTOUCHED}")
        answer = self._settled(artifact, wanted)
        return _already(wanted) if already and answer.result is Applied.DONE else answer

    def _settled(self, artifact: str, wanted: Wanted | None, lost: Unclear | None = None) -> Answer:
        """What became of a change of the pointer, by looking; `lost` is why its answer is not known. Raises Unclear when looking does not tell."""
        try:
            live = self._dialogue.live(artifact)
        except (Unreachable, RefusedByHost) as exc:
            raise Unclear(str(lost or exc)) from exc
        if live.label == (wanted.label if wanted else None):
            return Answer(Applied.DONE, f"{_named(wanted) if wanted else f'No version of {artifact}'} answers by default now.")
        if problem := self._outdated(live):
            return problem
        if lost is not None:
            raise lost
        asked = _named(wanted) if wanted else "nothing"
        has = f"{self._clean(live.label)} answers" if live.label else "nothing answers"
        return Answer(Applied.REFUSED, f"The server was asked to serve {asked} by default and said yes, but {has} by default.")

    def _clean(self, text: str) -> str:
        return self._dialogue.clean(text)


def _observed(dialogue: Dialogue, artifact: str) -> Live:
    dialogue.require_default()
    return dialogue.live(artifact)


def _verified(dialogue: Dialogue, wanted: Wanted) -> Answer:
    live = _observed(dialogue, wanted.version.artifact)
    if live.label is None:
        return Answer(Verdict.DIVERGED, f"No version of {wanted.version.artifact} answers by default where {wanted.label} is wanted.")
    label = dialogue.clean(live.label)
    if live.digest not in {None, wanted.version.digest}:
        told = f"the digest {dialogue.clean(str(live.digest))} where {wanted.version.digest} is wanted"
        return Answer(Verdict.DIVERGED, f"{wanted.version.artifact} {label} answers by default, and the server reports {told}.")
    if live.label != wanted.label:
        return Answer(Verdict.DIVERGED, f"{wanted.version.artifact} {label} answers by default where {wanted.label} is wanted.")
    if trouble := _trouble(dialogue, wanted, None):
        return Answer(Verdict.DIVERGED, f"{_named(wanted)} answers by default, but {trouble}.")
    reported = f"the digest {wanted.version.digest.short} as {label}" if live.digest else f"its label {label}"
    proof = "repeats the golden prediction" if wanted.golden else "has no golden prediction to repeat"
    return Answer(Verdict.MATCHES, f"It reports {reported} and {proof}.")


def _trouble(dialogue: Dialogue, wanted: Wanted, label: str | None) -> str | None:
    """What is wrong with the golden prediction of a version, or of the way that clients take when `label` is None; None when all is well."""
    if wanted.golden is None:
        return None
    asked, expected = wanted.golden
    reply = dialogue.infer(wanted.version.artifact, label, asked)
    if reply.status != 200:
        return f"asked for the golden prediction it answers {dialogue.about(reply)}"
    try:
        answer = reply.content
    except golden.NotJson as exc:
        return f"its answer is no prediction: {exc}"
    version = answer.get("model_version")
    if version not in (None, "", wanted.label):
        return f"the golden prediction is answered by {dialogue.clean(str(version)[:80])} where {wanted.label} is wanted"
    tolerance = wanted.version.golden.tolerance if wanted.version.golden else "0"
    words = golden.difference(answer, expected, tolerance)
    return None if words is None else dialogue.clean(words)


def _unfit(wanted: Wanted) -> str | None:
    """Why a version cannot even be sent."""
    if wanted.version.kind is not Kind.MODEL:
        return f"a model server serves models, and it is a {wanted.version.kind.value}"
    if not wanted.files:
        return "the server does not have it any more, and its files were not given"
    if len(wanted.files) > MOST_FILES:
        return f"it has {len(wanted.files)} files, and at most {MOST_FILES} are sent"
    return None


def _already(wanted: Wanted) -> Answer:
    return Answer(Applied.ALREADY, f"{_named(wanted)} answers by default already.")


def _named(wanted: Wanted) -> str:
    return f"{wanted.version.artifact} {wanted.label}"


def _only_a_no(dialogue: Dialogue, exc: RefusedByHost) -> str:
    """The words of a no. Raises Unclear when something was sent before it, for then nobody knows what stands."""
    if dialogue.changed:
        raise Unclear(str(exc)) from exc
    return str(exc)


def _as_known(dialogue: Dialogue, exc: Unreachable) -> Unreachable | Unclear:
    """Unreachable promises that nothing was sent."""
    return Unclear(str(exc)) if dialogue.changed else exc
