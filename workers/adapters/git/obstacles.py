"""What makes a repository show less, or something else, than what was written to it: shallow clones, grafts, replace refs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workers.adapters.git.mirror import Mirror
from workers.contract.verified import Found

_SHALLOW = "Fetch the whole of it (git fetch --unshallow), or verify the shared repository itself."
_GRAFTED = "Remove .git/info/grafts, or verify the shared repository itself."
_REPLACED = "Delete these refs (git replace -d, and git push --delete where they were pushed), and find out who made them."


def obstacles(mirror: Mirror) -> Iterator[Found]:
    """Each reason why what is read here need not be what was written. Raises Unreachable when the remote cannot be asked."""
    places = {"this mirror": mirror.folder, **_beside(mirror)}
    for name, folder in places.items():
        if (folder / "shallow").exists():
            yield Found("shallow", f"{name.capitalize()} is shallow: its beginning is missing. {_SHALLOW}")
        if _lines(folder / "info/grafts"):
            yield Found("grafted", f"{name.capitalize()} has grafts: its history is not as it was written. {_GRAFTED}")
    yield from _replaced(mirror)


def _beside(mirror: Mirror) -> dict[str, Path]:
    """The repository itself, where it lies on this host."""
    address = mirror.remote.address.removeprefix("file://")
    if not address.startswith("/"):
        return {}
    folder = Path(address)
    inner = folder / ".git"
    if inner.is_file():  # a work tree beside its repository, or a submodule
        inner = folder / inner.read_text().removeprefix("gitdir:").strip()
    return {"the repository": inner if inner.exists() else folder}


def _replaced(mirror: Mirror) -> Iterator[Found]:
    here = mirror.git.run("for-each-ref", "--format=%(refname)", "refs/replace/").lines
    there = mirror.git.talk("ls-remote", "--quiet", "--", mirror.remote.address, "refs/replace/*")
    names = [*here, *(line.split("\t")[-1] for line in there.lines)]
    if names:
        replaced = ", ".join(sorted({name.rpartition("/")[2][:12] for name in names})[:5])
        yield Found("replaced", f"The repository holds replace refs: who reads it may be shown other content for {replaced}. {_REPLACED}")


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return []
