"""From settings to the place that the parts are made for."""

from __future__ import annotations

from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.urls import BadUrl, RemoteUrl
from workers.app.settings import BadSettings, GitSettings, Settings, describe
from workers.tasks.wiring import Place


def place(settings: GitSettings) -> Place:
    """Where everything is. Without Redis for a command that needs none. Raises BadSettings for an address that Git must not be given."""
    repository = settings.towpath_repository.get_secret_value()
    try:
        RemoteUrl.read(repository)
    except BadUrl as exc:
        raise BadSettings(describe("TOWPATH_REPOSITORY", f"is wrong ({exc})")) from None
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
    )


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
