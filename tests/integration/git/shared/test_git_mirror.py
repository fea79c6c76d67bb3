from __future__ import annotations

import base64
import multiprocessing
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from workers.adapters.git import BadUrl, Configuration, GitLedger, GitSource, Mirror, RemoteUrl
from workers.adapters.git.mirror import HEADS, SOURCE, TAGS
from workers.adapters.git.urls import shown
from workers.contract.names import ActorId, CommitId, RefName
from workers.ports.errors import BadContent, Unreachable
from workers.ports.ledger import Draft

from .people import People, git


def test_branches_and_tags_are_mirrored_and_the_ledger_is_not_mixed_in(mirror: Mirror, people: People) -> None:
    one = people.commit({"a": "1"})
    tag = people.tag("biopsy@v1.0.0")
    two = people.commit({"a": "2"}, branch="topic")
    git(people.remote, "update-ref", "refs/heads/towpath", one)
    mirror.fetch()
    assert mirror.ref(SOURCE) == one
    assert mirror.ref(HEADS + "topic") == two
    assert mirror.ref(TAGS + "biopsy@v1.0.0") == tag
    assert mirror.ref(HEADS + "towpath") is None
    assert mirror.fetch_ledger() == one


def test_what_is_moved_or_deleted_upstream_is_moved_or_deleted_here(mirror: Mirror, people: People) -> None:
    people.commit({"a": "1"})
    people.tag("biopsy@v1.0.0")
    people.tag("biopsy@v2.0.0")
    people.commit({"a": "2"}, branch="topic")
    mirror.fetch()
    moved = people.commit({"a": "3"}, branch="rewritten")
    git(people.remote, "update-ref", "refs/heads/main", moved)
    git(people.remote, "update-ref", "refs/tags/biopsy@v1.0.0", moved)
    git(people.remote, "update-ref", "-d", "refs/tags/biopsy@v2.0.0")
    git(people.remote, "update-ref", "-d", "refs/heads/topic")
    mirror.fetch()
    assert mirror.ref(SOURCE) == mirror.ref(TAGS + "biopsy@v1.0.0") == moved
    assert mirror.ref(TAGS + "biopsy@v2.0.0") is None
    assert mirror.ref(HEADS + "topic") is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_ref_is_where_git_says_however_git_keeps_it(mirror: Mirror, people: People, packed: bool) -> None:
    commit = people.commit({"a": "1"})
    people.tag("biopsy@v1.0.0")
    mirror.fetch()
    mirror.set_ref("refs/towpath/mark", commit)
    git(mirror.folder, "symbolic-ref", "refs/towpath/other", "refs/towpath/mark")
    if packed:
        git(mirror.folder, "pack-refs", "--all")
    names = (SOURCE, TAGS + "biopsy@v1.0.0", "refs/towpath/mark", "refs/towpath/other")
    for name in names:
        assert mirror.ref(name) == git(mirror.folder, "rev-parse", name)
    for missing in ("refs/towpath/mar", "refs/towpath", "towpath/mark", "refs/towpath/mark/x"):
        assert mirror.ref(missing) is None
    mirror.set_ref("refs/towpath/mark", None)
    assert mirror.ref("refs/towpath/mark") is None


def test_an_empty_remote_has_no_source_and_a_deleted_branch_vanishes(mirror: Mirror, people: People, source: GitSource) -> None:
    mirror.fetch()
    with pytest.raises(BadContent, match="no branch main"):
        source.head()
    people.commit({"a": "1"})
    mirror.fetch()
    assert source.head() == people.head()
    git(people.remote, "update-ref", "-d", "refs/heads/main")
    mirror.fetch()
    assert mirror.ref(SOURCE) is None


def test_a_missing_mirror_is_made_and_an_existing_one_is_kept(tmp_path: Path, people: People) -> None:
    head = people.commit({"a": "1"})
    folder = tmp_path / "deep" / "down" / "m.git"
    Mirror(folder, str(people.remote)).fetch()
    assert Mirror(folder, str(people.remote)).ref(SOURCE) == head
    assert not (folder / "hooks").exists()


