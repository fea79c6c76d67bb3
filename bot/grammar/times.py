"""Times as people say them (`18:00`, `fri 17:00`, `in 2h`, `2026-12-01 18:00`), read strictly: what could mean two instants, or none, is refused.

Libraries that read dates guess (a missing day, the order of day and month); a time that stops or starts a deployment is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.grammar.characters import shorten
from bot.grammar.words import Word
from workers.contract.envelope import stamp
from workers.contract.names import BadName, Duration, Instant

EXAMPLES = "A time is written as `18:00`, `tomorrow 9:00`, `fri 17:00`, `2026-12-01 18:00` or `in 2h`."

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {"tues": 1, "thur": 3, "thurs": 3} | {name[:3]: at for at, name in enumerate(_DAYS)} | {name: at for at, name in enumerate(_DAYS)}
_OFFSETS = {"today": 0, "tomorrow": 1, "yesterday": -1}
_UNITS = {word: unit for unit, words in (
    ("s", "s sec secs second seconds"), ("m", "m min mins minute minutes"), ("h", "h hour hours"), ("d", "d day days"),
) for word in words.split()}  # fmt: skip
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_DATE = re.compile(r"(2\d{3})-(\d\d)-(\d\d)", re.ASCII)
_LENGTH = re.compile(r"([1-9]\d{0,4})([a-z]*)", re.ASCII)
_LIKE = re.compile(r"\d[\d:.,-]*(?:[a-z]{0,7}|t[\d:.]+z?)", re.ASCII)
_JOINTS = frozenset({"in", "ago", "utc"})
_OPENS = re.compile(r"\b(?:at|until|since|for|in)\s", re.IGNORECASE)
_BACK = "since"
"""The preposition that looks back; after every other one a time is still to come."""


class NoTime(ValueError):
    """Words that say no single instant; the text says why, with an example."""


@dataclass(frozen=True)
class Moment:
    """When and where a sentence is said. Without `now` only what does not depend on it can be read."""

    now: datetime | None = None
    zone: tzinfo = UTC


NOWHEN = Moment()


def zone(name: str | None) -> tzinfo:
    """The time zone of that name (IANA); UTC for one that nobody knows."""
    try:
        return ZoneInfo(name) if name and re.fullmatch(r"[A-Za-z0-9_+/-]{1,60}", name) else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def depends_on_when(text: str) -> bool:
    """Whether a sentence may say a time, so that it matters when and where it is said. Cheap, and rather once too often."""
    return bool(_OPENS.search(text) and re.search(r"\d", text))


def span(words: Sequence[Word]) -> int:
    """How many of the first words belong to a time or a duration; at most four."""
    count = 0
    while count < min(len(words), 4) and not words[count].quoted and _belongs(words[count].text, words[count - 1].text if count else ""):
        count += 1
    return count if any(word.text != "in" for word in words[:count]) else 0


def _belongs(text: str, before: str) -> bool:
    if text in _UNITS:
        return before.isdecimal()
    if text == "in":
        return not before
    return bool(_LIKE.fullmatch(text)) or text in _JOINTS or text in _SHORT or text in _OFFSETS


def read_duration(words: Sequence[Word]) -> Duration:
    """How long: `2h`, `90 minutes`. Raises NoTime."""
    found = _LENGTH.fullmatch("".join(word.text for word in words))
    if found and (unit := _UNITS.get(found[2])):
        return Duration.read(f"{found[1]}{unit}")
    raise NoTime(f"“{_said(words)}” is not {Duration.word}; one that works: {Duration.example}.")


def read(words: Sequence[Word], moment: Moment, preposition: str) -> Instant:
    """The one instant that the words say, after this preposition. Raises NoTime: none, several, or one on the wrong side of now."""
    if len(words) == 1 and (exact := _exact(words[0])):
        return exact
    instant = _relative(words, moment, preposition) or _on_the_wall(words, moment, preposition)
    if moment.now is not None and preposition == _BACK and instant > moment.now:
        raise NoTime(f"“{_said(words)}” is yet to come ({_shown(instant, moment)}); after “since” stands a time that is past.")
    if moment.now is not None and preposition != _BACK and instant <= moment.now:
        raise NoTime(f"“{_said(words)}” is past ({_shown(instant, moment)}). For the next day say `tomorrow 9:00`, or give the date.")
    return Instant.read(stamp(instant))


def _exact(word: Word) -> Instant | None:
    """As `write` writes it: the day must exist."""
    try:
        found = Instant.read(word.raw.upper())
        datetime.fromisoformat(found)
    except (BadName, ValueError):
        return None
    return found


def _relative(words: Sequence[Word], moment: Moment, preposition: str) -> datetime | None:
    """`in 2h`, `for 2h`, and after `since` `2h ago`."""
    ahead = preposition in ("in", "for") or words[0].text == "in"
    back = words[-1].text == "ago"
    if not (ahead or back):
        return None
    bare = [word for word in words if word.text not in ("in", "ago")]
    length = read_duration(bare).length if bare else timedelta(0)
    if not length or (ahead and back) or back != (preposition == _BACK) or len(words) - len(bare) > 1:
        raise _not_one(words)
    if moment.now is None:
        raise NoTime(f"“{_said(words)}” depends on when it is said. Give the date and the time, such as `2026-12-01 18:00`.")
    return moment.now + length if ahead else moment.now - length


def _on_the_wall(words: Sequence[Word], moment: Moment, preposition: str) -> datetime:
    """A day, a time of day, or both, as a clock on the speaker's wall shows them; with `utc` behind it, as one in UTC does."""
    here = Moment(moment.now, UTC) if words[-1].text == "utc" else moment
    rest = words[:-1] if words[-1].text == "utc" else words
    clocks = [found for word in rest if (found := _CLOCK.fullmatch(word.text))]
    days = [word for word in rest if not _CLOCK.fullmatch(word.text)]
    if len(clocks) > 1 or len(days) > 1 or not rest or (days and rest[0] is not days[0]):
        raise _not_one(words)
    if not clocks and not _DATE.fullmatch(days[0].text):
        raise _not_one(words)
    at = time(int(clocks[0][1]), int(clocks[0][2])) if clocks else time(0)
    return _instant(datetime.combine(_day(days, at, here, preposition), at), here.zone, words)


