"""One question from the refreshed cache to the printed answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from workers.adapters.git.cache import Cache
from workers.app.reading import where
from workers.app.reading.tables import cell
from workers.contract.names import ArtifactName, CommitId, EnvironmentName
from workers.ports.errors import Unreachable


@dataclass(frozen=True)
class Question:
    """What is asked: `verb` is status, versions or history. `word` is a lone name, which may be an artifact's or an environment's."""

    verb: str
    word: str | None = None
    environment: EnvironmentName | None = None
    since: str | None = None

    @property
    def artifact(self) -> ArtifactName | None:
        """The word as an artifact's name."""
        return ArtifactName.read(self.word) if self.word else None

    def about(self, artifacts: Any, environments: Any) -> tuple[ArtifactName | None, EnvironmentName | None]:
        """The artifact and environment that are meant: a lone word that is no artifact's name, but an environment's, is that."""
        lone = self.word is not None and self.environment is None and self.word not in artifacts and self.word in environments
        return (None, EnvironmentName.read(self.word)) if lone else (self.artifact, self.environment)


@dataclass(frozen=True)
class Answer:
    """The answer for people (`text`) and for machines (`plain`); `refused` when there is nothing of the asked name."""

    text: str
    plain: Mapping[str, Any]
    refused: bool = False


@dataclass(frozen=True)
class Manner:
    """How to answer: from which repository, for a machine or for people, and whether only a remote that answers now will do."""

    repository: str | None
    as_json: bool
    fresh: bool


def ask(question: Question, manner: Manner) -> int:
    """Print the answer; the exit status. Raises WorldError."""
    cache = where.cache(manner.repository)
    head, old = _refresh(cache, manner)
    answer = _tags(cache, question) if head is None else _ledger(cache, head, question)
    if manner.as_json:
        click.echo(json.dumps(_envelope(cache, question, head, old) | {"answer": answer.plain}, indent=2, ensure_ascii=False))
    else:
        click.echo(answer.text, err=answer.refused)
        click.echo(_footing(head), err=answer.refused)
    return 1 if answer.refused else 0


def _refresh(cache: Cache, manner: Manner) -> tuple[CommitId | None, bool]:
    """The ledger's head, and whether it is old: the remote could not be reached, and there is something to answer from."""
    try:
        return cache.refresh(), False
    except Unreachable as exc:
        seen = cache.seen()
        if manner.fresh or seen is None:
            raise
        click.echo(f"towpath: {cell(str(exc), 400)}\ntowpath: this answer is {_age(time.time() - seen)} old.", err=True)
        return cache.head(), True


def _tags(cache: Cache, question: Question) -> Answer:
    from workers.app.reading import tags  # noqa: PLC0415  # each view is imported only where it answers

    return tags.answer(cache, question)


def _ledger(cache: Cache, head: CommitId, question: Question) -> Answer:
    from workers.app.reading import ledger  # noqa: PLC0415

    return ledger.answer(cache, head, question)


def _envelope(cache: Cache, question: Question, head: CommitId | None, old: bool) -> dict[str, Any]:  # noqa: FBT001  # a field of the answer
    seen = cache.seen() or 0.0
    return {
        "question": question.verb,
        "repository": cache.git.shown(cache.remote.address),
        "source": "ledger" if head else "tags",
        "head": head,
        "verified": False,
        "fresh": not old,
        "as_of": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seen)),
    }


def _footing(head: CommitId | None) -> str:
    if head is None:
        return "\nFrom tags; no ledger."
    return f"\nFrom the ledger at {head}, which this command did not verify; `towpath audit verify` does."


def _age(seconds: float) -> str:
    """An age in words: 40 seconds, 5 minutes, 3 hours, 2 days."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return _counted(int(seconds / size), unit)
    return _counted(max(0, int(seconds)), "second")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
