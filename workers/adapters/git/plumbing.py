"""Git's commands, started by GitPython with every door closed that we do not use.

Nothing here raises because of an exit status: an `Answer` is a value, and what it means is the caller's to find out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.adapters.git.urls import RemoteUrl, shown
from workers.ports.errors import WorldError

if TYPE_CHECKING:
    from git import Git


class Configuration(Enum):
    """Whose Git configuration counts: ours alone, or the host's and user's files too (credential helpers, proxies, certificates)."""

    OURS = "ours"
    HOST = "host"


@dataclass(frozen=True)
class Answer:
    """What a command said: its exit status (0 is good), its output as bytes, and its words."""

    status: int
    out: bytes
    words: str

    @property
    def good(self) -> bool:
        """Whether Git was content."""
        return self.status == 0

    @property
    def lines(self) -> list[str]:
        """The output by lines."""
        return self.out.decode(errors="replace").splitlines()


_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.logAllRefUpdates=false",
    "core.compression=1",
    "protocol.ext.allow=never",
    "protocol.fd.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.fsckObjects=true",
    "transfer.fsckObjects=true",
    "transfer.bundleURI=false",
    # Three cosmetic faults of old tools that hosts accept everywhere; all others stop a fetch.
    "fetch.fsck.zeroPaddedFilemode=ignore",
    "fetch.fsck.badTimezone=ignore",
    "fetch.fsck.missingSpaceBeforeDate=ignore",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.negotiate=false",
    "pack.threads=1",
    "http.followRedirects=initial",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=30",
)
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    # What a parent process may have left lying about must not lead our commands elsewhere, nor write tokens into a trace.
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_NAMESPACE": "",
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_CONFIG_COUNT": "0",
    "GIT_TRACE": "",
    "GIT_TRACE_CURL": "",
    "GIT_TRACE_PACKET": "",
    "GIT_TRACE2": "",
    "GIT_TRACE2_EVENT": "",
}
_OURS = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
_LOGIN_BY_ENVIRONMENT = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$TOWPATH_REMOTE_USER" "$TOWPATH_REMOTE_PASSWORD"; }; f'
)


class Plumbing:
    """Git commands on one bare repository. `patience` (seconds) is how long a command that talks to the remote may take.

    A remote's credentials travel by the environment of the command, to its own site alone: a command line can be read by anybody on the host.
    """

    def __init__(self, folder: Path, remote: RemoteUrl, configuration: Configuration, patience: float) -> None:
        self.folder = folder
        self.remote = remote
        self.patience = patience
        self._configuration = configuration

    @cached_property
    def _git(self) -> Git:
        return self.another()

    def another(self) -> Git:
        """One more of GitPython's command wrappers with the same doors closed, for somebody who keeps a process open."""
        from git import Git  # noqa: PLC0415  # it takes longer to import than a whole answer of the command line may

        git = Git(str(self.folder))
        git.set_persistent_git_options(git_dir=str(self.folder), no_replace_objects=True, no_pager=True, c=self.settings)
        git.update_environment(**self.environment)
        return git

    @property
    def settings(self) -> list[str]:
        """The `-c` of every command."""
        return [*_SETTINGS, *self._login()]

    @property
    def environment(self) -> dict[str, str]:
        """What every command's environment holds besides this process's own."""
        given = {**_ENVIRONMENT, "GIT_OBJECT_DIRECTORY": str(self.folder / "objects")}
        if self._configuration is Configuration.OURS:
            given |= _OURS
            if not os.environ.keys() & {"GIT_SSH_COMMAND", "GIT_SSH"}:
                given["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
        if self.remote.secrets:
            given |= {"TOWPATH_REMOTE_USER": self.remote.user, "TOWPATH_REMOTE_PASSWORD": self.remote.password}
        return given

    def _login(self) -> Iterator[str]:
        if self.remote.secrets:
            yield f"credential.{self.remote.site}.helper="
            yield f"credential.{self.remote.site}.helper={_LOGIN_BY_ENVIRONMENT}"

    def run(self, command: str, *args: str, stdin: bytes = b"") -> Answer:
        """A command of this repository alone."""
        return self._run(command, args, stdin, None)

    def talk(self, command: str, *args: str) -> Answer:
        """A command that talks to the remote; one that takes too long is killed, and then its status is not 0."""
        return self._run(command, args, b"", self.patience)

    def must(self, command: str, *args: str, stdin: bytes = b"") -> Answer:
        """A command of this repository alone that has no reason to fail. Raises WorldError when it does."""
        answer = self.run(command, *args, stdin=stdin)
        if not answer.good:
            raise WorldError(f"git {command} in the mirror: {self.shown(answer.words)}")
        return answer

    def shown(self, words: str) -> str:
        """Git's words without anything secret, at most 300 characters."""
        return shown(words, self.remote.secrets)

    def _run(self, command: str, args: tuple[str, ...], stdin: bytes, seconds: float | None) -> Answer:
        import tempfile  # noqa: PLC0415

        from git.exc import GitCommandNotFound  # noqa: PLC0415

        how: dict[str, Any] = {"with_extended_output": True, "with_exceptions": False, "stdout_as_string": False}
        how |= {"strip_newline_in_stdout": False, "kill_after_timeout": seconds}
        with tempfile.TemporaryFile() as given:
            if stdin:
                given.write(stdin)
                given.seek(0)
            try:
                status, out, words = getattr(self._git, command.replace("-", "_"))(*args, istream=given, **how)
            except GitCommandNotFound as exc:
                raise WorldError("starting git: it is not installed or not on the PATH") from exc
        return Answer(int(status), bytes(out), str(words))
