"""The ways out: which proxy Slack's API, its WebSocket and Git take, and whose certificates are trusted. `slack` and `ledger` then go there."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # CPython has it; the stubs leave it out

from workers.adapters import web
from workers.app.doctor.finding import Finding, Patient

_SOCKET = "wss-primary.slack.com"
_FILES = ("SSL_CERT_FILE", "GIT_SSL_CAINFO")


def look(patient: Patient) -> Iterator[Finding]:
    """Say each way, and what in the environment does not mean what it seems to."""
    environ = patient.environ
    yield from _proxies(environ)
    slack = urlsplit(patient.slack_url)
    yield Finding("network", f"Slack's API goes {way(environ, slack.scheme, slack.hostname or '')}")
    if patient.setting("SLACK_APP_TOKEN"):
        socket = _SOCKET if slack.hostname == "slack.com" else slack.hostname or ""
        yield Finding("network", f"Slack's WebSocket goes {way(environ, slack.scheme, socket)}")
    yield from _git(patient)
    yield from _certificates(environ)


def way(environ: Mapping[str, str], scheme: str, host: str) -> str:
    """`directly`, or through which proxy; its login is never shown."""
    proxies = _named(environ)
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(host, proxies):
        return f"directly to {host}"
    return f"to {host} through the proxy {web.shown(proxy)}"


def _named(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies of an environment by scheme, lower case first, as `urllib`, httpx and libcurl read them; `no` holds NO_PROXY."""
    found = {name[:-6].lower(): value for name, value in environ.items() if name.upper().endswith("_PROXY") and value}
    return found | {name[:-6]: value for name, value in environ.items() if name.endswith("_proxy") and value}


def _proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name, proxy in _named(environ).items():
        if name == "no":
            continue
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if url.scheme not in ("http", "https") or not url.hostname:
            yield Finding(
                "network", f"{name.upper()}_PROXY is not the address of an HTTP proxy", f"Set {name.upper()}_PROXY=http://HOST:PORT."
            )
    if "http" in _named(environ) and "https" not in _named(environ):
        yield Finding(
            "network",
            "HTTP_PROXY is set and HTTPS_PROXY is not: nothing that goes by https takes the proxy",
            "Set HTTPS_PROXY to the same address, for every process.",
        )


def _git(patient: Patient) -> Iterator[Finding]:
    remote = urlsplit(patient.mirror.remote.address)
    if remote.scheme in ("https", "http"):
        configured = patient.mirror.git.run("config", "--get-urlmatch", "http.proxy", patient.mirror.remote.address)
        by_git = configured.out.decode(errors="replace").strip() if configured.good else ""
        if by_git:
            yield Finding(
                "network", f"Git goes to {remote.hostname} through the proxy {web.shown(by_git)} (http.proxy of Git's configuration)"
            )
        else:
            yield Finding("network", f"Git goes {way(patient.environ, remote.scheme, remote.hostname or '')}")
    elif remote.scheme == "ssh" or (not remote.scheme and not patient.mirror.remote.address.startswith("/")):
        yield Finding("network", "Git goes by SSH, which takes no HTTP proxy (ProxyCommand in GIT_SSH_COMMAND if there must be one)")
        yield from _known_hosts(patient.environ)


def _known_hosts(environ: Mapping[str, str]) -> Iterator[Finding]:
    """A host key that is taken unseen is no proof of anything."""
    command = environ.get("GIT_SSH_COMMAND", "")
    if re.search(r"StrictHostKeyChecking[= ]*(no|off|accept-new)\b", command, re.IGNORECASE) or "UserKnownHostsFile=/dev/null" in command:
        yield Finding(
            "network",
            "GIT_SSH_COMMAND lets SSH take any host key",
            "Set GIT_SSH_COMMAND='ssh -i KEY -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=FILE'.",
        )
    for word in re.findall(r"(?:-i\s+|UserKnownHostsFile=)([^\s\"']+)", command):
        if word.startswith("/") and not Path(word).is_file():
            yield Finding("network", f"GIT_SSH_COMMAND names {word}, which is not there", "Put the file there, or correct GIT_SSH_COMMAND.")


def _certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in _FILES:
        if (path := environ.get(name)) and (why := _unusable(path)):
            yield Finding("network", f"{name} names {path}, {why}", f"Set {name} to a PEM file of certificates, or unset it.")
    if (bundle := environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")) and not environ.get("SSL_CERT_FILE"):
        yield Finding(
            "network", "only REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is set, which Towpath does not read", f"Set SSL_CERT_FILE={bundle}"
        )
    if environ.get("GIT_SSL_NO_VERIFY") or environ.get("PYTHONHTTPSVERIFY") == "0":
        yield Finding("network", "the environment turns the check of certificates off", f"Unset GIT_SSL_NO_VERIFY. {web.PRIVATE_CA}")


def _unusable(path: str) -> str | None:
    try:
        ssl.create_default_context(cafile=path)
    except FileNotFoundError:
        return "which is not there"
    except OSError:
        return "which holds no certificates that can be read"
    return None
