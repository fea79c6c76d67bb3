"""`<!date^epoch^format|fallback>` as a reader sees it. Source: Slack's date formatting reference."""

import re
from datetime import UTC, datetime, tzinfo

_WORD = re.compile(r"\{(\w+)\}")


def shown(value: str, fallback: str, zone: tzinfo = UTC) -> str:
    """The text of a date token's `epoch^format[^link]` in the reader's zone; the fallback if it cannot be read."""
    epoch, _, rest = value.partition("^")
    pattern = rest.partition("^")[0]
    try:
        moment = datetime.fromtimestamp(int(epoch), zone)
    except (ValueError, OverflowError, OSError):
        return fallback
    words = _words(moment)
    if any(word not in words for word in _WORD.findall(pattern)):
        return fallback
    return _WORD.sub(lambda found: words[found.group(1)], pattern)


def _words(moment: datetime) -> dict[str, str]:
    """Everything a format may name. Relative words (today, ago) are the plain date: a transcript has no now."""
    month, day = moment.strftime("%B"), moment.day
    short = f"{moment:%b} {day}, {moment.year}"
    long = f"{moment:%A}, {month} {day}, {moment.year}"
    plain = f"{month} {day}, {moment.year}"
    return {
        "date_num": f"{moment:%Y-%m-%d}",
        "date_slash": f"{moment:%d/%m/%Y}",
        "date": plain,
        "date_pretty": plain,
        "date_short": short,
        "date_short_pretty": short,
        "date_long": long,
        "date_long_pretty": long,
        "time": f"{moment:%H:%M}",
        "time_secs": f"{moment:%H:%M:%S}",
        "ago": plain,
    }
