"""Settings come from the environment alone; each also as `NAME_FILE`. A missing or wrong one stops the start with its name and the fix."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from workers.adapters.hosts.place import is_safe
from workers.contract.names import BadName, CommitId, RefName

WRONG = 2
"""The exit status of a process that cannot start before somebody mends its settings."""


class BadSettings(ValueError):
    """Settings are missing or wrong: `lines` name each one and say how to mend it. Values are never shown."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


def data_folder() -> Path:
    """Where mirrors and the store lie unless TOWPATH_DATA says otherwise."""
    given = os.environ.get("TOWPATH_DATA")
    return Path(given) if given else Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "towpath"


class GitSettings(BaseModel):
    """What everything needs that reads or writes the shared repository."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    towpath_repository: SecretStr = Field(description="any Git URL of the shared repository, such as git@github.com:bank/models.git")
    towpath_keys: Path = Field(description="the folder of keys that `towpath init` makes")
    towpath_data: Path = Field(
        default_factory=data_folder,
        description="a folder on a disk that lasts, for the mirrors and the store of artifacts",
    )
    towpath_source_branch: str = Field(default="main", description="the branch of people and CI, such as main")
    towpath_ledger_branch: str = Field(default="towpath", description="the branch that only Towpath writes, such as towpath")
    towpath_ledger_head: str | None = Field(
        default=None, description="the ledger's head (a commit id that you know from Slack), for a first start with a mirror that was lost"
    )
    towpath_witness: SecretStr | None = Field(
        default=None, description="any Git URL of a second repository that gets each head of the ledger and is compared with it"
    )
    towpath_git_config: Literal["ours", "host"] = Field(
        default="ours", description="ours: ignore this host's Git configuration; host: use it, for credential helpers and proxies"
    )
    towpath_trust: str | None = Field(
        default=None, description="the fingerprint of the key that began the ledger, SHA256:..., as `towpath init` printed it"
    )
    towpath_host_token: SecretStr | None = Field(
        default=None, description="a token that may read the rules of the Git host, for `towpath doctor`; docs/install/git-hosts.md"
    )
    towpath_status_token: SecretStr | None = Field(
        default=None,
        description="a token that may read commit statuses of the Git host, for the gate commit-status; docs/install/git-hosts.md",
    )
    towpath_github_app_id: str | None = Field(
        default=None, description="the App ID (or client ID) of your GitHub App, a number such as 123456"
    )
    towpath_github_app_key: SecretStr | None = Field(
        default=None, description="the private key of your GitHub App, the PEM file that GitHub made"
    )
    towpath_github_installation: str | None = Field(
        default=None, description="the number of the app's installation; left out, it is looked up"
    )
    towpath_github_api: str | None = Field(default=None, description="the https address of GitHub's API, such as https://HOST/api/v3")
    towpath_lfs_url: SecretStr | None = Field(
        default=None, description="the address of the repository's LFS server, such as https://user:token@host/org/models.git/info/lfs"
    )
    towpath_store_limit: int = Field(default=20 * 10**9, description="how much the store of artifacts may hold, such as 20GB")
    towpath_live_rows: Path | None = Field(
        default=None, description="the folder below which the live rows of models lie, for drift; docs/live-rows.md"
    )
    towpath_training_user: str | None = Field(
        default=None, description="a user of this host that trainings run as, or `container`; docs/retraining.md, What runs it"
    )
    towpath_training_network: Literal["none", "host"] = Field(
        default="none", description="none: a training reaches no network; host: it does (a container gets a network of its own)"
    )
    towpath_training_path: str = Field(
        default="/usr/local/bin:/usr/bin:/bin",
        description="the PATH of the commands of trainings, such as /opt/training/bin:/usr/bin:/bin",
    )
    towpath_trainings: Path | None = Field(default=None, description="a folder on a large disk, in which trainings work")
    towpath_ci_token: SecretStr | None = Field(
        default=None, description="a token that may start pipelines of the Git host's CI; docs/retraining.md, What runs it"
    )
    towpath_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("towpath_source_branch", "towpath_ledger_branch")
    @classmethod
    def _branch(cls, value: str) -> str:
        return _read(RefName, value, "not the name of a branch")

    @field_validator("towpath_ledger_head")
    @classmethod
    def _head(cls, value: str | None) -> str | None:
        return _read(CommitId, value, "not a commit id of 40 digits") if value else None

    @field_validator("towpath_trust")
    @classmethod
    def _trust(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", value):
            raise ValueError("not the fingerprint of a key, SHA256:...")
        return value or None

    @field_validator("towpath_github_app_id")
    @classmethod
    def _app_id(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"[\w.]{1,64}", value, re.ASCII):
            raise ValueError("not an id of GitHub's")
        return value

    @field_validator("towpath_github_installation")
    @classmethod
    def _number(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"\d{1,20}", value, re.ASCII):
            raise ValueError("not a number")
        return value

    @field_validator("towpath_github_api")
    @classmethod
    def _api(cls, value: str | None) -> str | None:
        if value and (not is_safe(value) or "@" in value):
            raise ValueError("not an https address")
        return value

    @field_validator("towpath_training_path")
    @classmethod
    def _path(cls, value: str) -> str:
        if not all(part.startswith("/") and part.isprintable() for part in value.split(":")):
            raise ValueError("not absolute folders with colons between them")
        return value

    @field_validator("towpath_trainings")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError("not an absolute path")
        return value

    @field_validator("towpath_host_token", "towpath_status_token", "towpath_ci_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"[!-~]{1,1024}", value.get_secret_value(), re.ASCII):
            raise ValueError("not a token")
        return value

    @field_validator("towpath_store_limit", mode="before")
    @classmethod
    def _limit(cls, value: str) -> int:
        return _bytes(value)

    @field_validator("towpath_log_level", mode="before")
    @classmethod
    def _level(cls, value: str) -> str:
        return value.upper()

    @model_validator(mode="after")
    def _two_branches(self) -> Self:
        if self.towpath_source_branch == self.towpath_ledger_branch:
            raise ValueError("the same branch as TOWPATH_SOURCE_BRANCH")
        return self


class Settings(GitSettings):
    """What every worker process needs."""

    redis_url: SecretStr = Field(description="redis://:password@host:6379/0; every process of an installation shares it")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        url = urlsplit(value.get_secret_value())
        try:
            known = url.scheme in ("redis", "rediss") and bool(url.hostname) and url.port != 0
        except ValueError:
            known = False
        if not known or (not url.path.removeprefix("/").isdecimal() and url.path not in ("", "/")):
            raise ValueError("not an address of a Redis")
        return value


class LookSettings(GitSettings):
    """What somebody needs who only looks: the repository. No keys, no Redis."""

    towpath_keys: Path = Path(os.devnull)
    redis_url: SecretStr = SecretStr("")


Kind = TypeVar("Kind", bound=GitSettings)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises BadSettings."""
    return _load(Settings, os.environ if environ is None else environ)


