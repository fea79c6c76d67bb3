"""One seeded run: chance chooses the story, the damage, the boundary, the order of tasks and the clocks; then everything must come to rest."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import redis

from workers.contract import lanes

from . import auditor
from .cast import RESTART
from .channel import TASKS
from .faults import FAULTS, Fault
from .ground import Ground
from .stories import STORIES, Act, Story

CHANNEL = "C0BIOPSY"
BEAT, PATIENCE, ASKED_AGAIN = 5.0, 170.0, 45.0
LONGEST_TRACE = 400
PROMOTION = "P-3"
USUAL = {"staged": 150, "approved": 260, "lied to": 170}
"""About so many boundaries has a story; the damage is done at one of them, so that each is met as often as people meet it."""
EXPECTED = ("Unreachable", "Unclear", "ConnectionError", "TimeoutError", "RefusedByHost", "NoProjection", "BusyLoadingError", "OSError")


@dataclass(frozen=True)
class Plan:
    """What a seed means."""

    seed: int
    story: Story
    faults: tuple[tuple[int, Fault], ...]
    copies: int
    any_order: bool
    skew: float

    @classmethod
    def of(cls, seed: int) -> Plan:
        """The same seed is always the same plan."""
        chance = Random(f"plan {seed}")  # noqa: S311  # no secret
        story = chance.choice(STORIES)
        number = chance.choice((1, 1, 1, 2))
        at = sorted(chance.randrange(1, USUAL[story.name]) for _ in range(number))
        faults = tuple((ordinal, chance.choice(FAULTS)) for ordinal in at)
        return cls(seed, story, faults, chance.choice((1, 1, 2)), chance.random() < 0.5, chance.choice((0.0, 0.0, -300.0, 300.0)))

    def __str__(self) -> str:
        damage = ", ".join(f"{fault.name} at boundary {ordinal}" for ordinal, fault in self.faults)
        more = f"copies {self.copies}, {'any order' if self.any_order else 'in order'}, workers' clock {self.skew:+.0f} s"
        return f"seed {self.seed}: {self.story.name}; {damage}; {more}"


@dataclass
class Found:
    """What a run was: where the damage was done, and how many seconds it took from the damage to rest."""

    plan: Plan
    boundaries: int = 0
    struck: list[tuple[str, str]] = field(default_factory=list)
    resumed: float | None = None
    end: str = ""


class Failed(AssertionError):
    """A run in which something did not hold; the text has the plan and everything that happened."""


class Run:
    """The scheduler of one run."""

    def __init__(self, ground: Ground, plan: Plan) -> None:
        self.plan, self.found = plan, Found(plan)
        self._ground, self._cast, self._slack = ground, ground.cast, ground.slack
        self._chance = Random(f"run {plan.seed}")  # noqa: S311  # no secret
        self._left = list(plan.faults)
        self._broken: list[Fault] = []
        self._later: list[tuple[float, int, tuple[str, dict[str, Any], int]]] = []
        self._turn = self._forgot = self._unsure = self._shown_in_vain = False
        self._acted_at = self._next_sweep = 0.0
        self._hurt: float | None = None
        self._deadline = 0.0

    def play(self) -> Found:
        """From the first act to rest. Raises Failed."""
        folder = self._ground.copy()
        self._ledger = auditor.Ledger(folder)
        self._cast.at_boundary = self._at
        self._cast.skews = {"changes": self.plan.skew, "effects": self.plan.skew}
        try:
            self._prepare()
            self._play()
            self._judge(folder)
        except AssertionError as exc:
            again = f"again: scripts/bench faults --seed {self.plan.seed}"
            raise Failed("\n".join([str(self.plan), str(exc), again, *self._cast.trace[:LONGEST_TRACE]])) from exc
        finally:
            self._cast.at_boundary = lambda who, where: None
            self._ground.discard(folder)
        return self.found

    # -- the play ----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._cast.lies = self.plan.story.lies
        self._cast.need("target")
        self._deadline = self._elapsed() + PATIENCE
        self._next_sweep = self._cast.offset + self._chance.uniform(0, BEAT)

    def _play(self) -> None:
        acts, acting = list(self.plan.story.acts), None
        while True:
            self._work()
            self._mend()
            found = self._ledger.promotion(PROMOTION)
            if acting and not acting.is_done(found):
                self._again(acting)
            elif acts and self._may_act(found):
                acting = acts.pop(0)
                self._act(acting)
                continue
            elif self._is_at_rest(found, acts):
                break
            self._beat()
            assert self._elapsed() < self._deadline, f"not at rest after {PATIENCE:.0f} s: {found and found['state']}"
        self.found.end = found["state"] if found else "nothing"
        if self._hurt is not None:
            self.found.resumed = self._elapsed() - self._hurt

    def _may_act(self, found: dict[str, Any] | None) -> bool:
        """The first act begins the promotion; the others need its card."""
        if found is None:
            return True
        return found["state"] == "waiting" and bool(auditor.told(self._slack.seen(), PROMOTION))

    def _act(self, act: Act) -> None:
        self._cast.trace.append(f"{act.name}")
        self._acted_at, self._unsure = self._cast.offset, False
        act.perform(self._slack, PROMOTION)

    def _again(self, act: Act) -> None:
        """Who was told that it was not kept, or lost it with Redis before it was recorded, asks again after a while. Nobody else may need to."""
        if self._cast.offset - self._acted_at > ASKED_AGAIN and not self._slack.mailbox.mails:
            assert self._unsure or self._forgot, f"it was taken in, and is lost: {act.name}"
            self._hurt = self._elapsed()  # the time in which a person waited before they asked again is theirs
            self._act(act)

    def _is_at_rest(self, found: dict[str, Any] | None, acts: list[Act]) -> bool:
        if found is None or found["state"] not in _ENDS or acts:
            return False
        return auditor.is_told(self._slack, PROMOTION, found) and not self._cast.client.xlen(lanes.INBOX)

    def _elapsed(self) -> float:
        return self._cast.offset + time.monotonic()

    # -- one thing after the other -------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Everything that can be done now, until nothing is left."""
        for _ in range(500):
            ready = self._ready()
            if not ready:
                return
            (self._chance.choice(ready) if self.plan.any_order else ready[0])()
        raise AssertionError("it never comes to an end")

    def _ready(self) -> list[Any]:
        found = [self._take] if self._slack.mailbox.mails else []
        found += [self._consume] if self._turn else []
        try:
            while self._later and self._later[0][0] <= self._cast.offset:
                self._cast.put_task(*heapq.heappop(self._later)[2])
            found += [self._task] if self._cast.client.llen(TASKS) else []
            found += [self._show] if not self._shown_in_vain and self._is_unshown() else []
        except redis.exceptions.ConnectionError:
            return found
        return found

    def _take(self) -> None:
        """Slack delivers, perhaps more than once."""
        mail = self._slack.mailbox.mails.pop(0)
        for _ in range(self.plan.copies):
            said = self._ask("bot", do="take", **mail)
            self._unsure |= not (said and said.get("result"))
        self._turn = True

    def _consume(self) -> None:
        self._turn = False
        if self._ask("bot", do="turn") is None:
            self._turn = True

    def _task(self) -> None:
        """The broker hands out a task: the next one or any, once or twice."""
        waiting = self._cast.client.llen(TASKS)
        taken = self._cast.take_task(self._chance.randrange(waiting) if self.plan.any_order else 0)
        assert taken is not None, "there was one a moment ago"
        task, fields, number = taken
        if self.plan.copies > 1 and number > 0:
            self._cast.put_task(task, fields, -number)
        said = self._ask(lanes.QUEUES[task], task=task, fields=fields, number=abs(number))
        if said is None:
            return
        if seconds := said.get("result"):
            self._put_off(seconds, task, fields, abs(number) + 1)
        elif "error" in said and task == lanes.INSPECT:
            self._put_off(2.0, task, fields, abs(number) + 1)

    def _put_off(self, seconds: float, task: str, fields: dict[str, Any], number: int) -> None:
        heapq.heappush(self._later, (self._cast.offset + seconds, len(self._cast.trace), (task, fields, number)))

    def _show(self) -> None:
        said = self._ask("bot", do="show", shard=lanes.shard_of(CHANNEL), within=0.5 if self._broken else 20.0)
        self._shown_in_vain = said is not None and "error" in said

    def _is_unshown(self) -> bool:
        shard = lanes.shard_of(CHANNEL)
        last: Any = self._cast.client.xrevrange(lanes.outcomes(shard), count=1)
        return bool(last) and self._cast.client.get(f"towpath:bot:position:{shard}") != last[0][0]

    def _ask(self, name: str, **command: Any) -> dict[str, Any] | None:
        """Have it done. Who is killed meanwhile is there again after a moment."""
        said = self._cast.ask(name, **command)
        if said is None:
            self._cast.passes(RESTART)
        elif "error" in said:
            assert said["error"].startswith(EXPECTED), f"{name} {command.get('task') or command.get('do')}: {said}"
        return said

    # -- the world -----------------------------------------------------------------------------------------------------

    def _at(self, who: str, where: str) -> None:
        self.found.boundaries += 1
        if not self._left or self.found.boundaries < self._left[0][0] or self._broken:
            return
        _, fault = self._left.pop(0)
        self._cast.trace.append(f"*** {fault.name}")
        self.found.struck.append((fault.name, f"{who} {where}"))
        self._hurt = self._elapsed()
        self._deadline = self._hurt + PATIENCE
        self._forgot |= fault.forgets
        if fault.mend:
            self._broken.append(fault)
        fault.do(self._cast, who)

    def _mend(self) -> None:
        """What is away comes back; from then on is counted how long it takes."""
        for fault in self._broken:
            assert fault.mend is not None, "else it would not be broken"
            self._cast.trace.append(f"*** no more: {fault.name}")
            fault.mend(self._cast)
            self._hurt = self._elapsed() if fault.lasts else self._hurt
            self._deadline = self._elapsed() + PATIENCE
        self._broken.clear()

    def _beat(self) -> None:
        """Nobody can do anything: time passes to the clock's next beat, or to a task that was put off."""
        instant = min([self._next_sweep, *(at for at, *_ in self._later[:1])])
        self._cast.passes(max(0.0, instant - self._cast.offset))
        if self._cast.offset >= self._next_sweep:
            self._next_sweep += BEAT
            self._turn, self._shown_in_vain = True, False
            self._cast.put_task(lanes.SWEEP, {})
            self._ask("bot", do="look")

    def _judge(self, folder: Path) -> None:
        found = self._ledger.promotion(PROMOTION)
        assert found is not None, "nothing was recorded"
        ends = set(self.plan.story.ends)
        for name, where in self.found.struck:
            ends |= set(_OTHER_ENDS) if "target" in name or where.startswith("target") else set()
        assert found["state"] in ends, f"it ended as {found['state']}: {found.get('reasons', '')}"
        self._cast.need("target")
        world = self._ledger.read(self._cast.keys)
        auditor.messages(self._slack, PROMOTION, found)
        auditor.effects(folder)
        auditor.state(world, PROMOTION, self.plan.story.environment, auditor.served(self._cast.port))
        if self.plan.story.name == "approved" and found["state"] == "succeeded":
            assert {vote["actor"] for vote in found["votes"]} == {"U0MIA@T0CEDAR", "U0DANA@T0CEDAR"}


_ENDS = ("succeeded", "failed", "rolled_back", "refused", "cancelled", "expired", "rejected")
_OTHER_ENDS = ("failed", "succeeded")
"""How a story may end besides, when its target was away or forgot how to lie."""
