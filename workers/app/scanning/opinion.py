"""picklescan's opinion, where it is installed: a deny-list beside our allow-list. It can make a verdict worse and never better.

That it cannot read a file is no opinion: it reads no joblib files, which it calls errors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workers.contract.safety import Verdict
from workers.domain.safety.finding import Finding, shown

LARGEST = 32 << 20
_DO = "See which names picklescan reports, and save the model without them."


def name() -> str | None:
    """`picklescan 1.0.5`, if it is installed."""
    try:
        return f"picklescan {version('picklescan')}"
    except PackageNotFoundError:
        return None


def of(paths: Sequence[Path]) -> Iterator[Finding]:
    """What it finds dangerous. It keeps all opcodes of a file in memory, so it is not asked about large ones."""
    from picklescan.scanner import SafetyLevel, scan_file_path  # noqa: PLC0415  # an extra

    logging.getLogger("picklescan").setLevel(logging.CRITICAL)
    for path in paths:
        if path.stat().st_size > LARGEST:
            continue
        found = None
        with suppress(Exception):  # it stumbles over some hostile files; that is no opinion
            found = scan_file_path(str(path))
        if found and found.issues_count:
            names = sorted({f"{one.module}.{one.name}" for one in found.globals if one.safety is SafetyLevel.Dangerous})
            said = f"is dangerous in the opinion of picklescan ({shown(', '.join(names))})"
            yield Finding(Verdict.REJECT, str(path), "second opinion", said, _DO)
