"""artifact-safety over all files of a version: one verdict, the formats that were seen, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workers.contract.names import Digest
from workers.contract.safety import Safety, Verdict
from workers.domain.safety.allowed import SCANNER
from workers.domain.safety.finding import Finding
from workers.domain.safety.look import MOST_FINDINGS, UNKNOWN, Looking
from workers.domain.safety.parts import of_file
from workers.domain.safety.streams import Budget, Stream

_WEIGHTS = "onnx weights"


def scan(files: Iterable[tuple[str, Stream, int]], digest: Digest | None = None) -> Safety:
    """The verdict over files: path below the artifact, the open binary file (it must be able to seek), and its size.

    They are asked for one after the other, so each may be opened when it is asked for and closed afterwards. Nothing is loaded. What is in
    memory does not grow with the files: some megabytes for most, about a hundred for a pickle of millions of small values. A stream that
    cannot be read raises its own error: that is no verdict.
    """
    return summary(*findings(files), digest)


def findings(files: Iterable[tuple[str, Stream, int]]) -> tuple[list[Finding], set[str], int]:
    """All findings, the formats that were seen, and how many files there were."""
    looking, seen = Looking(Budget()), dict[str, str]()
    for path, stream, size in files:
        seen[path] = looking.look(of_file(path, stream, size))
    found = [one for one in looking.findings if not (one.path in looking.needs and one.format == UNKNOWN)]
    for path, model in looking.needs.items():
        if path not in seen:
            what = "keeps weights in a file that is not there"
            found.append(Finding(Verdict.CANNOT_TELL, model, "onnx", what, "Add the file to the artifact."))
    formats = {_WEIGHTS if kind == UNKNOWN and path in looking.needs else kind for path, kind in seen.items()}
    inner = {one.format for one in found}
    return found, (formats | (looking.formats - {UNKNOWN}) | inner), len(seen)


def summary(found: Sequence[Finding], formats: Iterable[str], files: int, digest: Digest | None = None) -> Safety:
    """The findings as they are kept: the rejections first, at most twenty. No file at all cannot be told."""
    ordered = sorted(found, key=lambda one: one.verdict is not Verdict.REJECT)
    verdict = ordered[0].verdict if ordered else Verdict.PASS if files else Verdict.CANNOT_TELL
    texts = [one.text for one in ordered[:MOST_FINDINGS]]
    if len(ordered) > MOST_FINDINGS:
        texts[-1] = f"{len(ordered) - MOST_FINDINGS + 1} more findings."
    return Safety(verdict, tuple(sorted(formats)), tuple(texts), files, SCANNER, digest)
