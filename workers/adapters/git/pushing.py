"""One plain push, and what was said to it. Whether it was accepted in truth is for the caller to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from workers.adapters.git.plumbing import Plumbing
from workers.adapters.git.urls import RemoteUrl

_NO_ANSWER = "[remote failure]"


class Outward(Protocol):
    """A repository of ours and the remote that it talks to: a mirror, or a witness."""

    @property
    def git(self) -> Plumbing:
        """Git there, with the remote's login."""

    @property
    def remote(self) -> RemoteUrl:
        """The remote."""


@dataclass(frozen=True)
class Sent:
    """How a push ended. `answered`: the remote (or Git, before sending) said no to a ref; else the connection ended before any answer.

    `words` are the remote's own, or Git's, without secrets and at most 300 characters.
    """

    accepted: bool
    answered: bool
    words: str


def push(mirror: Outward, refs: Mapping[str, str], *options: str) -> Sent:
    """Push objects to refs of the remote by whole names and ids. Never forced, nothing else rides along."""
    quiet = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--no-force", "--recurse-submodules=no")
    specs = (f"{oid}:{name}" for name, oid in refs.items())
    answer = mirror.git.talk("push", *quiet, *options, "--", mirror.remote.address, *specs)
    # The porcelain form of a ref: flag, names, summary with its reason, parted by tabs (git-push, OUTPUT).
    refused = [line.split("\t", 2)[2] for line in answer.lines if line.startswith("!\t") and line.count("\t") >= 2]
    answered = any(not summary.startswith(_NO_ANSWER) for summary in refused)
    words = [line.removeprefix("remote:").strip() for line in answer.words.splitlines() if line.startswith("remote:")]
    return Sent(answer.good, answered, mirror.git.shown(" ".join([*words, *refused]) or answer.words))
