"""Addresses that people follow: commits on the Git host, and our own audit pages behind signed links that expire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from workers.contract.names import ArtifactName, CommitId, EnvironmentName, PromotionId

LIFETIME = 7 * 24 * 3600


class BadGitWeb(ValueError):
    """The setting names no Git host that we know."""


@dataclass(frozen=True)
class GitWeb:
    """A Git host's pages: its kind and the repository's address there."""

    kind: str
    root: str

    KINDS: ClassVar[dict[str, str]] = {
        "github": "{root}/commit/{commit}",
        "gitlab": "{root}/-/commit/{commit}",
        "gitea": "{root}/commit/{commit}",
        "gitweb": "{root};a=commit;h={commit}",
        "klaus": "{root}/commit/{commit}/",
    }

    @classmethod
    def read(cls, text: str | None) -> GitWeb | None:
        """`github https://github.com/org/repo`; None stays None. Raises BadGitWeb."""
        if text is None:
            return None
        kind, _, root = text.strip().partition(" ")
        if kind not in cls.KINDS or not re.fullmatch(r"https?://[^\s<>\"']+", root.strip()):
            raise BadGitWeb(f"{text!r} is no Git host; one that works: github https://github.com/org/repo")
        return cls(kind, root.strip().rstrip("/"))

    def commit(self, commit: CommitId) -> str:
        """The address of a commit's page."""
        return self.KINDS[self.kind].format(root=self.root, commit=commit)


class Verdict(Enum):
    """What a token of an audit page is worth."""

    HOLDS = "holds"
    EXPIRED = "expired"
    FORGED = "forged"


class Links:
    """Makes and checks our links."""

    def __init__(self, public_url: str, secret: str, git_web: GitWeb | None) -> None:
        self._public_url = public_url.rstrip("/")
        self._git_web = git_web
        self._serializer = URLSafeTimedSerializer(secret, salt="towpath-audit")

    def commit(self, commit_id: CommitId) -> str | None:
        """The address of a commit on the Git host, if one is known."""
        return self._git_web.commit(commit_id) if self._git_web else None

    def audit(self, promotion_id: PromotionId) -> str:
        """A link to the promotion's page that holds for seven days."""
        return f"{self._public_url}/audit/{promotion_id}?token={self._signed(str(promotion_id))}"

    def drift(self, environment: EnvironmentName, artifact: ArtifactName) -> str:
        """A link to the page of a lane's last drift report that holds for seven days."""
        return f"{self._public_url}/drift/{environment}/{artifact}?token={self._signed(_lane(environment, artifact))}"

    def check(self, promotion: PromotionId, token: str) -> Verdict:
        """Whether the token opens this promotion's page."""
        return self._check(str(promotion), token)

    def check_drift(self, environment: EnvironmentName, artifact: ArtifactName, token: str) -> Verdict:
        """Whether the token opens this lane's page."""
        return self._check(_lane(environment, artifact), token)

    def _signed(self, meant: str) -> str:
        token = self._serializer.dumps(meant)
        return token if isinstance(token, str) else token.decode()

    def _check(self, wanted: str, token: str) -> Verdict:
        try:
            meant = self._serializer.loads(token[:500], max_age=LIFETIME)
        except SignatureExpired:
            return Verdict.EXPIRED
        except BadSignature:
            return Verdict.FORGED
        return Verdict.HOLDS if meant == wanted else Verdict.FORGED


def _lane(environment: EnvironmentName, artifact: ArtifactName) -> str:
    """What a lane's token says: no promotion's id has a space."""
    return f"drift {environment} {artifact}"
