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

from workers.adapters.git.login import Login, Logins
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
_NO_GIT = "starting git: it is not installed or not on the PATH"
_OURS = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
_LOGIN_BY_ENVIRONMENT = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$TOWPATH_REMOTE_USER" "$TOWPATH_REMOTE_PASSWORD"; }; f'
)


_NOT_TAKEN = ("Authentication failed", "HTTP 401", "HTTP 403", "error: 401", "error: 403")
"""How Git says that the remote did not take a login; its language is fixed by GitPython."""


class Plumbing:
    """Git commands on one bare repository. `patience` (seconds) is how long a command that talks to the remote may take.

    A remote's credentials travel by the environment of the command, to its own site alone: a command line can be read by anybody on the host.
    They are those of its address, or what `logins` gives for each talk.
    """

    def __init__(
        self, folder: Path, remote: RemoteUrl, configuration: Configuration, patience: float, logins: Logins | None = None
    ) -> None:
        self.folder = folder
        self.remote = remote
        self.patience = patience
        self._configuration = configuration
        self._logins = logins
        self._given: tuple[str, ...] = ()

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
        if (authority := os.environ.get("SSL_CERT_FILE")) and not os.environ.get("GIT_SSL_CAINFO"):
            given["GIT_SSL_CAINFO"] = authority  # libcurl, by which Git speaks HTTPS, does not read the other name
        if self.remote.secrets:
            given |= _environment(Login(self.remote.user, self.remote.password))
        return given

    def _login(self) -> Iterator[str]:
        if self.remote.secrets or self._logins:
            yield f"credential.{self.remote.site}.helper="
            yield f"credential.{self.remote.site}.helper={_LOGIN_BY_ENVIRONMENT}"

    def run(self, command: str, *args: str, stdin: bytes = b"") -> Answer:
        """A command of this repository alone."""
        return self._run(command, args, stdin, None)

    def run_with_index(self, index: Path, command: str, *args: str, stdin: bytes = b"") -> Answer:
        """The same with an index of our own, which a bare repository has not."""
        return self._run(command, args, stdin, None, {"GIT_INDEX_FILE": str(index)})

    def talk(self, command: str, *args: str) -> Answer:
        """A command that talks to the remote; one that takes too long is killed, and then its status is not 0.

        A login that is not taken (a token that ended early) is made once more. Raises WorldError when there is none to be had.
        """
        if self._logins is None:
            return self._run(command, args, b"", self.patience)
        answer = self._run(command, args, b"", self.patience, _environment(self._logged_in(self._logins)))
        if not answer.good and any(words in answer.words for words in _NOT_TAKEN):
            self._logins.forget()
            answer = self._run(command, args, b"", self.patience, _environment(self._logged_in(self._logins)))
        return answer

    def _logged_in(self, logins: Logins) -> Login:
        login = logins.login()
        self._given = (login.password,)
        return login

    def must(self, command: str, *args: str, stdin: bytes = b"") -> Answer:
        """A command of this repository alone that has no reason to fail. Raises WorldError when it does."""
        answer = self.run(command, *args, stdin=stdin)
        if not answer.good:
            raise WorldError(f"git {command} in the mirror: {self.shown(answer.words)}")
        return answer

    def lines(self, command: str, *args: str) -> Iterator[str]:
        """The output of a command of this repository alone, line by line, never held as a whole. Raises WorldError when it does not end well."""
        from git.exc import GitCommandNotFound  # noqa: PLC0415

        try:
            process: Any = getattr(self._git, command.replace("-", "_"))(*args, as_process=True)
        except GitCommandNotFound as exc:
            raise WorldError(_NO_GIT) from exc
        for line in process.stdout:
            yield line.rstrip(b"\n").decode(errors="replace")
        words = process.stderr.read().decode(errors="replace")
        if process.proc.wait():
            raise WorldError(f"git {command} in the mirror: {self.shown(words)}")

    def shown(self, words: str) -> str:
        """Git's words without anything secret, at most 300 characters."""
        return shown(words, (*self.remote.secrets, *self._given))

    def _run(
        self, command: str, args: tuple[str, ...], stdin: bytes, seconds: float | None, environment: dict[str, str] | None = None
    ) -> Answer:
        import tempfile  # noqa: PLC0415

        from git.exc import GitCommandNotFound  # noqa: PLC0415

        how: dict[str, Any] = {"with_extended_output": True, "with_exceptions": False, "stdout_as_string": False}
        how |= {"strip_newline_in_stdout": False, "kill_after_timeout": seconds}
        if environment:
            how["env"] = environment
        with tempfile.TemporaryFile() as given:
            if stdin:
                given.write(stdin)
                given.seek(0)
            try:
                status, out, words = getattr(self._git, command.replace("-", "_"))(*args, istream=given, **how)
            except GitCommandNotFound as exc:
                raise WorldError(_NO_GIT) from exc
        return Answer(int(status), bytes(out), str(words))


def _environment(login: Login) -> dict[str, str]:
    return {"TOWPATH_REMOTE_USER": login.user, "TOWPATH_REMOTE_PASSWORD": login.password}
