"""A whole installation in one folder: what a newcomer's machine lacks, and Towpath itself as `towpath run` starts it."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.git_web import GitWeb
from demo.model_server.process import ModelServer
from demo.processes import Child, ChildFailed, answers, free_port
from demo.redis import RedisServer
from demo.repository import build
from demo.slack.client import Workspace

HERE = Path(__file__).parent
READY = 60.0


@dataclass(frozen=True)
class Ports:
    """Where things listen; 0 takes a free port."""

    slack: int = 0
    bot: int = 0


class Installation:
    """Redis, a Git remote with its web view, two model servers, a stand-in Slack, and Towpath. Everything lives in `folder` and ends with us."""

    def __init__(
        self,
        folder: Path,
        ports: Ports | None = None,
        *,
        policy: str | None = None,
        procfile: Path | None = None,
        socket_mode: bool = False,
    ) -> None:
        ports = ports or Ports()
        self.folder = folder
        self.remote = folder / "repository.git"
        self.redis = RedisServer(folder / "redis")
        self.git_web = GitWeb(self.remote, folder / "logs")
        self.slack_port = ports.slack or free_port()
        self.bot_port = ports.bot or free_port()
        self.live_rows = folder / "live"
        self.servers = {name: ModelServer(folder / f"served-{name}", name, requests=self.live_rows / name) for name in ("staging", "prod")}
        self._secrets = {
            "bot_token": f"xoxb-{secrets.token_hex(12)}",
            "app_token": f"xapp-{secrets.token_hex(12)}",
            "signing_secret": secrets.token_hex(16),
        }
        self._policy = policy or (HERE / "towpath.yaml").read_text()
        self._socket_mode = socket_mode
        self._run = ["run", "--pids", str(folder / "pids"), *(["--procfile", str(procfile)] if procfile else [])]
        self.slack = Child(
            self._python("demo.slack", "--port", str(self.slack_port), "--workspace", str(folder / "workspace.yaml")), self._log("slack")
        )
        self.towpath: Child | None = None

    @property
    def slack_url(self) -> str:
        """The stand-in's page and root."""
        return f"http://127.0.0.1:{self.slack_port}"

    @property
    def bot_url(self) -> str:
        """The bot's address: Slack's requests and the audit pages."""
        return f"http://127.0.0.1:{self.bot_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a real installation, and nothing else: what `towpath run` needs."""
        settings = {
            "SLACK_BOT_TOKEN": self._secrets["bot_token"],
            "SLACK_SIGNING_SECRET": self._secrets["signing_secret"],
            "SLACK_API_URL": f"{self.slack_url}/api/",
            "REDIS_URL": self.redis.url,
            "TOWPATH_REPOSITORY": str(self.remote),
            "TOWPATH_KEYS": str(self.folder / "keys"),
            "TOWPATH_DATA": str(self.folder / "data"),
            "TOWPATH_PUBLIC_URL": self.bot_url,
            "TOWPATH_PORT": str(self.bot_port),
            "TOWPATH_GIT_WEB": f"klaus {self.git_web.url.rstrip('/')}",
            "TOWPATH_LIVE_ROWS": str(self.live_rows),
            # Trainings run as whoever runs the demo: it has no other user to give them.
            "TOWPATH_TRAINING_USER": "same",
            "TOWPATH_TRAINING_PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        }
        if self._socket_mode:
            settings["SLACK_APP_TOKEN"] = self._secrets["app_token"]
        return settings

    def start(self) -> None:
        """Make everything and wait until it answers. Raises ChildFailed with the end of the log of what did not."""
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self._write_workspace()
        with ThreadPoolExecutor() as pool:
            begun = [
                pool.submit(start) for start in (self.redis.start, self._start_slack, *(server.start for server in self.servers.values()))
            ]
            self._make_repository()
            begun.append(pool.submit(self.git_web.start))
            for one in begun:
                one.result()
        self.command("init")
        self.run_towpath()

    def run_towpath(self) -> None:
        """`towpath run` with the settings in its environment, ready when the bot is and every version of the repository is known."""
        (self.folder / "pids").mkdir(exist_ok=True)
        self.towpath = Child(self._towpath(*self._run), self._log("towpath"), env=self.environment)
        self.towpath.start()
        self.towpath.wait_until(lambda: answers(f"{self.bot_url}/healthz"), READY)
        asyncio.run(self._tell_slack())
        self.towpath.wait_until(self._knows_versions, READY)

    def stop(self) -> None:
        """End everything that was started, what was started last first."""
        if self.towpath:
            self.towpath.stop(20)
        self.slack.stop()
        for server in self.servers.values():
            server.stop()
        self.git_web.stop()
        self.redis.stop()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def pid(self, process: str) -> int:
        """The process id of one line of the Procfile, as the supervisor last started it."""
        return int((self.folder / "pids" / f"{process}.pid").read_text())

    def command(self, *words: str) -> str:
        """What a `towpath` command prints, run as an operator would. Raises ChildFailed when it fails."""
        done = subprocess.run(
            self._towpath(*words), env={**os.environ, **self.environment}, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode:
            raise ChildFailed(f"towpath {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _make_repository(self) -> None:
        fingerprint = self.command("keys").strip()
        build(self.remote, fill(self._policy, {"trust": fingerprint, **{name: server.url for name, server in self.servers.items()}}))

    def _start_slack(self) -> None:
        self.slack.start()
        self.slack.wait_until(lambda: answers(f"{self.slack_url}/"), READY)

    def _knows_versions(self) -> bool:
        """Whether every version tag of the repository stands in the ledger."""
        return len(self.git("ls-tree", "-r", "--name-only", "towpath", "versions/")) >= len(self.git("tag", "--list", "*@v*"))

    def git(self, *words: str) -> list[str]:
        """The lines that a git command prints in the remote."""
        done = subprocess.run(["git", f"--git-dir={self.remote}", *words], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.splitlines()

    def _write_workspace(self) -> None:
        text = fill((HERE / "workspace.yaml").read_text(), self._secrets)
        path = self.folder / "workspace.yaml"
        path.touch(mode=0o600)
        path.write_text(text)

    async def _tell_slack(self) -> None:
        """Where the app listens: what a person types into the app's settings at Slack."""
        address = f"{self.bot_url}/slack/events"
        async with Workspace.at(self.slack_url) as workspace:
            await workspace.configure(events_url=address, commands_url=address, interactivity_url=address, socket_mode=self._socket_mode)

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def _python(self, *words: str) -> Sequence[str]:
        return [sys.executable, "-m", *words]

    def _towpath(self, *words: str) -> Sequence[str]:
        return [str(Path(sys.executable).with_name("towpath")), *words]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `{{name}}` replaced."""
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return text