def _day(days: Sequence[Word], at: time, moment: Moment, preposition: str) -> date:
    """The day that is named; today, when none is."""
    if days and (found := _DATE.fullmatch(days[0].text)):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            raise _not_one(days) from None
    if moment.now is None:
        raise NoTime("It names no date. Give the date and the time, such as `2026-12-01 18:00`.")
    local = moment.now.astimezone(moment.zone)
    if not days or days[0].text in _OFFSETS:
        return local.date() + timedelta(days=_OFFSETS[days[0].text] if days else 0)
    if days[0].text not in _SHORT:
        raise _not_one(days)
    return _weekday(_SHORT[days[0].text], at, local, preposition)


def _weekday(wanted: int, at: time, local: datetime, preposition: str) -> date:
    """The nearest such day on the right side of now; today's own name counts while its time does."""
    ahead = (wanted - local.weekday()) % 7
    if preposition == _BACK:
        ahead -= 7 if ahead or at > local.time() else 0
    elif not ahead and at <= local.time():
        ahead = 7
    return local.date() + timedelta(days=ahead)


def _instant(wall: datetime, here: tzinfo, words: Sequence[Word]) -> datetime:
    """The instant at which the wall clock shows this. In the nights when clocks are set it may show it twice or never."""
    found = {wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1)}
    if len(found) > 1:
        first = min(found)
        raise NoTime(
            f"“{_said(words)}” comes twice or never, for clocks are set that night. In UTC there is no doubt: `{first:%Y-%m-%d %H:%M} utc`."
        )
    return found.pop()


def _not_one(words: Sequence[Word]) -> NoTime:
    return NoTime(f"“{_said(words)}” says no single instant. {EXAMPLES}")


def _said(words: Sequence[Word]) -> str:
    return shorten(" ".join(word.raw for word in words))


def _shown(instant: datetime, moment: Moment) -> str:
    return f"{instant.astimezone(moment.zone):%Y-%m-%d %H:%M %Z}"
