"""Settings come from the environment alone; each secret also as `NAME_FILE`. A missing or wrong one stops the start with its name and the fix."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workers.adapters.git.plumbing import Configuration
from workers.tasks.wiring import Place


def data_folder() -> Path:
    """Where mirrors and the store lie unless TOWPATH_DATA says otherwise."""
    given = os.environ.get("TOWPATH_DATA")
    return Path(given) if given else Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "towpath"


class BadSettings(SystemExit):
    """A setting is missing or wrong. The message names it and says how to mend it."""

    def __init__(self, text: str) -> None:
        super().__init__(f"towpath: {text}")


class Settings(BaseSettings):
    """What every worker process needs."""

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore", frozen=True)

    redis_url: SecretStr = Field(description="redis://:password@host:6379/0; every process of an installation shares it")
    towpath_repository: SecretStr = Field(description="any Git URL of the shared repository, such as git@github.com:bank/models.git")
    towpath_keys: Path = Field(description="the folder of keys that `towpath init` makes")
    towpath_data: Path = Field(
        default_factory=data_folder,
        description="a folder on a disk that lasts, for the mirrors and the store of artifacts",
    )
    towpath_source_branch: str = Field(default="main", description="the branch of people and CI")
    towpath_ledger_branch: str = Field(default="towpath", description="the branch that only Towpath writes")
    towpath_ledger_head: str | None = Field(
        default=None, description="the ledger's head (a commit id that you know from Slack), for a first start with a mirror that was lost"
    )
    towpath_git_config: Literal["ours", "host"] = Field(
        default="ours", description="ours: ignore this host's Git configuration; host: use it, for credential helpers and proxies"
    )
    towpath_log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")

    @property
    def place(self) -> Place:
        """The settings as the wiring takes them."""
        return Place(
            redis_url=self.redis_url.get_secret_value(),
            repository=self.towpath_repository.get_secret_value(),
            keys=self.towpath_keys,
            folder=self.towpath_data,
            source_branch=self.towpath_source_branch,
            ledger_branch=self.towpath_ledger_branch,
            configuration=Configuration(self.towpath_git_config),
            known_head=self.towpath_ledger_head,
        )


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises BadSettings."""
    given = _with_files(dict(os.environ if environ is None else environ))
    known = {name: given[name.upper()] for name in Settings.model_fields if given.get(name.upper())}
    try:
        return Settings.model_validate(known)
    except ValidationError as exc:
        first = exc.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "the settings"
        field = Settings.model_fields.get(name)
        says = "is not set" if first["type"] == "missing" else f"is wrong ({first['msg']})"
        raise BadSettings(f"{name.upper()} {says}. Set it to {field.description if field else 'a valid value'}.") from None


def _with_files(given: dict[str, str]) -> dict[str, str]:
    """`NAME_FILE` names a file that holds NAME: what secret stores of containers give."""
    for name in [name for name in given if name.endswith("_FILE") and name.removesuffix("_FILE") not in given]:
        plain = name.removesuffix("_FILE")
        if plain.lower() in Settings.model_fields:
            try:
                given[plain] = Path(given[name]).read_text().strip()
            except OSError as exc:
                raise BadSettings(
                    f"{name} names {given[name]}, which cannot be read ({exc.strerror}). Give it a file that holds {plain}."
                ) from None
    return given
