"""Git's commands for a process that lives for one answer: the same closed doors as `plumbing`, started without GitPython."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress

from workers.adapters.git.plumbing import Answer, Plumbing
from workers.ports.errors import WorldError


class QuickPlumbing(Plumbing):
    """Plumbing whose commands are started by the standard library: importing GitPython takes longer than many an answer."""

    def lines(self, command: str, *args: str) -> Iterator[str]:
        """The output of a command of this repository alone, line by line, never held as a whole. Raises WorldError when it does not end well."""
        with self._started(command, args) as git:
            assert git.stdin and git.stdout and git.stderr, "all three are pipes"
            git.stdin.close()
            for line in git.stdout:
                yield line.rstrip(b"\n").decode(errors="replace")
            words = git.stderr.read().decode(errors="replace")
        if git.returncode:
            raise WorldError(f"git {command} in the mirror: {self.shown(words)}")

    def _started(self, command: str, args: tuple[str, ...], environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        doors = [f"--git-dir={self.folder}", "--no-replace-objects", "--no-pager", *(word for one in self.settings for word in ("-c", one))]
        try:
            return subprocess.Popen(
                ["git", *doors, command, *args],
                cwd=self.folder,
                env=os.environ | self.environment | {"LANGUAGE": "C", "LC_ALL": "C"} | (environment or {}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError as exc:
            raise WorldError("starting git: it is not installed or not on the PATH") from exc

    def _run(
        self, command: str, args: tuple[str, ...], stdin: bytes, seconds: float | None, environment: dict[str, str] | None = None
    ) -> Answer:
        with self._started(command, args, environment) as git:
            try:
                out, words = git.communicate(stdin, seconds)
            except subprocess.TimeoutExpired:
                _kill(git)
                out, words = git.communicate()
            except BaseException:
                _kill(git)
                raise
        return Answer(git.returncode, out, words.decode(errors="replace").strip())


def _kill(git: subprocess.Popen[bytes]) -> None:
    """End a command and what it started: its transport must not go on alone."""
    with suppress(ProcessLookupError):
        os.killpg(git.pid, signal.SIGKILL)
