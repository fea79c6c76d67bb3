"""`towpath new model`, `towpath new dataset` and `towpath new service`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from workers.app.laying import artifact, large
from workers.app.laying.clone import Clone
from workers.app.reading.where import setting
from workers.contract.names import ArtifactName, BadName
from workers.contract.promotion import Kind

Command = Callable[..., Any]
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _name(context: click.Context, parameter: click.Parameter, value: str) -> ArtifactName:
    try:
        return ArtifactName.read(value)
    except BadName as exc:
        raise click.BadParameter(str(exc)) from None


def _given(command: Command) -> Command:
    """What every kind takes."""
    for option in (
        click.option(
            "--lfs/--no-lfs", default=None, help="Leave files above 5 MB to Git LFS; else as the source branch does with any file."
        ),
        click.option("--metrics", type=_FILE, help="A flat JSON file of numbers; else one to fill in."),
        click.option(
            "--from", "source", type=click.Path(path_type=Path, exists=True), required=True, help="A file or folder; it is copied."
        ),
        click.argument("name", callback=_name),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def new() -> None:
    """Lay out an artifact as a change on a branch, in a clone of the repository.

    The work tree and the index stay as they are; nothing is pushed.
    """


@new.command()
@_given
@click.option("--entry", metavar="PATH", help="The file that a server loads, when there are several.")
@click.option("--golden-input", type=_FILE, help="A request of the Open Inference Protocol V2 ...")
@click.option("--golden-output", type=_FILE, help="... and the answer that the model must repeat.")
@click.option("--reference", type=_FILE, help="Rows that the model learned from (Parquet or CSV): drift is measured against them.")
def model(name: ArtifactName, golden_input: Path | None, golden_output: Path | None, **given: Any) -> None:
    """Lay out a model from its file or folder, which is never loaded."""
    if (golden_input is None) != (golden_output is None):
        raise click.UsageError("--golden-input and --golden-output go together.")
    golden = (golden_input, golden_output) if golden_input and golden_output else None
    _lay(name, Kind.MODEL, golden=golden, **given)


@new.command()
@_given
def dataset(name: ArtifactName, **given: Any) -> None:
    """Lay out a dataset from its file or folder."""
    _lay(name, Kind.DATASET, **given)


@new.command()
@_given
def service(name: ArtifactName, **given: Any) -> None:
    """Lay out a service from the file or folder of its release."""
    _lay(name, Kind.SERVICE, **given)


def _lay(name: ArtifactName, kind: Kind, *, lfs: bool | None, **what: Any) -> None:
    given = artifact.Given(**what)
    clone, branch = Clone(setting("TOWPATH_SOURCE_BRANCH") or "main"), f"new/{name}"
    for top in artifact.TOPS.values():
        if clone.has(f"{top}/{name}"):
            raise click.ClickException(f"{top}/{name} is there already, and names are unique across kinds. Nothing was changed.")
    if clone.has_branch(branch):
        raise click.ClickException(f"The branch {branch} is there already. Nothing was changed.")
    files = artifact.files(name, kind, given)
    uses_lfs = clone.uses_lfs if lfs is None else lfs
    if uses_lfs:
        files = artifact.with_attributes(files, f"{artifact.TOPS[kind]}/{name}")
    commit = clone.commit(branch, files, f"Add the {kind.value} {name}")
    click.echo(f"Made the branch {branch} at {commit[:12]} with {len(files)} files. Your work tree and index are as they were.")
    for path in (path for path, content in files.items() if artifact.size(content) > large.LARGE):
        how = "Git LFS keeps it, and Git its pointer" if uses_lfs else "it was committed as it is; --lfs leaves it to Git LFS"
        click.echo(f"{path} has {artifact.size(files[path]) >> 20} MB; {how}.")
    _tell_what_is_open(kind, given)
    sends = f"git lfs push origin {branch}  # unless `git lfs install` lets every push do that\n  " if uses_lfs else ""
    click.echo(f"Next:\n  {sends}git push origin {branch}\n  open a pull request\n  in Slack: register {name} v1.0.0 at {branch}")


def _tell_what_is_open(kind: Kind, given: artifact.Given) -> None:
    if given.metrics is None:
        click.echo("Fill in metrics.json: until then registering is refused.")
    if kind is Kind.MODEL and given.golden is None:
        click.echo("Fill in golden/input.json and golden/output.json, then take the # before `golden` in artifact.yaml away.")
    if kind is Kind.MODEL and given.reference is None:
        click.echo("Without --reference there is nothing to measure drift against; artifact.yaml says how to add it.")
