"""Answers from tags in GTO's grammar, where there is no ledger: the same state as `gto show`, in one pass."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from workers.adapters.git import gto
from workers.adapters.git.cache import Cache
from workers.app.reading.asking import Answer, Question
from workers.app.reading.tables import table
from workers.contract.names import ArtifactName, CommitId, EnvironmentName, Version
from workers.domain.picture import Event, Picture


@dataclass(frozen=True, slots=True)
class Assignment:
    """An environment's holder as the tags have it; `version` is None when no version is registered on the commit."""

    artifact: ArtifactName
    environment: EnvironmentName
    version: Version | None
    commit: CommitId
    time: int
    tag: str


def answer(cache: Cache, question: Question) -> Answer:
    """What the tags in the cache say. Raises WorldError."""
    picture = gto.read(cache)
    registered = list(picture.registered())
    reader = {"status": _status, "versions": _versions, "history": _history}[question.verb]
    names = {event.artifact for event in picture.events}
    places = {event.environment for event in picture.events if event.environment}
    artifact, environment = question.about(names, places)
    for given, known, what in ((artifact, names, "artifact"), (environment, places, "environment")):
        if given and given not in known:
            return _unknown(given, known, what)
    shown = Question(question.verb, artifact, environment, question.since)
    said = reader(picture, registered, shown)
    oddities = [f"\n{len(picture.oddities)} tags were passed over; the first: {picture.oddities[0].what}"] if picture.oddities else []
    return Answer("\n".join([said.text, *oddities]), {**said.plain, "passed_over": [one.what for one in picture.oddities]}, said.refused)


def _unknown(given: str, known: Iterable[str], what: str) -> Answer:
    some = sorted(known)[:10]
    text = f"No tag names an {what} {given}. There {'is' if len(some) == 1 else 'are'}: {', '.join(some) or 'none'}."
    return Answer(text, {"is": "Refused", "what": given, "reasons": [{"code": f"unknown-{what}", "text": text}]}, refused=True)


def assignments(picture: Picture, registered: Iterable[Event]) -> Iterator[Assignment]:
    """What GTO shows for each environment."""
    versions: dict[tuple[str, str], Version] = {}
    for event in registered:
        key = (event.artifact, event.commit)
        if event.version and (key not in versions or versions[key].order < event.version.order):
            versions[key] = event.version
    for (artifact, environment), held in sorted(picture.assigned.items()):
        yield Assignment(artifact, environment, versions.get((artifact, held.commit)), held.commit, held.time, held.name)


def _fits(event: Event | Assignment, question: Question) -> bool:
    return question.word in (None, event.artifact) and question.environment in (None, event.environment)


def _status(picture: Picture, registered: list[Event], question: Question) -> Answer:
    found = [one for one in assignments(picture, registered) if _fits(one, question)]
    rows = [(one.artifact, one.environment, one.version or "no version", one.commit[:12], _utc(one.time), one.tag) for one in found]
    text = table(("ARTIFACT", "ENVIRONMENT", "VERSION", "COMMIT", "SINCE", "TAG"), rows) if rows else "Nothing is assigned."
    return Answer(text, {"is": "TagStatus", "assignments": [_plain(one) for one in found]})


def _plain(one: Assignment) -> dict[str, Any]:
    version = {"version": one.version} if one.version else {}
    return {
        "artifact": one.artifact,
        "environment": one.environment,
        **version,
        "commit": one.commit,
        "since": _stamp(one.time),
        "tag": one.tag,
    }


def _versions(picture: Picture, registered: list[Event], question: Question) -> Answer:
    live: dict[tuple[str, str], list[str]] = {}
    for one in assignments(picture, registered):
        if one.version:
            live.setdefault((one.artifact, one.version), []).append(one.environment)
    found = [(event, event.version) for event in registered if event.version and _fits(event, question)]
    found.sort(key=lambda one: one[1].order, reverse=True)
    found.sort(key=lambda one: one[0].artifact)
    rows = [
        (event.artifact, version, ", ".join(live.get((event.artifact, version), ())) or "-", event.commit[:12], _utc(event.time))
        for event, version in found
    ]
    text = table(("ARTIFACT", "VERSION", "IN", "COMMIT", "REGISTERED"), rows) if rows else "No version is registered."
    return Answer(text, {"is": "TagVersions", "versions": [_version(event, live) for event, _ in found]})


def _version(event: Event, live: dict[tuple[str, str], list[str]]) -> dict[str, Any]:
    return {
        "artifact": event.artifact,
        "version": event.version,
        "commit": event.commit,
        "registered_at": _stamp(event.time),
        "live_in": live.get((event.artifact, str(event.version)), []),
    }


def _history(picture: Picture, registered: list[Event], question: Question) -> Answer:
    found = [one for one in picture.events if _fits(one, question) and (question.since is None or _stamp(one.time) >= question.since[:19])]
    found.sort(key=lambda one: one.time, reverse=True)
    rows = [(_utc(one.time), one.act.value, one.artifact, one.environment or str(one.version), one.commit[:12], one.name) for one in found]
    text = table(("TIME", "WHAT", "ARTIFACT", "VERSION OR ENVIRONMENT", "COMMIT", "TAG"), rows) if rows else "No tag is of that time."
    return Answer(text, {"is": "TagEvents", "events": [_event(one) for one in found]})


def _event(one: Event) -> dict[str, Any]:
    shown = {"time": _stamp(one.time), "what": one.act.value, "artifact": one.artifact, "commit": one.commit, "tag": one.name}
    return shown | ({"version": one.version} if one.version else {"environment": one.environment})


def _stamp(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
