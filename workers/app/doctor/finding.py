"""What every check has in common: the installation that is looked at, and a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.app.place import place
from workers.app.settings import Settings
from workers.domain import policy

WRONG_KEYS = "Set TOWPATH_KEYS to the folder of keys that `towpath init` made for this repository."
SLACK = "https://slack.com/api/"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` is None when it is as it must be."""

    name: str
    says: str
    fix: str | None = None


@dataclass
class Patient:
    """The installation. `rules` is its policy, once it was read."""

    settings: Settings
    environ: Mapping[str, str]
    rules: policy.Policy | None = None

    _mirror: Mirror | None = field(default=None, repr=False)

    @property
    def mirror(self) -> Mirror:
        """The mirror of the lane that writes."""
        self._mirror = self._mirror or place(self.settings).mirror("changes")
        return self._mirror

    @property
    def source(self) -> GitSource:
        """The source branch as the mirror has it."""
        return place(self.settings).source(self.mirror)

    @property
    def public(self) -> str:
        """The writer's public key. Raises OSError."""
        return (self.settings.towpath_keys / "writer.pub").read_text()

    @property
    def slack_url(self) -> str:
        """Where Slack's Web API is, with a slash at the end."""
        return (self.environ.get("SLACK_API_URL") or SLACK).rstrip("/") + "/"

    def setting(self, name: str) -> str | None:
        """A setting of the bot's, or the content of the file that `NAME_FILE` names; None when it is not set. Raises OSError."""
        path = self.environ.get(f"{name}_FILE")
        return self.environ.get(name) or (Path(path).read_text("utf-8").strip() if path else None)


Check = Callable[[Patient], Iterator[Finding]]
