"""A model server as a child process, for launchers and tests."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.processes import Child, answers, free_port


class ModelServer:
    """The server `name`, with its store and log in `folder`; `port` 0 takes a free one and keeps it. What clients ask is logged in `requests`."""

    def __init__(self, folder: Path, name: str, port: int = 0, requests: Path | None = None) -> None:
        self.name = name
        self.port = port or free_port()
        command = [sys.executable, "-m", "demo.model_server", "--port", str(self.port), "--name", name]
        logged = ["--requests", str(requests)] if requests else []
        self._child = Child([*command, "--store", str(folder / "store"), *logged], folder / "model-server.log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._child.pid

    def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailed."""
        self._child.start()
        self._child.wait_until(lambda: answers(f"{self.url}/v2/health/live"))

    def stop(self) -> None:
        """End it in good order."""
        self._child.stop()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self._child.kill9()

    def restart(self) -> None:
        """Start it again on the same port and the same store."""
        self.stop()
        self.start()
