"""Secrets that people paste by mistake are struck out before anything is kept, shown or logged."""

from __future__ import annotations

import re
from collections.abc import Iterable

STRUCK = "[secret removed]"

_DASHES = "[-\u2010-\u2015]"
_KEY = re.compile(
    rf"{_DASHES}{{2,9}}\s{{0,5}}BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY.*?(?:END [A-Z0-9 ]{{0,40}}PRIVATE KEY\s{{0,5}}{_DASHES}*|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_TOKENS = re.compile(
    r"""(?xi)
    (?<![a-z0-9])(?:
        xox[a-z](?:\.xox[a-z])?-[a-z0-9-]{6,}     # Slack: bots, users, refresh
      | xapp-[a-z0-9-]{6,}                       # Slack: app level
      | xwfp-[a-z0-9-]{6,}                       # Slack: workflows
      | gh[opusr]_[a-z0-9]{16,}                  # GitHub
      | github_pat_[a-z0-9_]{16,}
      | gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[a-z0-9_.-]{10,}   # GitLab
      | (?:akia|asia)[a-z0-9]{12,}               # AWS access key ids
      | hooks\.slack\.com/[a-z]+/[a-z0-9/_-]{8,}   # Slack: incoming webhooks
      | eyj[a-z0-9_-]{8,}\.[a-z0-9_-]{8,}(?:\.[a-z0-9_-]*)?   # JSON web tokens
    )"""
)
_LOGIN = re.compile(r"(?<=://)[^\s/@:]{0,200}:[^\s/]{1,500}@")


def redact(text: str) -> str:
    """The text with tokens, private keys and logins in addresses struck out. Doing it twice changes nothing more."""
    return _LOGIN.sub(f"{STRUCK}@", _TOKENS.sub(STRUCK, _KEY.sub(STRUCK, text)))


SHORTEST = 6
"""A known secret that is shorter is not looked for: it would strike out half of what people write."""
_KEY_ENDS = re.compile(rf"\A(?:(?!BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY).)*?END [A-Z0-9 ]{{0,40}}PRIVATE KEY\s{{0,5}}{_DASHES}*", re.DOTALL)


def redact_output(text: str, known: Iterable[str]) -> str:
    """What a program printed, without known secrets (each as it is, and each longer line of one), and without what looks like one.

    The text may begin in the middle of a private key.
    """
    pieces = {piece for secret in known for piece in (secret.strip(), *(line.strip() for line in secret.splitlines() if len(line) > 16))}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= SHORTEST:
            text = text.replace(piece, "***")
    return redact(_KEY_ENDS.sub(STRUCK, text))
