"""From settings to the place that the parts are made for."""

from __future__ import annotations

import os
from collections.abc import Mapping

from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.urls import BadUrl, RemoteUrl
from workers.adapters.github_app import App, BadAppKey, read_key
from workers.adapters.hosts.place import github_api, is_safe, split
from workers.app.settings import BadSettings, GitSettings, Settings, describe
from workers.app.trainings import grounds
from workers.tasks.wiring import Place


def place(settings: GitSettings, environ: Mapping[str, str] = os.environ) -> Place:
    """Where everything is. Without Redis for a command that needs none. Raises BadSettings for an address that Git must not be given."""
    repository = settings.towpath_repository.get_secret_value()
    remote = _read(repository, "TOWPATH_REPOSITORY")
    witness = settings.towpath_witness.get_secret_value() if settings.towpath_witness else None
    if witness is not None:
        _read(witness, "TOWPATH_WITNESS")
    app = _app(settings, remote)
    return Place(
        lfs_url=_lfs(settings),
        store_limit=settings.towpath_store_limit,
        redis_url=settings.redis_url.get_secret_value() if isinstance(settings, Settings) else "",
        repository=repository,
        keys=settings.towpath_keys,
        folder=settings.towpath_data,
        source_branch=settings.towpath_source_branch,
        ledger_branch=settings.towpath_ledger_branch,
        configuration=Configuration(settings.towpath_git_config),
        known_head=settings.towpath_ledger_head,
        trust=settings.towpath_trust,
        witness=witness,
        app=app,
        status_token=settings.towpath_status_token.get_secret_value() if settings.towpath_status_token else None,
        trainings=grounds(settings, remote.address, app, environ),
    )


def _read(url: str, name: str) -> RemoteUrl:
    try:
        return RemoteUrl.read(url)
    except BadUrl as exc:
        raise BadSettings(describe(name, f"is wrong ({exc})")) from None


def _app(settings: GitSettings, remote: RemoteUrl) -> App | None:
    """The GitHub App that Git logs in with, if it is set. Raises BadSettings."""
    id_, key = settings.towpath_github_app_id, settings.towpath_github_app_key
    if id_ is None and key is None:
        return None
    if id_ is None or key is None:
        raise BadSettings(describe(f"TOWPATH_GITHUB_APP_{'ID' if id_ is None else 'KEY'}", "is not set, and the other half of it is"))
    try:
        read_key(key.get_secret_value())
    except BadAppKey as exc:
        raise BadSettings(describe("TOWPATH_GITHUB_APP_KEY", f"is wrong ({exc})")) from None
    there = split(remote.address)
    if there is None or not is_safe(remote.address) or remote.secrets or there[1].count("/") != 1:
        raise BadSettings(
            describe("TOWPATH_REPOSITORY", "does not fit TOWPATH_GITHUB_APP_ID (https://HOST/ORG/REPO.git, without a user or token)")
        )
    api = (settings.towpath_github_api or github_api(there[0])).rstrip("/")
    return App(api, id_, key.get_secret_value(), there[1], settings.towpath_github_installation)


def _lfs(settings: GitSettings) -> RemoteUrl | None:
    if settings.towpath_lfs_url is None:
        return None
    try:
        url = RemoteUrl.read(settings.towpath_lfs_url.get_secret_value())
        if not url.address.startswith(("http://", "https://")):
            raise BadUrl("an LFS server has an address with https or http")
    except BadUrl as exc:
        raise BadSettings(describe("TOWPATH_LFS_URL", f"is wrong ({str(exc).replace('the repository', 'an LFS server')})")) from None
    return url
