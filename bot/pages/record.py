"""A promotion as its page shows it: names beside ids, every record with its commit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.links import Links
from bot.people import people_in
from bot.views.facts import print_of
from bot.views.lineage import people
from bot.views.text import retold
from bot.views.words import ENDED, headline
from workers.contract import quorums
from workers.contract.envelope import read_stamp
from workers.contract.names import ActorId, CommitId
from workers.contract.outcomes import Descent, Kin, Moved, Standing
from workers.contract.promotion import Change, Event, Placed, Quorum, State, Vote
from workers.contract.stopped import Held, Period
from workers.contract.wire import BadWire

_BY_SOMEBODY = (State.REJECTED, State.CANCELLED)


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
    def title(self) -> str:
        """What became of the promotion, in one sentence."""
        promotion = self.moved.promotion
        return f"{promotion.id}: {headline(promotion, promotion.state)}"

    @property
    def decided(self) -> str:
        """Who brought it here and when, in one sentence."""
        promotion = self.moved.promotion
        said = [f"Asked by {self.name(promotion.requester)}"]
        said += [f"{vote.decision} by {self.name(vote.actor)}" for vote in promotion.votes]
        if last := self._came_to_this:
            by = f" by {self.name(last.actor)}" if promotion.state in _BY_SOMEBODY else ""
            said.append(f"{self.said(last.event)}{by} at {self.time(last.time)}")
        return f"{', '.join(said)}."

    @property
    def without_approvals(self) -> str:
        """What there is to say of people's decisions when there are no votes."""
        promotion, last = self.moved.promotion, self._came_to_this
        if last and promotion.state in _BY_SOMEBODY:
            return f"{self.person(last.actor)} {self.said(last.event)} it, {self.time(last.time)}."
        if promotion.bundle and promotion.bundle[0] != promotion.id:
            return f"It was decided on together with {promotion.bundle[0]}, whose record names the people."
        if promotion.rollback:
            return "A rollback to a version that succeeded here before needs no approval."
        if promotion.quorum is None:
            return "No approval was needed."
        return "Nobody: it ended before." if promotion.state in ENDED else "Nobody yet."

    @property
    def quorums(self) -> list[tuple[str, list[str]]]:
        """What each quorum needs, in words, and the names of those who fill it."""
        promotion = self.moved.promotion
        pairs = zip(promotion.quorums, quorums.filled(promotion), strict=True)
        return [(_needed(quorum), [self.name(vote.actor) for vote in votes]) for quorum, votes in pairs]

    @property
    def _came_to_this(self) -> Event | None:
        """The event that brought the promotion to the state in which it is."""
        promotion = self.moved.promotion
        return next((event for event in reversed(promotion.events) if event.event == promotion.state.value), None)

    @property
    def after(self) -> str:
        """What the version that was asked for is called, now that one knows."""
        return "After" if self.moved.promotion.state is State.SUCCEEDED else "Asked for"

    @property
    def changes(self) -> tuple[Change, ...]:
        """What differs besides the digests, which stand above in full."""
        return tuple(change for change in self.moved.promotion.changes if change.what != "digest")

    @property
    def lineage(self) -> list[str]:
        """The code, and the datasets and models that the version came from or that came from it, a line each; as known when it was published."""
        descent = self.moved.descent
        return list(self._lineage(descent)) if descent else []

    def _lineage(self, descent: Descent) -> Iterator[str]:
        code = descent.code or descent.commit
        own = "" if descent.code and descent.code != descent.commit else " (the version's own)"
        yield f"Code at commit {code}{own}, made by {people(descent.authors)}"
        if descent.retraining:
            given = ", ".join(f"{name} {value}" for name, value in descent.parameters.items())
            yield f"Trained by {descent.retraining}{f', with {given}' if given else ''}"
        yield from (f"{kin.how.capitalize()} {self._kin(kin)}" for kin in descent.parents)
        yield from (f"{self._kin(kin, f' was {kin.how} it')}" for kin in descent.children)
        if left := descent.total - len(descent.children):
            yield f"{left} more were made from it"

    def _kin(self, kin: Kin, how: str = "") -> str:
        live = ", ".join(f"live in {one.environment} {_by(one)} since {self.time(one.since)}" for one in kin.live)
        succeeded = ", ".join(f"succeeded in {name} {self.time(since)}" for name, since in kin.succeeded_in.items())
        said = live or succeeded or ("nowhere live" if kin.registered else "not registered")
        return f"{kin.artifact} {kin.version}{how} ({said})"

    @property
    def held(self) -> list[str]:
        """The hold on these bytes in that environment, and when they were live while they were bad, a line each."""
        return list(self._held(self.moved.held)) if self.moved.held else []

    def _held(self, held: Held) -> Iterator[str]:
        hold = held.hold
        runs = ", where it runs now" if held.is_live else ""
        yield f"{hold.artifact} {hold.version} is on hold in {hold.environment}{runs}, by {self.person(hold.by)}, {self.time(hold.since)}"
        yield f"Because: {self.told(hold.because)}"
        if hold.affected_since:
            yield f"Said to be bad since {self.time(hold.affected_since)}"
            yield from (f"Live while it was bad: {self._period(one)}" for one in held.affected)
            if not held.affected:
                yield "It was not live there since then"

    def _period(self, period: Period) -> str:
        return f"{self.time(period.since)} to {self.time(period.until) if period.until else 'now'} ({period.promotion or 'external'})"

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

    def name(self, actor: ActorId) -> str:
        """A display name; Towpath for a process of ours."""
        return self.names.get(actor.user) or actor.user if actor.is_person else "Towpath"

    def person(self, actor: ActorId) -> str:
        """A display name with the id that the ledger knows."""
        name = self.name(actor)
        return f"{name} ({actor})" if name != actor.user else str(actor)

    def told(self, text: str) -> str:
        """Words of the core with names beside ids, and instants as everywhere on the page."""
        return retold(text, lambda user: f"{self.names[user]} ({user})" if self.names.get(user, user) != user else user, self.time)

    def said(self, word: str) -> str:
        """A word of the ledger, such as `rolled_back`, for people."""
        return word.replace("_", " ")

    def source(self, at: Placed) -> CommitLink | None:
        """The commit that a version lies on."""
        return self._link(at.commit)

    def approvals(self) -> tuple[Vote, ...]:
        """The votes, in the order they were given."""
        return self.moved.promotion.votes

    def print_of(self, vote: Vote) -> str:
        """The fingerprint of the key that a vote was signed with."""
        return print_of(vote)

    def time(self, stamp: str | None) -> str:
        """An instant to the second, in UTC."""
        try:
            return f"{read_stamp(stamp):%Y-%m-%d %H:%M:%S} UTC"
        except BadWire:
            return stamp or "unknown"

    def _link(self, commit: CommitId | None) -> CommitLink | None:
        return CommitLink(commit, self.links.commit(commit)) if commit else None


def _needed(quorum: Quorum) -> str:
    signed = "signed " if quorum.signed else ""
    return f"{quorum.count} {signed}approval{'' if quorum.count == 1 else 's'} by {', '.join(quorum.roles) or 'the approvers'}"


def _by(standing: Standing) -> str:
    return f"by {standing.promotion}" if standing.promotion else "(external, by no promotion)"
