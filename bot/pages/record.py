"""A promotion as its page shows it: names beside ids, every record with its commit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.links import Links
from bot.people import people_in
from workers.contract.envelope import read_stamp
from workers.contract.names import ActorId, CommitId
from workers.contract.outcomes import Moved
from workers.contract.promotion import Event, Placed, Vote
from workers.contract.wire import BadWire


@dataclass(frozen=True)
class CommitLink:
    """A ledger commit and its page on the Git host, if it has one."""

    commit: CommitId
    url: str | None

    @property
    def short(self) -> str:
        """The first twelve digits."""
        return self.commit[:12]


@dataclass(frozen=True)
class Record:
    """What the template asks for beside the promotion itself."""

    moved: Moved
    links: Links
    names: Mapping[str, str]

    @staticmethod
    def people_of(moved: Moved) -> set[str]:
        """The Slack users whose names the page shows."""
        return people_in(moved)

    @property
    def verdict(self) -> tuple[str, str]:
        """A word for the style, and a sentence, on whether the ledger was found to be whole."""
        if self.moved.verified is None:
            return "unknown", "Not verified: the signatures and links of these commits were not looked at."
        if self.moved.verified:
            return "good", "Verified: every signature and every link of these commits held when this record was read."
        return "bad", "NOT verified: a signature or a link of these commits does not hold. Tell your operator."

    @property
    def head(self) -> CommitLink | None:
        """The ledger commit that the page shows."""
        return self._link(self.moved.head)

    def commit(self, event: Event) -> CommitLink | None:
        """The commit of one record."""
        return self._link(self.moved.commits.get(str(event.seq)))

    def person(self, actor: ActorId) -> str:
        """A display name with the id that the ledger knows; or the id of a process of ours."""
        name = self.names.get(actor.user)
        return f"{name} ({actor})" if name and name != actor.user else str(actor)

    def source(self, at: Placed) -> CommitLink | None:
        """The commit that a version lies on."""
        return self._link(at.commit)

    def approvals(self) -> tuple[Vote, ...]:
        """The votes, in the order they were given."""
        return self.moved.promotion.votes

    def time(self, stamp: str | None) -> str:
        """An instant to the second, in UTC."""
        try:
            return f"{read_stamp(stamp):%Y-%m-%d %H:%M:%S} UTC"
        except BadWire:
            return stamp or "unknown"

    def _link(self, commit: CommitId | None) -> CommitLink | None:
        return CommitLink(commit, self.links.commit(commit)) if commit else None
