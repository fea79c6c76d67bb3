"""Why Git, SSH or HTTPS did not get through, by their own words: the exact setting in place of a general one."""

from __future__ import annotations

import re

from workers.adapters import web

_KNOWN: tuple[tuple[str, str], ...] = (
    (r"certificate verif|unable to get local issuer|self.signed certificate|certificate problem", web.PRIVATE_CA),
    (r"response 407|Proxy Authentication|\b407\b", web.PROXY_LOGIN),
    (
        r"resolve proxy|CONNECT tunnel failed|proxy CONNECT aborted|after CONNECT|proxy makes no connection",
        "Correct HTTPS_PROXY, or let the proxy pass CONNECT to that host.",
    ),
    (
        r"Host key verification failed",
        "Put the host's key, compared with what the host publishes, into the file of UserKnownHostsFile: docs/install/git-hosts.md, Deploy key.",
    ),
    (
        r"Permission denied \(publickey|UNPROTECTED PRIVATE KEY|Load key",
        "Give the deploy key with GIT_SSH_COMMAND='ssh -i FILE -o IdentitiesOnly=yes ...' (the file with mode 0600), and add its public half "
        "with write access at the host: docs/install/git-hosts.md, Deploy key.",
    ),
    (
        r"Authentication failed|could not read (Username|Password)|terminal prompts disabled|HTTP 40[13]|error: 40[13]",
        "Give Git a credential: in TOWPATH_REPOSITORY (https://USER:TOKEN@HOST/...), by a GitHub App, a deploy key, or the host's credential "
        "helper with TOWPATH_GIT_CONFIG=host: docs/install/git-hosts.md.",
    ),
    (r"Could not resolve host", "Correct the host's name in TOWPATH_REPOSITORY, or set HTTPS_PROXY where there is no name service for it."),
)


def better(exc: Exception) -> str | None:
    """The fix that an error brings with it or that its words tell; None when they tell nothing."""
    own = getattr(exc, "fix", None)
    if isinstance(own, str):
        return own
    return next((fix for words, fix in _KNOWN if re.search(words, str(exc), re.IGNORECASE)), None)
