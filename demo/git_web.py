"""Web pages for a bare repository, so that links to commits lead somewhere: klaus on a loopback port."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from demo.processes import Child, answers, free_port

SITE = "Towpath demo"


class GitWeb:
    """The pages of `repository` as a child process; `port` 0 takes a free one. Its log goes to `folder`."""

    def __init__(self, repository: Path, folder: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._name = repository.resolve().name.removesuffix(".git")
        command = [sys.executable, "-m", "demo.git_web", "--repository", str(repository), "--port", str(self.port)]
        self._child = Child(command, folder / "git-web.log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the repository's front page."""
        return f"http://127.0.0.1:{self.port}/{self._name}/"

    def commit_url(self, commit: str) -> str:
        """Return the address of a commit's page; `commit` is an id, a tag or a branch."""
        return f"{self.url}commit/{commit}/"

    def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailed."""
        self._child.start()
        self._child.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/"))

    def stop(self) -> None:
        """End it."""
        self._child.stop()


@click.command()
@click.option("--repository", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--port", type=click.IntRange(1, 65535), required=True)
def main(repository: Path, port: int) -> None:
    """Show a repository's commits and files on 127.0.0.1."""
    import klaus  # noqa: PLC0415  slow to import, and only the child needs it
    from werkzeug.serving import make_server  # noqa: PLC0415

    app = klaus.make_app([str(repository.resolve())], SITE)
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
