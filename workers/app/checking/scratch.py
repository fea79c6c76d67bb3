"""An artifact of a work tree as a commit in a scratch repository, so that registration's own inspection reads it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import click

from workers.adapters.git import artifacts
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.app.reading.tables import cell
from workers.contract.names import ArtifactName, BadName, CommitId, Version
from workers.contract.promotion import Kind, RegisteredVersion
from workers.effects.looks import ArtifactSafety

_VERSION = Version.read("v0.0.0")
_ROLES = ("AUTHOR", "COMMITTER")
_NOBODY = "check@towpath"
"""An address that registration takes for nobody's."""


def top_of(folder: Path) -> Path:
    """The work tree that a folder lies in. Raises click.ClickException."""
    return Path(_git(folder, {}, "rev-parse", "--show-toplevel").decode().rstrip("\n")).resolve()


def inspect(top: Path, folder: Path) -> RegisteredVersion:
    """What registering would read of a folder as it lies in the work tree; ignored files are left out. Raises BadContent with every reason.

    Its authors are those of HEAD where the folder is as it stands there, else whoever would commit it. Nothing is written to the person's repository.
    """
    place = folder.resolve().relative_to(top).as_posix()
    try:
        name = ArtifactName.read(place.partition("/")[2])
    except BadName as exc:
        raise click.ClickException(f"{place} is no artifact's folder, such as models/fraud: {exc}") from None
    if place.partition("/")[0] not in artifacts.FOLDERS:
        raise click.ClickException(f"{place} lies below none of {', '.join(artifacts.FOLDERS)}.")
    with tempfile.TemporaryDirectory(prefix="towpath-check-") as room:
        mirror = Mirror(Path(room) / "scratch", str(top))
        commit = _commit(top, place, mirror.folder)
        source = GitSource(mirror, Path(room) / "store")
        found = source.inspect(name, _VERSION, commit, None)
        return replace(found, safety=ArtifactSafety(source).of(found)) if found.kind is Kind.MODEL else found


def _commit(top: Path, place: str, scratch: Path) -> CommitId:
    env = {"GIT_DIR": str(scratch), "GIT_INDEX_FILE": str(scratch / "index"), **_makers(top, place)}
    lines = b"".join(_lines(top, place, env))
    _git(top, env, "update-index", "-z", "--index-info", given=lines)
    tree = _git(top, env, "write-tree").decode().strip()
    return CommitId.read(_git(top, env, "commit-tree", tree, "-m", "check").decode().strip())


def _makers(top: Path, place: str) -> dict[str, str]:
    """The author and the committer, as variables of Git's."""
    changed = _git(top, {}, "--literal-pathspecs", "status", "--porcelain", "--", place)
    if changed:
        emails = [_own(top, role) for role in _ROLES]
    else:
        emails = _git(top, {}, "log", "-1", "--no-mailmap", "--format=%ae%n%ce").decode(errors="replace").splitlines()
    return {
        f"GIT_{role}_{what}": word
        for role, email in zip(_ROLES, emails, strict=True)
        for what, word in (("NAME", "check"), ("EMAIL", email or _NOBODY))
    }


def _own(top: Path, role: str) -> str:
    """The e-mail address that a commit made here now would name, or nothing where Git would not make one."""
    done = subprocess.run(["git", "-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT"], cwd=top, capture_output=True, check=False)
    return done.stdout.decode(errors="replace").rpartition(">")[0].rpartition("<")[2]


def _lines(top: Path, place: str, env: Mapping[str, str]) -> Iterator[bytes]:
    listed = _git(
        top, {}, "--literal-pathspecs", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", place
    )
    for path in listed.split(b"\0"):
        file = top / os.fsdecode(path)
        if path and file.is_symlink():
            oid = _git(top, env, "hash-object", "-w", "--stdin", given=os.fsencode(file.readlink())).strip()
            yield b"120000 %s\t%s\0" % (oid, path)
        elif path and file.is_file():
            oid = _git(top, env, "hash-object", "-w", "--no-filters", "--", str(file)).strip()
            yield b"100644 %s\t%s\0" % (oid, path)


def _git(folder: Path, env: Mapping[str, str], *words: str, given: bytes = b"") -> bytes:
    done = subprocess.run(["git", *words], cwd=folder, input=given, env={**os.environ, **env}, capture_output=True, check=False)
    if done.returncode:
        raise click.ClickException(f"git {words[0]}: {cell(done.stderr.decode(errors='replace'), 300)}")
    return done.stdout
