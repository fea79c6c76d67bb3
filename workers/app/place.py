"""From settings to the place that the parts are made for."""

from __future__ import annotations

from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.urls import BadUrl, RemoteUrl
from workers.app.settings import BadSettings, GitSettings, Settings, describe
from workers.tasks.wiring import Place


def place(settings: GitSettings) -> Place:
    """Where everything is. Without Redis for a command that needs none. Raises BadSettings for an address that Git must not be given."""
    repository = settings.towpath_repository.get_secret_value()
    _see(repository, "TOWPATH_REPOSITORY")
    witness = settings.towpath_witness.get_secret_value() if settings.towpath_witness else None
    if witness is not None:
        _see(witness, "TOWPATH_WITNESS")
    return Place(
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
    )


def _see(url: str, name: str) -> None:
    try:
        RemoteUrl.read(url)
    except BadUrl as exc:
        raise BadSettings(describe(name, f"is wrong ({exc})")) from None
