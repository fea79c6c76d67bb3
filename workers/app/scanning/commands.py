"""`towpath scan`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from workers.app.reading.tables import cell, table
from workers.app.scanning import files, opinion
from workers.contract.safety import Safety
from workers.domain.safety import scan as safety
from workers.domain.safety.finding import Finding


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md describes it.")
def scan(paths: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001  # a flag
    """Judge whether files can be loaded without running what they bring along. Nothing is loaded.

    Ends with 0 when all pass, 1 when one is rejected, 2 when one cannot be told.
    """
    listed, found = files.listed(paths)
    own, formats, count = safety.findings(files.opened(listed))
    found += own
    second = opinion.name()
    if second:
        found += opinion.of(listed)
    verdict = safety.summary(found, formats, count)
    click.echo(_json(verdict, found, second) if as_json else _plain(verdict, found, second))
    sys.exit(verdict.verdict.status)


def _plain(verdict: Safety, found: list[Finding], second: str | None) -> str:
    rows = [(one.verdict.value, one.path, one.format, _why(one)) for one in found]
    lines = [table(("VERDICT", "PATH", "FORMAT", "WHY"), rows), *dict.fromkeys(f"Do: {cell(one.do)}" for one in found)] if found else []
    seen = f"{verdict.files} files ({', '.join(verdict.formats) or 'none'})"
    return "\n".join([*lines, f"{verdict.verdict.value}: {seen}, by {verdict.scanner}{f' and {second}' if second else ''}"])


def _why(one: Finding) -> str:
    return one.what if one.at is None else f"{one.what} (byte {one.at})"


def _json(verdict: Safety, found: list[Finding], second: str | None) -> str:
    said: dict[str, Any] = {
        "verdict": verdict.verdict.value,
        "formats": verdict.formats,
        "files": verdict.files,
        "scanner": verdict.scanner,
    }
    findings = [{**vars(one), "verdict": one.verdict.value} for one in found]
    return json.dumps({**said, "second_opinion": second, "findings": findings}, indent=2)
