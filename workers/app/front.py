"""The door of `towpath`: what needs Git alone is started alone, so that a question does not wait for what it does not need."""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import click

from workers.ports.errors import WorldError

ALONE = {
    "show": "workers.app.reading.commands",
    "history": "workers.app.reading.commands",
    "new": "workers.app.laying.commands",
    "check": "workers.app.checking.commands",
    "scan": "workers.app.scanning.commands",
    "drift": "workers.app.drifting.commands",
}
"""The commands that are imported by themselves: in which module each is, under its own name."""


def entry() -> None:
    """Run the command; what is amiss is a line on standard error, not a traceback."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in ALONE:
        _alone(name)
    else:
        from workers.app import cli  # noqa: PLC0415  # settings, keys and all that writes

        for other in ALONE:
            cli.main.add_command(command(other), other)
        cli.entry()


def command(name: str) -> click.Command:
    """A command by its name in ALONE."""
    found = getattr(import_module(ALONE[name]), name)
    assert isinstance(found, click.Command), f"{name} is a command"
    return found


def _alone(name: str) -> None:
    gc.disable()  # the process ends with its answer; looking for garbage on the way to it frees nothing
    try:
        command(name).main(sys.argv[2:], prog_name=f"towpath {name}")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except (WorldError, OSError) as exc:
        click.echo(f"towpath: {''.join(c if c.isprintable() else ' ' for c in str(exc))}", err=True)
        sys.exit(1)
