"""`show drift` in chat: the effects lane measures live rows now, or answers with what was found a moment ago, and draws the picture."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from workers.adapters.redis.projection import NoProjection
from workers.contract import lanes, wire
from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.drift import DriftReport
from workers.contract.envelope import Envelope, stamp
from workers.contract.names import Digest
from workers.domain import drift_reads, rights
from workers.domain.drift_reads import Wanted
from workers.domain.state import World
from workers.effects import picture
from workers.ports.errors import BadContent, WorldError
from workers.tasks.queries import opened
from workers.tasks.wiring import Wiring, now

log = structlog.get_logger()

LEASE_SECONDS = 5.0
PICTURE_KEPT = 3600
FRESH = 15
"""So many seconds an answer serves everybody who asks the same."""
COME_BACK, LONGEST_PAUSE = 0.5, 3.0
TRIES = 15
"""Whoever asks while somebody's rows are read looks this often, half a second later each time: for about half a minute."""
RECEIPT_AFTER = 0.6
EVIDENCE_EVERY = 600
CHANGED_EVIDENCE_EVERY = 60
"""A measurement that differs from the last one becomes evidence at most so often: nobody fills Git by asking."""


@dataclass(frozen=True)
class _Found:
    """What is kept for a moment: a measurement, and the digest by which its picture lies in Redis."""

    report: DriftReport
    picture: Digest | None = None
    words: str = ""
    missing: str | None = None


def answer(wiring: Wiring, sealed: str, rebuild: Callable[[], None], number: int) -> float | None:
    """Publish the answer; the seconds after which to come back when there is no projection yet, or somebody else reads the same rows."""
    try:
        world, _ = wiring.projection.read()
    except NoProjection:
        if number <= TRIES:
            rebuild()
            return COME_BACK
        log.warning("no_projection", task="show_drift")
        return None
    envelope = opened(world, sealed, (ask.ShowDrift,))
    if envelope is None or not isinstance(envelope.request, ask.ShowDrift):
        return None
    reason = rights.membership(envelope.actor)
    one = out.Refused("show drift", (reason,)) if reason else drift_reads.wanted(world, envelope, envelope.request)
    if not isinstance(one, Wanted):
        _tell(wiring, envelope, one)
        return None
    return _Answer(wiring, world, envelope, sealed).give(one, number)


