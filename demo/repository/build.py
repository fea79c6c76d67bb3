"""Write the sample repository with two runs of Git: `init`, and `fast-import` of the whole history."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from demo.repository.story import CHAPTERS, DANA, Chapter, Person, moment, opening

BRANCH = "refs/heads/main"
DESCRIPTION = "Models, data sets and services of the demo\n"
# What a host should enforce, and what reading one version without the whole history needs.
CONFIGURATION = """\
[receive]
\tdenyNonFastForwards = true
\tdenyDeletes = true
\tfsckObjects = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""
REGISTERED_AFTER = timedelta(minutes=20)


class RepositoryFailed(RuntimeError):
    """Git refused; the text is what it said."""


def build(remote: Path, policy: str) -> None:
    """Make a bare repository at `remote`, a folder that is missing or empty, with `policy` as its `towpath.yaml`.

    The same policy gives the same commit ids everywhere: neither the clock nor anybody's Git settings matter.
    Raises FileExistsError when something is there already, RepositoryFailed when Git does not work.
    """
    if remote.exists() and (not remote.is_dir() or any(remote.iterdir())):
        raise FileExistsError(f"{remote} exists already")
    remote.mkdir(parents=True, exist_ok=True)
    _git(remote, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", "."])
    (remote / "description").write_text(DESCRIPTION)
    with (remote / "config").open("a") as configuration:
        configuration.write(CONFIGURATION)
    _git(remote, ["fast-import", "--quiet", "--date-format=raw"], b"".join(_history(policy)))


def _history(policy: str) -> Iterator[bytes]:
    """Yield the history in the language of `git fast-import`."""
    yield _commit(DANA, moment(0), "Say who may bring what to production", opening(policy))
    for number, chapter in enumerate(CHAPTERS, start=1):
        yield _commit(chapter.author, moment(number), chapter.subject, chapter.files(), replaced=chapter.folder)
        if chapter.registered:
            yield _tag(chapter, moment(number) + REGISTERED_AFTER)
    yield b"done\n"


def _commit(author: Person, when: datetime, subject: str, files: Mapping[str, bytes], replaced: str | None = None) -> bytes:
    """Return a commit on the branch with `files` in place of all that was in the folder `replaced`."""
    lines = [f"commit {BRANCH}\n", f"committer {_signature(author, when)}\n"]
    parts = ["".join(lines).encode(), _blob(f"{subject}\n".encode())]
    if replaced:
        parts.append(f"D {replaced}\n".encode())
    for path, content in files.items():
        parts += [f"M 100644 inline {path}\n".encode(), _blob(content)]
    return b"".join(parts)


def _tag(chapter: Chapter, when: datetime) -> bytes:
    """Return an annotated tag in GTO's grammar on the commit just made."""
    head = f"tag {chapter.name}@{chapter.version}\nfrom {BRANCH}\ntagger {_signature(chapter.author, when)}\n"
    return head.encode() + _blob(f"Register {chapter.name} {chapter.version}\n".encode())


def _signature(person: Person, when: datetime) -> str:
    return f"{person.name} <{person.email}> {int(when.timestamp())} +0000"


def _blob(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _git(folder: Path, arguments: list[str], given: bytes = b"") -> None:
    """Run Git in `folder` with nobody's settings but its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    alone = kept | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    ran = subprocess.run(["git", *arguments], cwd=folder, env=alone, input=given, capture_output=True, check=False)
    if ran.returncode:
        raise RepositoryFailed(f"git {arguments[0]}: {ran.stderr.decode(errors='replace').strip()}")
