"""Which repository a question is about, and the cache that it is answered from. The environment is read without the settings' library: it is slow."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import click

from workers.adapters.git.cache import Cache
from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.urls import BadUrl, RemoteUrl
from workers.contract.names import BadName, RefName

_NEEDED = "Name the repository: --repository URL, or TOWPATH_REPOSITORY (or TOWPATH_REPOSITORY_FILE, a file that holds it)."


def cache(repository: str | None, environ: Mapping[str, str] = os.environ) -> Cache:
    """The cache of a repository (default: the one in the environment), made when it is missing. Raises click.UsageError or WorldError."""
    url = repository or setting("TOWPATH_REPOSITORY", environ)
    if not url:
        raise click.UsageError(_NEEDED)
    try:
        remote = RemoteUrl.read(url)
        branch = RefName.read(setting("TOWPATH_LEDGER_BRANCH", environ) or "towpath")
        configuration = Configuration(setting("TOWPATH_GIT_CONFIG", environ) or "ours")
    except (BadUrl, BadName) as exc:
        raise click.UsageError(str(exc)) from None
    except ValueError:
        raise click.UsageError("TOWPATH_GIT_CONFIG must be ours or host.") from None
    return Cache(folder_of(remote, branch, environ), url, ledger_branch=branch, configuration=configuration)


def folder_of(remote: RemoteUrl, branch: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The cache's folder, named by the SHA-256 of the address (without its login) and of the ledger's branch."""
    home = environ.get("XDG_CACHE_HOME", "")
    root = Path(home) if home.startswith("/") else Path.home() / ".cache"
    return root / "towpath" / hashlib.sha256(f"{remote.address}\n{branch}".encode()).hexdigest()


def setting(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """A setting, or the content of the file that `NAME_FILE` names. Raises click.UsageError."""
    if environ.get(name):
        return environ[name]
    path = environ.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, ValueError):
        raise click.UsageError(f"{name}_FILE names {path}, which cannot be read.") from None
