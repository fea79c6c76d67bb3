"""What the bot reads of the keys folder: its own signing key, the secret of links, the repository's id. Nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from workers.contract.signatures import BadKey, SigningKey


class BadKeysFolder(ValueError):
    """The folder TOWPATH_KEYS lacks something or holds something wrong; the message names the file and the fix."""


@dataclass(frozen=True)
class Keys:
    """The bot's key, the links' secret, and the id of the repository that envelopes are meant for."""

    bot: SigningKey
    links: str = field(repr=False)
    repo_id: str

    @classmethod
    def load(cls, folder: Path) -> Keys:
        """Read the files `bot`, `links` and `repo_id`. Raises BadKeysFolder."""
        repo_id = _text(folder / "repo_id")
        if not re.fullmatch(r"[A-Za-z0-9._:-]{8,128}", repo_id):
            raise BadKeysFolder(f"{folder / 'repo_id'} holds no repository id: run `towpath init`")
        links = _text(folder / "links")
        if len(links) < 16:
            raise BadKeysFolder(f"{folder / 'links'} is too short for a secret: put 32 random characters in it")
        return cls(_signing_key(folder / "bot"), links, repo_id)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadKeysFolder(f"{path} cannot be read ({type(exc).__name__}): run `towpath init`, or mount the keys folder") from exc


def _signing_key(path: Path) -> SigningKey:
    text = _text(path)
    if path.stat().st_mode & 0o077:
        raise BadKeysFolder(f"{path} can be read by others: chmod 600 {path}")
    try:
        return SigningKey.load(text.encode() + b"\n")
    except BadKey as exc:
        raise BadKeysFolder(f"{path} is {exc}: run `towpath init`") from exc
