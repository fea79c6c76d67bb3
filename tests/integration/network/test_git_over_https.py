"""Git through a company's proxy and with its private authority, as the environment names them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.git.shared.people import People
from workers.adapters.git import GitSource, Mirror
from workers.adapters.git.mirror import SOURCE
from workers.adapters.git.pushing import push
from workers.app.doctor.causes import better
from workers.ports.errors import Unreachable

from .servers import HOST, GitHost, authority, proxy, serving

URL = f"https://{HOST}/remote.git"


@pytest.fixture
def people(tmp_path: Path) -> People:
    people = People(tmp_path / "people")
    people.commit({"a": "1"})
    return people


@pytest.fixture
def company(tmp_path: Path, people: People, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, int]]:
    """The authority's file, and the port where the Git host is."""
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    certificate, context = authority(tmp_path, HOST)
    with serving(GitHost(people.remote.parent).handler(), context) as port:
        yield certificate, port


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "GIT_SSL_CAINFO"])
def test_git_goes_by_the_proxy_and_trusts_the_private_authority(
    company: tuple[Path, int], people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    certificate, port = company
    with proxy({f"{HOST}:443": port}) as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", address)
        monkeypatch.setenv(name, str(certificate))
        mirror = Mirror(tmp_path / "m.git", URL)
        GitSource(mirror, tmp_path / "store").fetch()
        assert mirror.ref(SOURCE) == people.head()
        people.remote.joinpath("config").open("a").write("[http]\n\treceivepack = true\n")
        assert push(mirror, {"refs/heads/towpath": people.head()}).accepted
        assert people.at("refs/heads/towpath") == people.head()
    assert set(asked) == {f"CONNECT {HOST}:443 HTTP/1.1"}


def test_a_certificate_of_an_authority_that_nobody_named_is_refused_with_the_setting(
    company: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy({f"{HOST}:443": company[1]}) as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", address)
        with pytest.raises(Unreachable) as told:
            Mirror(tmp_path / "m.git", URL).fetch_ledger()
    assert (better(told.value) or "").startswith("Set SSL_CERT_FILE to a PEM file")


def test_a_proxy_that_wants_a_login_is_told_and_gets_it(
    company: tuple[Path, int], people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, port = company
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with proxy({f"{HOST}:443": port}, "towpath:hunter2") as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", address.replace("towpath:hunter2@", ""))
        with pytest.raises(Unreachable) as told:
            Mirror(tmp_path / "m.git", URL).fetch_ledger()
        assert "HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT" in (better(told.value) or "")
        monkeypatch.setenv("HTTPS_PROXY", address)
        mirror = Mirror(tmp_path / "n.git", URL)
        mirror.fetch()
        assert mirror.ref(SOURCE) == people.head()


def test_a_host_that_the_proxy_does_not_let_through(company: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy({}) as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", address)
        with pytest.raises(Unreachable) as told:
            Mirror(tmp_path / "m.git", URL).fetch_ledger()
        assert "CONNECT" in (better(told.value) or "")
        monkeypatch.setenv("NO_PROXY", HOST)
        before = len(asked)
        with pytest.raises(Unreachable, match="resolve host"):
            Mirror(tmp_path / "m.git", URL).fetch_ledger()
        assert len(asked) == before
