"""The bot's settings: from the environment, or from a file for each secret (`NAME_FILE`). A wrong one stops the start, named and with its fix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bot.links import BadGitWeb, GitWeb

SECRETS = ("slack_bot_token", "slack_signing_secret", "slack_app_token", "redis_url", "towpath_webhook_secret")

FIXES = {
    "slack_bot_token": "the bot token of your app (xoxb-...), from OAuth & Permissions on api.slack.com/apps",
    "slack_signing_secret": "the signing secret, from Basic Information on api.slack.com/apps; or set SLACK_APP_TOKEN for Socket Mode",
    "slack_app_token": "an app-level token with connections:write (xapp-...), from Basic Information on api.slack.com/apps",
    "slack_api_url": "the address of Slack's Web API; leave it out for https://slack.com/api/",
    "redis_url": "the address of Redis, such as redis://127.0.0.1:6379/0",
    "towpath_keys": "the folder that `towpath init` made, with the files bot, links and repo_id",
    "towpath_public_url": "the address at which people's browsers reach this bot, such as https://towpath.example.com",
    "towpath_host": "the address to listen at, such as 127.0.0.1 or 0.0.0.0",
    "towpath_port": "the port to listen at, such as 3000",
    "towpath_webhook_secret": "the secret that you gave the Git host for its push webhook, at least 16 characters",
    "towpath_git_web": "a kind and an address, such as `github https://github.com/org/repo` (kinds: github, gitlab, gitea, gitweb, klaus)",
}


class BadSettings(ValueError):
    """Some settings are missing or wrong: one line for each, with the fix. Values are never shown."""


class _SecretFiles(PydanticBaseSettingsSource):
    """Secrets in files: `SLACK_BOT_TOKEN_FILE=/run/secrets/token`."""

    def __init__(self, settings_cls: type[BaseSettings], environment: dict[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._environment = environment

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self._environment.get(f"{field_name}_file")
        if not path or field_name not in SECRETS:
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as exc:
            raise BadSettings(f"{field_name.upper()}_FILE: it names a file that cannot be read ({type(exc).__name__})") from exc

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Every setting of the bot. `Settings.load()` reads them."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    slack_bot_token: SecretStr
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    redis_url: SecretStr
    towpath_keys: Path
    towpath_public_url: str
    towpath_host: str = "127.0.0.1"
    towpath_port: int = 3000
    towpath_git_web: str | None = None
    towpath_webhook_secret: SecretStr | None = None

    @classmethod
    def load(cls) -> Settings:
        """The settings of this process. Raises BadSettings."""
        try:
            return cls()  # type: ignore[call-arg]  # The environment gives them.
        except ValidationError as exc:
            raise BadSettings("\n".join(_lines(exc))) from exc

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the files it names."""
        if not isinstance(env_settings, EnvSettingsSource):
            raise TypeError("the environment is not where it is expected")
        return init_settings, env_settings, _SecretFiles(settings_cls, dict(env_settings.env_vars))

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr) -> SecretStr:
        return _like(r"xox[be](\.xox[bp])?-[\w-]{3,}", value)

    @field_validator("slack_app_token")
    @classmethod
    def _app_token(cls, value: SecretStr | None) -> SecretStr | None:
        return value and _like(r"xapp-[\w-]{3,}", value)

    @field_validator("towpath_webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else _like(r"[!-~][ -~]{14,198}[!-~]", value)

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: SecretStr) -> SecretStr:
        return _like(r"(rediss?|unix)://\S+", value)

    @field_validator("slack_api_url", "towpath_public_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[\w.\[\]:-]+(/\S*)?", value, re.ASCII):
            raise ValueError("not an address")
        return value.rstrip("/")

    @field_validator("towpath_port")
    @classmethod
    def _port(cls, value: int) -> int:
        if not 0 <= value < 65536:
            raise ValueError("not a port")
        return value

    @field_validator("towpath_git_web")
    @classmethod
    def _git_web(cls, value: str | None) -> str | None:
        try:
            GitWeb.read(value)
        except BadGitWeb as exc:
            raise ValueError("not a Git host") from exc
        return value

    @model_validator(mode="after")
    def _a_way_in(self) -> Settings:
        if self.slack_signing_secret is None and self.slack_app_token is None:
            raise ValueError("slack_signing_secret")
        return self


def _like(pattern: str, value: SecretStr) -> SecretStr:
    if not re.fullmatch(pattern, value.get_secret_value(), re.ASCII):
        raise ValueError("not of the right form")
    return value


def _lines(exc: ValidationError) -> list[str]:
    lines = []
    for error in exc.errors(include_input=False, include_url=False):
        name = str(error["loc"][0]) if error["loc"] else "slack_signing_secret"
        word = "is missing" if error["type"] == "missing" or not error["loc"] else "is wrong"
        lines.append(f"{name.upper()} {word}: it is {FIXES[name]}")
    return lines
