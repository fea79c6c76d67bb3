"""`towpath show` and `towpath history`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from workers.app.reading.asking import Manner, Question, ask
from workers.contract.names import ArtifactName, BadName, EnvironmentName

Command = Callable[..., Any]


def _artifact(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return str(ArtifactName.read(value)) if value is not None else None
    except BadName as exc:
        raise click.BadParameter(str(exc)) from None


def _environment(context: click.Context, parameter: click.Parameter, value: str | None) -> EnvironmentName | None:
    try:
        return EnvironmentName.read(value) if value is not None else None
    except BadName as exc:
        raise click.BadParameter(str(exc)) from None


def _since(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from datetime import UTC, datetime  # noqa: PLC0415

    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value[:40]!r} is not a date; one that works: 2026-11-23 or 2026-11-23T08:00:00Z") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _manner(command: Command) -> Command:
    """The options that every question has."""
    for option in (
        click.option("--fresh", is_flag=True, help="Answer only if the repository answers now, never from the cache alone."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md describes it."),
        click.option("--repository", metavar="URL", help="Any Git URL; else TOWPATH_REPOSITORY."),
    ):
        command = option(command)
    return command


_name = click.argument("name", required=False, callback=_artifact)
_place = click.argument("environment", metavar="[ENV]", required=False, callback=_environment)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def show() -> None:
    """Answer a question about the repository, with Git alone.

    Where there is no ledger, the answer comes from tags in GTO's grammar, and says so.
    """


@show.command()
@_name
@_place
@_manner
def status(name: str | None, environment: EnvironmentName | None, **manner: Any) -> None:
    """What is where: of one artifact, of one environment, or all."""
    sys.exit(ask(Question("status", name, environment), Manner(**manner)))


@show.command()
@_name
@_manner
def versions(name: str | None, **manner: Any) -> None:
    """Which versions are registered, newest first."""
    sys.exit(ask(Question("versions", name), Manner(**manner)))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@_name
@_place
@click.option("--since", metavar="DATE", callback=_since, help="Only what changed since then, such as 2026-11-23 (UTC).")
@_manner
def history(name: str | None, environment: EnvironmentName | None, since: str | None, **manner: Any) -> None:
    """How and when an artifact or environment was last changed, newest first."""
    sys.exit(ask(Question("history", name, environment, since), Manner(**manner)))
