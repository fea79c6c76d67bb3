"""`towpath drift`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from workers.app.drifting.measuring import Asked, Measured

_FILE = click.Path(path_type=Path, exists=True)
_SHARE = click.FloatRange(min=0, min_open=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("reference", type=_FILE)
@click.argument("current", type=_FILE)
@click.option("--prediction", metavar="COLUMN", help="The model's output, which is judged apart from its inputs.")
@click.option("--label", metavar="COLUMN", help="The truth where it is known: how good the predictions are, is measured by it.")
@click.option(
    "--score", metavar="COLUMN", help="A calibrated probability: without labels, how good the predictions are is estimated from it."
)
@click.option("--positive", metavar="VALUE", help="The label that the score is the probability of.  [default: 1 or true]")
@click.option("--ignore", metavar="COLUMN", multiple=True, help="Leave a column out, such as an id (several times).")
@click.option("--warning", default=0.1, show_default=True, type=_SHARE, help="From which PSI on a column is a warning.")
@click.option("--alert", default=0.25, show_default=True, type=_SHARE, help="From which PSI on a column is an alert.")
@click.option("--at-least", default=200, show_default=True, type=click.IntRange(min=2), help="So many rows on each side, or no verdict.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md describes it.")
def drift(  # noqa: PLR0913  # one for each option
    reference: Path,
    current: Path,
    *,
    prediction: str | None,
    label: str | None,
    score: str | None,
    positive: str | None,
    ignore: tuple[str, ...],
    warning: float,
    alert: float,
    at_least: int,
    as_json: bool,
) -> None:
    """Measure how far CURRENT rows have drifted from REFERENCE rows: two files, Parquet or CSV.

    Ends with 0 when nothing drifted, 1 on a warning or an alert, 2 when it cannot be told: too few rows, broken input, an unreadable file.
    """
    if warning > alert:
        raise click.BadParameter("a warning cannot be above an alert", param_hint="--warning")
    _there()
    from workers.app.drifting import measuring, performance, showing  # noqa: PLC0415  # what they import may not be installed
    from workers.domain.drift.judging import Limits  # noqa: PLC0415

    meaning = performance.Meaning(prediction, label, score, positive)
    asked = measuring.Asked(reference, current, Limits(warning, alert, at_least), meaning, frozenset(ignore))
    measured = _measured(asked)
    click.echo(showing.as_json(measured) if as_json else showing.plain(measured))
    sys.exit(showing.STATUS[measured.judged.verdict])


def _there() -> None:
    try:
        import numpy  # noqa: F401, PLC0415
        import pyarrow  # noqa: F401, PLC0415
        import scipy  # noqa: F401, PLC0415
    except ImportError as exc:
        click.echo(
            f"towpath: towpath drift needs numpy, pyarrow and scipy, and {exc.name} is not installed: install towpath[drift]", err=True
        )
        sys.exit(2)


def _measured(asked: Asked) -> Measured:
    from workers.app.drifting import files, measuring  # noqa: PLC0415

    try:
        return measuring.measure(asked)
    except files.Unreadable as exc:
        click.echo(f"towpath: {''.join(c if c.isprintable() else ' ' for c in str(exc))}", err=True)
        sys.exit(2)
