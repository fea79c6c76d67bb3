"""What is looked at for each check: the Git host's statuses, the targets of the earlier environment, the version's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import structlog

from workers.contract.promotion import RegisteredVersion, Result
from workers.contract.safety import Safety, Verdict
from workers.domain.gates import commit_status, safety
from workers.domain.safety.allowed import SCANNER
from workers.domain.safety.scan import scan
from workers.domain.safety.streams import Stream
from workers.effects import serving
from workers.effects.gathering import Asked, Finding
from workers.ports.errors import BadContent, RefusedByHost, Unclear, Unreachable
from workers.ports.source import Source
from workers.ports.statuses import NotTold, Statuses
from workers.ports.target import Target, Wanted
from workers.ports.target import Verdict as Served

log = structlog.get_logger()

MOST_CONTEXTS = 200


class CommitStatus:
    """What CI said of the version's commit. `open_host` gives the host, or says why nobody can ask it."""

    def __init__(self, open_host: Callable[[], Statuses]) -> None:
        self._open = open_host

    def __call__(self, asked: Asked) -> Finding:
        """Every context with its state. Raises WorldError."""
        try:
            host = self._open()
            states = host.of(asked.version.commit)
        except NotTold as exc:
            return Finding(Result.CANNOT_TELL, str(exc))
        if len(states) > MOST_CONTEXTS:
            return Finding(
                Result.CANNOT_TELL, f"{host.source} knows {len(states)} checks of this commit, more than {MOST_CONTEXTS}", host.source
            )
        if not states:
            return Finding(Result.CANNOT_TELL, f"{host.source} knows no check of this commit; let CI run on it", host.source)
        words = ", ".join(f"{name} {state}" for name, state in sorted(states.items())[:10])
        return Finding(_overall(set(states.values())), f"{host.source}: {words}", host.source, tuple(sorted(states.items())))


def _overall(states: set[str]) -> Result:
    if commit_status.RED in states:
        return Result.FAIL
    return Result.PASS if commit_status.GREEN in states and commit_status.PENDING not in states else Result.CANNOT_TELL


class Smoke:
    """The golden prediction at the targets of the environment where the version runs already."""

    def __init__(self, source: Source, open_target: serving.Open) -> None:
        self._source = source
        self._open = open_target

    def __call__(self, asked: Asked) -> Finding:
        """Every target must report the version's digest (or label) and repeat the golden prediction. Raises WorldError."""
        version, place = asked.version, asked.place
        if version.golden is None:
            fix = "name `golden` in artifact.yaml and register that as a new version"
            return Finding(Result.CANNOT_TELL, f"it has no golden prediction that could be asked for; {fix}")
        targets = list(serving.targets(self._open, place.targets, version.kind)) if place else []
        if place is None or not targets:
            where = place.name if place else "The earlier environment"
            return Finding(Result.CANNOT_TELL, f"{where} has no target that serves a {version.kind.value}, so nobody can be asked")
        wanted = Wanted(version, {}, self._golden(version))
        return _all(place.name, [(target.name, *_asked(target, wanted)) for target in targets])

    def _golden(self, version: RegisteredVersion) -> tuple[bytes, bytes] | None:
        try:
            return self._source.golden(version)
        except BadContent:
            self._source.fetch()
            return self._source.golden(version)


def _asked(target: Target, wanted: Wanted) -> tuple[Result, str]:
    try:
        answer = target.verify(wanted)
    except (Unreachable, Unclear, RefusedByHost, BadContent) as exc:
        return Result.CANNOT_TELL, f"nobody can tell what it serves: {exc}"
    return (Result.PASS if answer.result is Served.MATCHES else Result.FAIL), answer.text


def _all(where: str, answers: list[tuple[str, Result, str]]) -> Finding:
    """The worst answer counts, and every one that is no pass is told."""
    results = [result for _, result, _ in answers]
    worst = next((one for one in (Result.FAIL, Result.CANNOT_TELL) if one in results), Result.PASS)
    told = [f"{name}: {text}" for name, result, text in answers if result is worst]
    facts = tuple((name, result.value) for name, result, _ in answers)
    return Finding(worst, f"in {where}, {' '.join(told)}", ", ".join(name for name, *_ in answers), facts)


class ArtifactSafety:
    """The files of a version, of which none is loaded."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(self, asked: Asked) -> Finding:
        """The verdict over all files. Raises WorldError."""
        found = self.of(asked.version)
        text = " ".join(found.findings) or f"{', '.join(found.formats)}: loading them runs nothing that they bring along"
        return Finding(safety.RESULTS[found.verdict], text, found.scanner, safety.facts(found))

    def of(self, version: RegisteredVersion) -> Safety:
        """What is found in the files at the version's path, brought from Git by commit id. Raises WorldError."""
        with self._source.materialised(version) as files:
            try:
                return scan(_opened(files), version.digest)
            except Exception as exc:  # a file made to break the scanner must not keep everything else from being looked at
                log.exception("scanner_broke", artifact=version.artifact, version=version.version)
                said = f"the scanner itself broke on its files ({type(exc).__name__}). Tell whoever runs Towpath; the log has more."
                return Safety(Verdict.CANNOT_TELL, findings=(said,), files=version.files, scanner=SCANNER, digest=version.digest)


def _opened(files: Mapping[str, Path]) -> Iterator[tuple[str, Stream, int]]:
    for path, place in files.items():
        with place.open("rb") as file:
            yield path, file, place.stat().st_size
