"""Answers about what waits and what stops (queue, locks, freezes, holds, debts), and what channels are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.views.blocks import actions, context, post, section
from bot.views.buttons import run
from bot.views.post import Links, Names, Post
from bot.views.text import code, mention, person, safe, told, when
from bot.views.words import STATES
from workers.contract import outcomes as out
from workers.contract.promotion import State
from workers.contract.stopped import Debts, Freezes, Held, Holds, Locks, Period, Queue, Queued, QueueLane
from workers.contract.stops import Debt, DebtKind, Freeze, Lock

_LONG = 2_900


def announcement(outcome: out.Announcement, links: Links, names: Names) -> Post:
    """What somebody did that concerns a whole channel; who is called is notified."""
    sign = "🚨" if outcome.is_emergency else "📢"
    text = f"{sign} {told(outcome.text, 2_000, names)}"
    called = " ".join(filter(None, (mention(one.user) for one in outcome.calls[:20])))
    return post(f"{text} {called}".strip(), [*section([text, called], _LONG), *actions(run(outcome.offers[:5]))])


def queue(outcome: Queue, links: Links, names: Names) -> Post:
    """Each lane with what is under way and what waits, in order."""
    lines = [line for one in outcome.lanes for line in _lane(one, names)]
    return _listed("Queue", lines or ["Nothing is under way and nothing waits."], outcome.note, outcome.total - len(outcome.lanes))


def _lane(one: QueueLane, names: Names) -> Iterator[str]:
    runs = f"{safe(one.live)} runs" if one.live else "nothing runs yet"
    yield f"*{safe(one.artifact)} in {safe(one.environment)}* ({runs})"
    yield from (_queued(entry, names) for entry in one.entries)


def _queued(one: Queued, names: Names) -> str:
    place = f"{one.position}." if one.position else "▸" if one.position == 0 else "•"
    sign, word = STATES[one.state]
    what = f"{place} {one.promotion}: {safe(one.version)}, {sign} {word}, asked by {person(one.requester, names)}"
    until = f"expires {when(one.expires_at)}" if one.expires_at and one.state is State.WAITING else ""
    look = f"starts at the earliest {when(one.look_at)}" if one.look_at else ""
    return "\n\u2003".join(part for part in (what, *(told(reason, 250, names) for reason in one.reasons[:5]), look, until) if part)


def locks(outcome: Locks, links: Links, names: Names) -> Post:
    """Who keeps what to themselves."""
    lines = [_lock(one, names) for one in outcome.locks]
    return _listed("Locks", lines or ["Nothing is locked."], outcome.note, 0)


def _lock(one: Lock, names: Names) -> str:
    ends = f"until {when(one.until)}" if one.until else "until it is lifted"
    what = f"• {safe(one.artifact)} in {safe(one.environment)}, by {person(one.by, names)} {ends}, since {when(one.since)}"
    return f"{what}: {safe(one.because, 300)}"


def freezes(outcome: Freezes, links: Links, names: Names) -> Post:
    """Which environments are frozen."""
    lines = [_freeze(one, names) for one in outcome.freezes]
    lines += [f"• {safe(one.environment)} until {when(one.until)}, by the policy: {safe(one.period, 300)}" for one in outcome.closed]
    return _listed("Freezes", lines or ["No environment is frozen now."], None, 0)


def _freeze(one: Freeze, names: Names) -> str:
    return f"• {safe(one.environment)} until {when(one.until)}, by {person(one.by, names)} {when(one.since)}: {safe(one.because, 300)}"


def holds(outcome: Holds, links: Links, names: Names) -> Post:
    """Which versions are on hold, and when they were live while they were bad."""
    lines = [held(one, names) for one in outcome.holds]
    return _listed("On hold", lines or ["Nothing is on hold."], outcome.note, outcome.total - len(outcome.holds))


def held(one: Held, names: Names) -> str:
    """A hold in a few lines: who, why, and what it affects."""
    hold = one.hold
    live = ", *which runs there now*" if one.is_live else ""
    what = f"• {safe(hold.artifact)} {safe(hold.version)} in {safe(hold.environment)}{live}, by {person(hold.by, names)} {when(hold.since)}"
    return "\n\u2003".join([f"{what}: {told(hold.because, 300, names)}", *_affected(one)])


def _affected(one: Held) -> Iterator[str]:
    if one.affected:
        more = f" … ({len(one.affected) - 5} earlier)" if len(one.affected) > 5 else ""
        yield f"live while it was bad: {'; '.join(_period(period) for period in one.affected[-5:])}{more}"
    elif one.hold.affected_since:
        yield f"bad since {when(one.hold.affected_since)}; it was not live there since then"


def _period(one: Period) -> str:
    return f"{when(one.since)} to {when(one.until) if one.until else 'now'} ({one.promotion or 'external'})"


def debts(outcome: Debts, links: Links, names: Names) -> Post:
    """What must still be settled."""
    lines = [_debt(one, names) for one in outcome.debts]
    close = [f"To settle one: {code(f'close debt {outcome.debts[0].id} because …')}"] if outcome.debts else []
    return _listed("Open debts", lines or ["There are none."], None, outcome.total - len(outcome.debts), close)


def _debt(one: Debt, names: Names) -> str:
    of = "an emergency" if one.kind is DebtKind.EMERGENCY else "a dispute"
    passed = f" that passed over {', '.join(safe(name, 60) for name in one.skipped[:10])}" if one.skipped else ""
    what = f"{one.promotion}: {safe(one.artifact)} {safe(one.version)} in {safe(one.environment)}"
    return f"• *{one.id}*, {of}{passed} ({what}), opened by {person(one.by, names)} {when(one.since)}: {safe(one.because, 300)}"


def _listed(title: str, lines: list[str], note: str | None, left: int, small: Iterable[str] = ()) -> Post:
    more = [f"… ({left} more)"] if left > 0 else []
    noted = [f"_{told(note, 200)}_"] if note else []
    return post("\n".join([f"{title}:", *noted, *lines, *more]), [*section([*noted, f"*{title}*", *lines, *more], _LONG), *context(small)])
