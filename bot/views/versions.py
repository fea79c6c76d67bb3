"""What belongs to a version besides its digest: the images that were built from it, and whether it is deprecated."""

from __future__ import annotations

from collections.abc import Sequence

from bot.views.post import Names
from bot.views.text import code, person, safe, when
from workers.contract.names import OutputRef
from workers.contract.promotion import RegisteredVersion

_MOST = 3


def images(outputs: Sequence[OutputRef]) -> str:
    """The images in short, to stand behind a digest; nothing when there are none."""
    if not outputs:
        return ""
    shown = ", ".join(code(one.short, 120) for one in outputs[:_MOST])
    more = f" … ({len(outputs) - _MOST} more)" if len(outputs) > _MOST else ""
    return f", image{'' if len(outputs) == 1 else 's'} {shown}{more}"


def deprecated(version: RegisteredVersion, names: Names) -> str:
    """Who deprecated it, when and why; nothing when nobody did."""
    gone = version.deprecated
    return f"🕸️ *deprecated* by {person(gone.by, names)}, {when(gone.at)}: {safe(gone.because, 200)}" if gone else ""
