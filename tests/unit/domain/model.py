"""A simple model of the state table: plain words and sets, written from the rules that people are told and not from the code.

Two environments: `staging` needs no approval, `prod` needs two of Ben, Mia and Dana. No soak, no gates but the hold. The model says what each
request does; `expected` is the event that is recorded, or None.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LEADS = ("UBEN", "UMIA", "UDANA")
NEEDED = {"staging": 0, "prod": 2}
PATIENCE, AWAY = 180, 30
FLYING = ("deploying", "verifying", "rolling_back")
BEFORE = ("waiting", "queued")


@dataclass
class Moving:
    """One promotion."""

    number: int
    version: str
    place: str
    requester: str
    state: str
    base: str | None = None
    votes: set[str] = field(default_factory=set)
    generation: int = 0
    look_at: int = 0
    rollback: bool = False
    settled: bool = True
    left: str | None = None
    proved_wrong: bool = False


@dataclass
class Lane:
    """One environment."""

    live: list[str] = field(default_factory=list)
    flight: Moving | None = None
    generation: int = 0

    @property
    def desired(self) -> str | None:
        """What is wanted there."""
        return self.flight.version if self.flight else self.last

    @property
    def last(self) -> str | None:
        """What last succeeded."""
        return self.live[-1] if self.live else None


class Model:
    """The whole. `now` is in seconds."""

    def __init__(self) -> None:
        self.now = 0
        self.lanes = {place: Lane() for place in NEEDED}
        self.all: dict[int, Moving] = {}
        self.holds: set[tuple[str, str]] = set()

    # -- people --------------------------------------------------------------------------------------------------------

    def promote(self, who: str, version: str, place: str) -> str | None:
        lane = self.lanes[place]
        if any(one.version == version for one in self._open(place)) or (not lane.flight and lane.last == version):
            return None
        one = self._new(who, version, place)
        if (place, version) in self.holds:
            one.state = "refused"
            return "refused"
        if NEEDED[place]:
            one.state = "waiting"
            return "requested"
        self._proceed(one)
        return "requested"

    def approve(self, who: str, number: int) -> str | None:
        one = self.all.get(number)
        if one is None or one.state != "waiting":
            return None if one and who in one.votes else "refused"
        if self._is_stale(one):
            return self._stale(one)
        if who not in LEADS or who == one.requester:
            return "refused"
        if who in one.votes:
            return None
        one.votes.add(who)
        if len(one.votes) < NEEDED[one.place]:
            return "approved"
        if (one.place, one.version) in self.holds:
            one.state = "refused"
            return "refused"
        self._proceed(one)
        return "approved"

    def reject(self, who: str, number: int) -> str | None:
        one = self.all.get(number)
        if one is None or one.state != "waiting":
            return None if one and who in one.votes else "refused"
        if who not in LEADS or who == one.requester:
            return "refused"
        one.state = "rejected"
        return "rejected"

    def cancel(self, who: str, number: int) -> str | None:
        one = self.all.get(number)
        if one is None or one.state not in BEFORE or who not in (one.requester, *LEADS):
            return "refused"
        one.state = "cancelled"
        return "cancelled"

    def retry(self, who: str, number: int) -> str | None:
        one = self.all.get(number)
        if one is None or one.state != "needs_attention" or who not in LEADS:
            return "refused"
        one.settled = False
        self._start(one)
        return "retried"

    def rollback(self, who: str, place: str) -> str | None:
        lane = self.lanes[place]
        left = lane.desired
        good = [version for version in reversed(lane.live) if (place, version) not in self.holds and version != left]
        if who not in LEADS or not good:
            return "refused"
        one = self._new(who, good[0], place)
        one.rollback, one.left = True, left
        if lane.flight:
            lane.flight.state, one.settled = "superseded", left == lane.last
        if left:
            self.holds.add((place, left))
        self._start(one)
        return "requested"

    def unhold(self, who: str, version: str, place: str) -> str | None:
        if who not in LEADS or (place, version) not in self.holds:
            return "refused"
        self.holds.remove((place, version))
        return "hold_lifted"

    # -- effects and the clock -------------------------------------------------------------------------------------------

    def report(self, number: int, generation: int, kind: str, seen: str) -> str | None:
        one = self.all.get(number)
        if (
            one is None
            or one.generation != generation
            or one.state != {"Deployed": FLYING[0], "Verified": FLYING[1], "Restored": FLYING[2]}[kind]
        ):
            return None
        if seen == "done":
            return self._went_well(one)
        if kind == "Deployed" and seen in ("refused", "unreachable") and one.settled:
            return self._ends(one, "failed")
        if kind != "Restored" and seen == "mismatch" and not one.rollback:
            lane = self.lanes[one.place]
            lane.generation += 1  # going back is fenced from the deployment that it undoes
            one.generation, one.state, one.look_at = lane.generation, "rolling_back", self.now + PATIENCE
            one.proved_wrong = kind == "Verified"
            return "rolling_back"
        one.state = "needs_attention"
        return "needs_attention"

    def tick(self) -> list[str]:
        """Everything that is due, each promotion once after the other, until nothing is."""
        events: list[str] = []
        while event := self._due():
            events.append(event)
        return events

    def _due(self) -> str | None:
        for one in sorted((one for one in self.all.values()), key=lambda one: one.number):
            if one.state in FLYING and one.look_at < self.now - AWAY:
                one.look_at = self.now + PATIENCE
                return "waited_for"
            if one.state in FLYING and one.look_at <= self.now:
                one.state = "needs_attention"
                return "needs_attention"
            if one.state == "waiting" and self._is_stale(one):
                return self._stale(one)
            if one.state == "queued":
                if NEEDED[one.place] and self._is_stale(one):
                    return self._stale(one)
                if self._ahead(one):
                    continue
                if (one.place, one.version) in self.holds:
                    one.state = "refused"
                    return "refused"
                self._start(one)
                return "deploying"
        return None

    # -- the rules behind --------------------------------------------------------------------------------------------------

    def _new(self, who: str, version: str, place: str) -> Moving:
        one = Moving(len(self.all) + 1, version, place, who, "checking")
        one.base = self._base(one)
        self.all[one.number] = one
        return one

    def _open(self, place: str) -> list[Moving]:
        return [one for one in self.all.values() if one.place == place and one.state in (*BEFORE, *FLYING, "needs_attention")]

    def _ahead(self, one: Moving) -> list[Moving]:
        others = [other for other in self._open(one.place) if other is not one]
        flying = [other for other in others if other.state not in BEFORE]
        return flying + sorted((o for o in others if o.state == "queued" and o.number < one.number), key=lambda o: o.number)

    def _base(self, one: Moving) -> str | None:
        ahead = self._ahead(one)
        return ahead[-1].version if ahead else self.lanes[one.place].last

    def _is_stale(self, one: Moving) -> bool:
        return self._base(one) != one.base

    def _stale(self, one: Moving) -> str:
        one.votes, one.base = set(), self._base(one)
        held = (one.place, one.version) in self.holds
        one.state = "refused" if held else "waiting"
        return "refused" if held else "stale"

    def _proceed(self, one: Moving) -> None:
        if self._ahead(one):
            one.state = "queued"
        else:
            self._start(one)

    def _start(self, one: Moving) -> None:
        lane = self.lanes[one.place]
        lane.generation += 1
        lane.flight, one.generation = one, lane.generation
        one.state, one.look_at = "deploying", self.now + PATIENCE

    def _went_well(self, one: Moving) -> str:
        if one.state == "rolling_back":
            if one.proved_wrong:
                self.holds.add((one.place, one.version))
            return self._ends(one, "rolled_back")
        if one.state == "deploying":
            one.state, one.look_at = "verifying", self.now + PATIENCE
            return "verifying"
        self.lanes[one.place].live.append(one.version)
        return self._ends(one, "succeeded")

    def _ends(self, one: Moving, state: str) -> str:
        one.state, self.lanes[one.place].flight = state, None
        return state