def test_a_lock_that_a_killed_git_left_behind_is_forgotten(tmp_path: Path, people: People, mirror: Mirror) -> None:
    head = people.commit({"a": "1"})
    for name in ("packed-refs.lock", "refs/towpath/source.lock"):
        lock = mirror.folder / name
        lock.parent.mkdir(exist_ok=True)
        lock.touch()
        os.utime(lock, (0, 0))
    again = Mirror(mirror.folder, str(people.remote))
    again.fetch()
    assert again.ref(SOURCE) == head


@pytest.mark.parametrize("url", ["/nowhere/at/all.git", "file:///nowhere.git", "git://127.0.0.1:9/x.git", "http://127.0.0.1:9/x.git"])
def test_a_remote_that_is_not_there_is_unreachable(tmp_path: Path, url: str) -> None:
    mirror = Mirror(tmp_path / "m.git", url)
    with pytest.raises(Unreachable):
        mirror.fetch()
    with pytest.raises(Unreachable):
        mirror.fetch_ledger()


def test_a_remote_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        mirror = Mirror(tmp_path / "m.git", f"git://127.0.0.1:{port}/x.git", patience=0.3)
        with pytest.raises(Unreachable):
            mirror.fetch_ledger()


def _fetch(folder: Path, url: str, source_branch: str) -> None:
    for _ in range(3):
        Mirror(folder, url, source_branch).fetch()


def test_several_processes_make_and_fetch_one_mirror(tmp_path: Path, people: People) -> None:
    for n in range(3):
        people.commit({"a": str(n)}, branch=f"b{n}")
        people.tag(f"biopsy@v{n}.0.0")
    head = people.commit({"a": "last"})
    start = multiprocessing.get_context("fork").Process
    ones = [start(target=_fetch, args=(tmp_path / "m.git", str(people.remote), "main")) for _ in range(3)]
    for one in ones:
        one.start()
    for one in ones:
        one.join(60)
    assert [one.exitcode for one in ones] == [0, 0, 0]
    assert Mirror(tmp_path / "m.git", str(people.remote)).ref(SOURCE) == head
    git(tmp_path / "m.git", "fsck", "--strict")


def _odd_tree(people: People, name: str) -> str:
    blob = git(people.work, "hash-object", "-w", "--stdin", given=b"x")
    raw = b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob)
    return git(people.work, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=raw)


@pytest.mark.parametrize("name", ["..", ".git"])
def test_unsound_objects_on_the_source_branch_are_not_taken_over(mirror: Mirror, people: People, name: str) -> None:
    head = people.commit({"a": "1"})
    mirror.fetch()
    people.commit_tree(_odd_tree(people, name))
    with pytest.raises(BadContent, match="cannot be taken over"):
        mirror.fetch()
    assert mirror.ref(SOURCE) == head


def test_unsound_objects_elsewhere_stop_nobody(mirror: Mirror, people: People, source: GitSource) -> None:
    people.commit({"a": "1"})
    mirror.fetch()
    people.commit_tree(_odd_tree(people, ".."), branch="hostile")
    head = people.commit({"a": "2"})
    source.fetch()
    assert source.resolve(RefName.read("main")) == head
    people.tag("biopsy@v1.0.0")
    mirror.fetch()
    assert mirror.ref(SOURCE) == head
    assert mirror.ref(TAGS + "biopsy@v1.0.0")
    assert mirror.left_out == ("branches",)
    assert any("branches" in oddity.what for oddity in source.oddities())


