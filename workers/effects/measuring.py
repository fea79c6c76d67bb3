"""Measuring drift: the rows of a version's commit against the live rows of an environment. What nobody can tell is said, and never *no drift*."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from workers.contract import wire
from workers.contract.drift import DriftColumns, DriftReport
from workers.contract.names import EnvironmentName
from workers.contract.promotion import RegisteredVersion
from workers.domain.drift import profiled, stored
from workers.domain.drift.judging import Judgement, Limits, judge
from workers.domain.drift.profile import ReferenceProfile
from workers.domain.drift.statistics import Statistics
from workers.domain.policy.rules import DriftRules, LiveRows
from workers.effects import drift_reports as reports
from workers.effects import referring
from workers.effects.windows import Windows
from workers.ports.errors import BadContent
from workers.ports.rows import Rows as Live
from workers.ports.shelf import Shelf
from workers.ports.source import Source

Open = Callable[[LiveRows, RegisteredVersion, EnvironmentName, Sequence[str]], Live]


class Measuring:
    """Measures lanes. Profiles are kept on `shelf`; `now` is the clock."""

    def __init__(self, source: Source, open_rows: Open, shelf: Shelf, now: Callable[[], datetime]) -> None:
        self._source = source
        self._open = open_rows
        self._shelf = shelf
        self._now = now
        self._reference: tuple[str, ReferenceProfile] | None = None

    def measure(
        self, version: RegisteredVersion, rules: DriftRules, environment: EnvironmentName, window: timedelta | None = None
    ) -> DriftReport:
        """The drift of a version in an environment over the last `window` (that of the rules where none is given), up to now.

        Raises WorldError with words where it cannot be measured: no reference, no place of rows, nobody who answers.
        """
        at, said = self._now(), version.drift_columns or DriftColumns()
        reference = self._referred(version, said)
        features = [name for name in reference.names if name not in (said.prediction, said.score)]
        rows = self._open(rules.rows, version, environment, features)
        seen = Windows(rows, reference, said, self._shelf).look(at - (window or rules.window), at)
        absent = profiled.absent(reference, seen.profile) & {said.prediction, said.score}
        output = _output(said, reference, absent)
        found = [one for one in profiled.statistics(reference, seen.profile) if one[0].column not in absent]
        inputs = [one for one, _ in found if one.column == output or one.column in features]
        judged = _judged(inputs, (reference.rows, seen.profile.rows), rules, output)
        return reports.report(
            reports.Measured(version, environment, reference, seen, rows.source, output, found, absent), judged, rules.at_least, at
        )

    def _referred(self, version: RegisteredVersion, said: DriftColumns) -> ReferenceProfile:
        """The profile of the version's reference, made once for a file and what is said of its columns."""
        digest = wire.sha256(wire.canonical([version.drift_digest, said]))
        key = f"reference {digest}"
        if self._reference and self._reference[0] == key:
            return self._reference[1]
        found = self._kept(key) if version.drift_digest else None
        if found is None:
            found = self._read(version, said, digest)
            self._shelf.put(key, stored.reference_to_bytes(found))
        self._reference = key, found
        return found

    def _kept(self, key: str) -> ReferenceProfile | None:
        content = self._shelf.get(key)
        try:
            return stored.read_reference(content) if content else None
        except stored.BadProfile:
            return None

    def _read(self, version: RegisteredVersion, said: DriftColumns, digest: str) -> ReferenceProfile:
        """The mirror may lack a commit that was registered a moment ago: then it is fetched, once."""
        what = f"the reference of {version.artifact} {version.version} ({version.drift})"
        if version.drift is None:
            fix = "name `drift: {reference: FILE}` in artifact.yaml, and register that as a new version"
            raise BadContent(f"{version.artifact} {version.version} names no rows that drift could be measured against; {fix}")
        try:
            with self._source.reference(version) as place:
                return referring.read(place, digest, said, what)
        except BadContent:
            self._source.fetch()
            with self._source.reference(version) as place:
                return referring.read(place, digest, said, what)


def _output(said: DriftColumns, reference: ReferenceProfile, absent: AbstractSet[str | None]) -> str | None:
    """The column by which predictions are compared: the score, which says more than what is made of it, where both sides have it."""
    there = (name for name in (said.score, said.prediction) if name in reference.names and name not in absent)
    return next(there, said.prediction or said.score)


def _judged(found: Sequence[Statistics], rows: tuple[int, int], rules: DriftRules, output: str | None) -> Judgement:
    prediction = next((one for one in found if one.column == output), None)
    limits = Limits(rules.warning, rules.alert, rules.at_least)
    return judge([one for one in found if one is not prediction], rows, limits, prediction)