def load_for_git(environ: Mapping[str, str] | None = None) -> GitSettings:
    """The settings of a command that needs no Redis. Raises BadSettings."""
    return _load(GitSettings, os.environ if environ is None else environ)


def load_to_look(environ: Mapping[str, str]) -> LookSettings:
    """The settings of a command that only looks. Raises BadSettings."""
    return _load(LookSettings, environ)


def describe(name: str, what: str) -> str:
    """One line for a setting that is amiss: `NAME is not set. Set it to ...`."""
    field = Settings.model_fields.get(name.lower())
    return f"{name.upper()} {what}. Set it to {field.description if field else 'a valid value'}."


def _load(kind: type[Kind], environ: Mapping[str, str]) -> Kind:
    names = [name for name in kind.model_fields if environ.get(name.upper()) or environ.get(f"{name.upper()}_FILE")]
    given = {name: environ.get(name.upper()) or _from_file(name.upper(), environ[f"{name.upper()}_FILE"]) for name in names}
    try:
        return kind.model_validate(given)
    except ValidationError as exc:
        raise BadSettings(*(_said(error) for error in exc.errors(include_url=False, include_input=False))) from None


def _said(error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else "towpath_ledger_branch"
    reason = error["msg"].removeprefix("Value error, ")
    return describe(name, "is not set" if error["type"] == "missing" else f"is wrong ({reason})")


def _from_file(name: str, path: str) -> str:
    """`NAME_FILE` names a file that holds NAME: what secret stores of containers give."""
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not text"
        raise BadSettings(f"{name}_FILE names {path}, which cannot be read ({why}). Give it a file that holds {name}.") from None
    if not text:
        raise BadSettings(f"{name}_FILE names {path}, which is empty. Give it a file that holds {name}.")
    return text


def _bytes(text: str) -> int:
    """Bytes in a size such as `500MB`, `20 GB` or `1.5TB`, in powers of 1000."""
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([MGT])B", text.strip(), re.ASCII | re.IGNORECASE)
    size = int(Decimal(match[1]) * 10 ** {"M": 6, "G": 9, "T": 12}[match[2].upper()]) if match else 0
    if size < 10**6:
        raise ValueError("not a size of at least 1MB")
    return size


def _read(kind: type[RefName | CommitId], value: str, otherwise: str) -> str:
    try:
        return kind.read(value)
    except BadName:
        raise ValueError(otherwise) from None
