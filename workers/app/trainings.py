"""From settings to the grounds on which trainings run: what they may use, and what they must never see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from workers.adapters.github_app import App, InstallationLogins
from workers.adapters.hosts.place import find
from workers.adapters.pipelines import github
from workers.adapters.pipelines.opening import Grounds
from workers.app.settings import GitSettings
from workers.tasks.wiring import MIRRORED, now

_OF_USERS = (
    ".ssh",
    ".netrc",
    ".git-credentials",
    ".config/git/credentials",
    ".pypirc",
    ".aws",
    ".config/gcloud",
    ".kube",
    ".docker/config.json",
)


def grounds(settings: GitSettings, address: str, app: App | None, environ: Mapping[str, str]) -> Grounds:
    """The grounds; `address` is the repository's, without its credentials."""
    token = settings.towpath_ci_token
    return Grounds(
        folder=settings.towpath_trainings or settings.towpath_data / "trainings",
        user=settings.towpath_training_user,
        network=settings.towpath_training_network,
        path=settings.towpath_training_path,
        private=tuple(_private(settings, environ)),
        hidden=(settings.towpath_data.absolute(),),
        secrets=tuple(_secrets(settings)),
        is_tried_out=address.startswith("/"),
        host=find(address, environ.get("TOWPATH_GIT_WEB")),
        branch=settings.towpath_source_branch,
        token=token.get_secret_value() if token else None,
        logins=InstallationLogins(app, github.PERMISSIONS, now) if app and not token else None,
    )


def _private(settings: GitSettings, environ: Mapping[str, str]) -> Iterator[Path]:
    """Keys, mirrors, the store, every file that a setting names, and where the user that we are keeps credentials."""
    yield settings.towpath_keys.absolute()
    if settings.towpath_keys.is_dir():
        yield from sorted(one.absolute() for one in settings.towpath_keys.iterdir() if one.suffix != ".pub")
    yield settings.towpath_data.absolute() / "store"
    yield from (settings.towpath_data.absolute() / f"mirror-{lane}" for lane in MIRRORED)
    yield from (Path(value).absolute() for name, value in sorted(environ.items()) if name.endswith("_FILE") and value.startswith("/"))
    yield from (Path.home() / name for name in _OF_USERS)


def _secrets(settings: GitSettings) -> Iterator[str]:
    """Each secret of the settings, and the password of each address among them."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            secret = value.get_secret_value()
            password = _password(secret)
            yield from (secret, password, unquote(password)) if password else (secret,)


def _password(text: str) -> str | None:
    try:
        return urlsplit(text).password if "://" in text else None
    except ValueError:
        return None
