"""Large files on their way to an LFS server, or into the store of a repository on this host: whole, once, and never to a stranger with our login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.adapters.git.lfs import Pointer, Remote, opened, read
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.urls import RemoteUrl
from workers.ports.errors import Unreachable

from .lfs_server import Answering, LfsServer, denies, pointer, says, serving
from .people import People

CONTENT = bytes(range(256)) * 8192
PATH = "models/biopsy/model.onnx"
POINTER = read(pointer(CONTENT).encode())


@pytest.fixture
def lfs() -> Iterator[LfsServer]:
    with serving(LfsServer()) as server:
        yield server


def place(lfs: LfsServer, login: str = "") -> Remote:
    url = lfs.url.replace("http://", f"http://{login}@") if login else lfs.url
    return opened(RemoteUrl.read(url), None)


def pieces() -> Iterator[bytes]:
    for at in range(0, len(CONTENT), 100_000):
        yield CONTENT[at : at + 100_000]


def test_an_object_is_asked_for_put_and_asked_after(lfs: LfsServer) -> None:
    place(lfs).send(POINTER, PATH, pieces)
    assert lfs.objects == {POINTER.sha256: CONTENT}
    assert lfs.verified == [POINTER.sha256]
    (_, _, headers, asked), (put, _, sent, _), (after, _, _, _) = lfs.seen
    assert (put, after) == ("PUT", "POST")
    assert asked["operation"] == "upload"
    assert asked["objects"] == [{"oid": POINTER.sha256, "size": len(CONTENT)}]
    assert headers["accept"] == "application/vnd.git-lfs+json"
    assert sent["content-length"] == str(len(CONTENT))
    assert sent["content-type"] == "application/octet-stream"


def test_what_the_server_has_is_not_sent(lfs: LfsServer) -> None:
    lfs.hold(CONTENT)
    place(lfs).send(POINTER, PATH, pieces)
    assert lfs.asked("PUT") == []


def test_a_server_that_wants_chunks_gets_them(lfs: LfsServer) -> None:
    lfs.header = {"Transfer-Encoding": "chunked", "Authorization": "Bearer given"}
    place(lfs, "ana:secret").send(POINTER, PATH, pieces)
    assert lfs.objects[POINTER.sha256] == CONTENT
    (sent,) = lfs.asked("PUT")
    assert sent["transfer-encoding"] == "chunked"
    assert "content-length" not in sent
    assert sent["authorization"] == "Bearer given"


def test_our_login_goes_to_the_servers_own_site_alone(lfs: LfsServer) -> None:
    lfs.login = "ana:secret"
    with serving(LfsServer()) as other:
        lfs.other = other
        place(lfs, "ana:secret").send(POINTER, PATH, pieces)
        (sent,) = other.asked("PUT")
        assert "authorization" not in sent
        assert other.objects[POINTER.sha256] == CONTENT
    assert all("authorization" in headers for headers in lfs.asked("POST"))


def breaks(answering: Answering) -> None:
    answering.close_connection = True
    answering.connection.close()


def test_a_connection_that_breaks_is_tried_once_more(lfs: LfsServer) -> None:
    lfs.upload = [breaks]
    place(lfs).send(POINTER, PATH, pieces)
    assert lfs.objects[POINTER.sha256] == CONTENT
    lfs.objects.clear()
    lfs.upload = [breaks, breaks]
    with pytest.raises(Unreachable, match="sending"):
        place(lfs).send(POINTER, PATH, pieces)


@pytest.mark.parametrize(
    ("status", "words"), [(403, "does not let Towpath write"), (413, "does not take"), (507, "has no room"), (307, "does not take")]
)
def test_a_server_that_says_no(lfs: LfsServer, status: int, words: str) -> None:
    lfs.upload = [says(status, {"message": "no"}, Location="http://127.0.0.1:1/")]
    with pytest.raises(Refusals, match=words):
        place(lfs).send(POINTER, PATH, pieces)


def test_errors_of_the_batch(lfs: LfsServer) -> None:
    lfs.batch = [denies(422, "too large")]
    with pytest.raises(Refusals, match=r"does not take .*: it answers 422: too large"):
        place(lfs).send(POINTER, PATH, pieces)
    lfs.batch = [denies(503, "later")]
    with pytest.raises(Unreachable):
        place(lfs).send(POINTER, PATH, pieces)
    lfs.batch = [says(500, {})]
    with pytest.raises(Unreachable):
        place(lfs).send(POINTER, PATH, pieces)
    lfs.batch = [says(401, {"message": "who are you"})]
    with pytest.raises(Refusals, match="TOWPATH_LFS_URL"):
        place(lfs).send(POINTER, PATH, pieces)


def test_what_was_changed_on_the_way_is_not_taken(lfs: LfsServer) -> None:
    with pytest.raises(Refusals, match="does not take"):
        place(lfs).send(POINTER, PATH, lambda: iter([b"x" * len(CONTENT)]))
    assert lfs.objects == {}


def test_into_the_store_of_a_repository_on_this_host(people: People) -> None:
    store = opened(RemoteUrl.read(str(people.remote)), None)
    store.send(POINTER, PATH, pieces)
    store.send(POINTER, PATH, pieces)
    assert b"".join(store.pieces(POINTER, PATH)) == CONTENT
    kept = [path for path in Path(people.remote, "lfs").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [POINTER.sha256]
    other = Pointer("0" * 64, 3)
    with pytest.raises(Refusals, match="was changed while it was sent"):
        store.send(other, PATH, lambda: iter([b"abc"]))
    assert [path for path in Path(people.remote, "lfs").rglob("*") if path.is_file()] == kept


def test_a_repository_whose_address_does_not_say_where(people: People) -> None:
    with pytest.raises(Refusals, match="TOWPATH_LFS_URL"):
        opened(RemoteUrl.read("git@example.com:bank/models.git"), None).send(POINTER, PATH, pieces)