HOSTILE = [
    "ext::sh -c touch% /tmp/x", "ext::sh", "fd::17", "--upload-pack=touch", "-oProxyCommand=x", "", "relative/path", "a b", "x\ny",
    "https://", "file://host/x", "ext://sh", "ssh://-oProxyCommand=x/y", "ssh://git:secret@host/x", "host:-x",
    "https://user:pa%0ass@host/x", "http://[::1/x", "data:text/plain,x y", "-x:y",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_addresses_never_reach_git(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadUrl):
        Mirror(tmp_path / "m.git", url)
    assert not (tmp_path / "m.git").exists()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("/srv/repo.git", "/srv/repo.git"),
        ("git@github.com:org/repo.git", "git@github.com:org/repo.git"),
        ("ssh://git@host:2222/org/repo", "ssh://git@host:2222/org/repo"),
        ("https://host:8443/org/repo.git?token=1#x", "https://host:8443/org/repo.git"),
        ("https://dana:s3cret@host/org/repo", "https://host/org/repo"),
        ("http://t0ken@[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_an_address_is_kept_without_its_credentials(url: str, address: str) -> None:
    read = RemoteUrl.read(url)
    assert read.address == address
    assert "s3cret" not in repr(read)


def test_words_are_shown_without_logins_secrets_and_control_characters() -> None:
    words = "fatal: https://u:p@host/x \x1b[31mfailed\n with s3cret " + "y" * 400
    assert shown(words, ("s3cret",), 60) == "fatal: https://host/x [31mfailed with *** " + "y" * 17 + "…"


def test_branch_names_that_are_options_are_refused(tmp_path: Path, people: People) -> None:
    with pytest.raises(ValueError):
        Mirror(tmp_path / "m.git", str(people.remote), source_branch="--upload-pack=touch /tmp/x")
    with pytest.raises(ValueError):
        RefName.read("main:refs/heads/other")


class _Guarded(SimpleHTTPRequestHandler):
    """A repository as plain files, for those who know the password."""

    wanted = "Basic " + base64.b64encode(b"dana:s3cret").decode()

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != self.wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def guarded(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Guarded, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("configuration", list(Configuration))
def test_credentials_reach_their_site_and_no_command_line(tmp_path: Path, people: People, configuration: Configuration) -> None:
    head = people.commit({"a": "1"})
    git(people.remote, "update-server-info")
    with guarded(tmp_path) as site:
        mirror = Mirror(tmp_path / "m.git", f"http://dana:s3cret@{site}/remote.git", configuration=configuration)
        mirror.fetch()
        assert mirror.ref(SOURCE) == head
        assert "s3cret" not in (tmp_path / "m.git" / "config").read_text()
        wrong = Mirror(tmp_path / "w.git", f"http://dana:wr0ng@{site}/remote.git", configuration=configuration)
        with pytest.raises(Unreachable) as told:
            wrong.fetch()
    assert "wr0ng" not in str(told.value)


def test_the_users_configuration_counts_only_when_asked_for(tmp_path: Path, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    head = people.commit({"a": "1"})
    (tmp_path / ".gitconfig").write_text(f'[url "{people.remote}"]\n\tinsteadOf = https://shared.invalid/repo\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    theirs = Mirror(tmp_path / "theirs.git", "https://shared.invalid/repo", configuration=Configuration.HOST)
    theirs.fetch()
    assert theirs.ref(SOURCE) == head
    with pytest.raises(Unreachable):
        Mirror(tmp_path / "ours.git", "https://shared.invalid/repo", patience=5).fetch()


def test_what_a_parent_process_left_in_the_environment_leads_nowhere(
    tmp_path: Path, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = people.commit({"a": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "never")
    monkeypatch.setenv("GIT_NAMESPACE", "other")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    mirror = Mirror(tmp_path / "m.git", str(people.remote))
    mirror.fetch()
    assert mirror.ref(SOURCE) == head
    assert mirror.objects.read(head, "commit").startswith(b"tree ")
    assert not (tmp_path / "objects").exists()
    assert not (tmp_path / "trace").exists()


def test_a_littered_mirror_is_packed_while_others_read(people: People, mirror: Mirror, ledger: GitLedger) -> None:
    people.commit({"a": "1"})
    head = git(people.work, "rev-parse", "HEAD")
    names = "".join(f"create refs/tags/t{number} {head}\n" for number in range(1200))
    git(people.remote, "update-ref", "--stdin", given=names.encode())
    assert mirror.tidy() is False
    mirror.fetch()
    built: list[CommitId] = []
    for number in range(60):
        drafts = [Draft({"a": b"%d" % at}, "x\n", ActorId.read("U024BE7LH@T061EG9R6"), "2026-11-23T08:00:00.000Z") for at in range(40)]
        built += ledger.build(built[-1] if built else None, drafts)
        mirror.objects.write()
        assert ledger.read(built[-1], "a") == b"39", number
    assert mirror.tidy() is True
    assert mirror.tidy() is False
    assert [ledger.read(commit, "a") for commit in built[:40]] == [b"%d" % at for at in range(40)]
    assert len(list((mirror.folder / "objects/pack").glob("*.pack"))) < 10
    assert mirror.ref("refs/tags/t1199") == head
