"""The options that every bench has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def common(rounds: int, what: str) -> Callable[[Command], Command]:
    """`--rounds N` and `--markdown`."""

    def add(command: Command) -> Command:
        counted = click.option("--rounds", default=rounds, show_default=True, type=click.IntRange(1, 200), help=what)
        written = click.option("--markdown", "form", flag_value="markdown", default=None, help="Print Markdown instead of plain columns.")
        return counted(written(command))

    return add
