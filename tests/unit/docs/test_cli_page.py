"""docs/cli.md has a section for each command of `towpath`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from tests.unit.docs.pages import DOCS
from workers.app import cli, front


def phrases(command: click.Command, said: str) -> Iterator[str]:
    """`show status` and so on: every command that is not itself a group."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from phrases(below, f"{said} {name}".strip())
    else:
        yield said


def test_each_command_has_a_section_and_each_section_a_command() -> None:
    there = set(phrases(cli.main, "")) | {said for name in front.ALONE for said in phrases(front.command(name), name)}
    sections = re.findall(r"^## `towpath ([a-z -]+?)(?: [\[A-Z<-].*)?`$", (DOCS / "cli.md").read_text(), re.MULTILINE)
    assert sorted(sections) == sorted(there)