@dataclass(frozen=True)
class _Answer:
    """One question about one lane."""

    wiring: Wiring
    world: World
    envelope: Envelope
    sealed: str

    def give(self, one: Wanted, number: int) -> float | None:
        """Answer from what was just found, else measure, unless somebody does."""
        if found := self._kept(one):
            self._show(one, found)
            return None
        with self.wiring.leases.hold(f"drift:{one.environment}:{one.version.artifact}", LEASE_SECONDS) as ours:
            if ours:
                self._measure(one)
            elif number < TRIES:
                return min(COME_BACK * number, LONGEST_PAUSE)
            else:
                what = f"the live rows of {one.version.artifact} in {one.environment} are being read for somebody else, which takes long"
                _tell(self.wiring, self.envelope, out.Trouble(what, kept=False))
        return None

    def _measure(self, one: Wanted) -> None:
        """Measure, show, and report what may become evidence."""
        report = self._read(one)
        if not isinstance(report, DriftReport):
            _tell(self.wiring, self.envelope, report)
            return
        report = replace(report, warning=report.warning or f"{one.rules.warning:g}", alert=report.alert or f"{one.rules.alert:g}")
        found = _drawn(self.wiring, report)
        self.wiring.kept.put(_name(one), wire.canonical(found), FRESH)
        self._show(one, found)
        self._keep(one, report)

    def _read(self, one: Wanted) -> DriftReport | out.Refused | out.Trouble:
        """What the rows say. Nobody is left without an answer by a world that is broken."""
        name, seen = one.version.artifact, log.bind(artifact=one.version.artifact, environment=one.environment)
        try:
            with self._receipt(one):
                return self.wiring.measuring.measure(one.version, one.rules, one.environment, one.window)
        except BadContent as exc:
            return out.Refused(f"show drift {name}", tuple(out.Reason("not-measurable", text) for text in exc.reasons))
        except (WorldError, OSError) as exc:
            seen.warning("not_measured", why=str(exc), error=type(exc).__name__)
            return out.Trouble(f"the drift of {name} was not measured: {exc}", kept=False)
        except Exception as exc:  # a defect, of ours or of a library that reads rows, is no reason to leave who asked without a word
            seen.error("defect", exc_info=exc)
            what = f"measuring the drift of {name} met a defect of Towpath ({type(exc).__name__})"
            return out.Trouble(f"{what}; the log of `effects` tells more", kept=False)

    def _show(self, one: Wanted, found: _Found) -> None:
        shown = drift_reads.shown(self.world, one, found.report, stamp(now()))
        notes = (*shown.notes, *((found.missing,) if found.missing else ()))
        _tell(self.wiring, self.envelope, replace(shown, picture=found.picture, picture_text=found.words, notes=notes))

    def _kept(self, one: Wanted) -> _Found | None:
        text = self.wiring.kept.get(_name(one))
        try:
            return wire.read(_Found, wire.load(text)) if text else None
        except wire.BadWire:
            return None

    def _keep(self, one: Wanted, report: DriftReport) -> None:
        """As evidence, if it is of the policy's own window: the same at most every ten minutes, another at most every minute."""
        lane = f"drift-kept:{one.environment}:{one.version.artifact}"
        once = self.wiring.leases.once
        if one.is_own and once(lane, CHANGED_EVIDENCE_EVERY) and once(f"{lane}:{report.digest}", EVIDENCE_EVERY):
            self.wiring.reporter.measured(ask.Measured(report, self.sealed))

    @contextmanager
    def _receipt(self, one: Wanted) -> Iterator[None]:
        """A word to who asked, if it takes more than a moment."""
        timer = threading.Timer(RECEIPT_AFTER, self._say_what_is_read, (one,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # a word that is just being said must not come after the answer

    def _say_what_is_read(self, one: Wanted) -> None:
        what = f"{one.version.artifact} {one.version.version} in {one.environment}"
        text = f"Reading the live rows of {what}, the last {_span(one.window)}, against what it learned from. The answer follows here."
        try:
            _tell(self.wiring, self.envelope, out.Receipt(text))
        except WorldError as exc:
            log.info("no_receipt", why=str(exc))


def _drawn(wiring: Wiring, report: DriftReport) -> _Found:
    """The measurement with its picture; without matplotlib, or when it cannot be drawn, with the word that says so."""
    if not picture.is_possible():
        return _Found(report, missing=f"there is no picture: the host of `effects` lacks matplotlib, which towpath[{picture.EXTRA}] brings")
    try:
        drawn = picture.draw(report)
    except Exception as exc:  # a picture that fails must not take the numbers with it
        log.error("picture_not_drawn", artifact=report.artifact, exc_info=exc)
        return _Found(report, missing="the picture could not be drawn; the log of `effects` tells more")
    if drawn is None:
        return _Found(report)
    digest = Digest.read(wire.sha256(drawn))
    wiring.kept.put(lanes.picture(digest), base64.b64encode(drawn), PICTURE_KEPT)
    return _Found(report, digest, picture.words(report))


def _name(one: Wanted) -> str:
    """What was asked, exactly: another version, window or rule is another question."""
    exact = wire.sha256(repr((one.version.digest, one.rules, one.window)).encode())
    return f"towpath:drift:{one.environment}:{one.version.artifact}:{exact}"


def _span(window: timedelta) -> str:
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(int(window.total_seconds()), size)
        if count and not rest:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "moment"


def _tell(wiring: Wiring, envelope: Envelope, outcome: out.Outcome) -> None:
    where = envelope.conversation
    assert where is not None, "a question is asked in a conversation"
    wiring.board.deliver([out.Delivery(outcome, where.channel, envelope.request_id, envelope.actor.id, where)])
