"""Large files by the batch API of an LFS server, over real HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest

from workers.adapters.git.lfs import LargeFiles, Pointer, opened, read
from workers.adapters.git.lfs.api import Server
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.store import Store
from workers.adapters.git.urls import RemoteUrl
from workers.ports.errors import Unreachable

from .lfs_server import Fault, LfsServer, breaks_off, denies, gives, pointer, says, sends_to, serving

CONTENT = bytes(range(256)) * 4096
PATH = "models/biopsy/model.onnx"
POINTER = read(pointer(CONTENT).encode())


@pytest.fixture
def lfs() -> Iterator[LfsServer]:
    with serving(LfsServer()) as server:
        server.hold(CONTENT)
        yield server


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("kept") / "store")


def large(lfs: LfsServer, store: Store, login: str = "") -> LargeFiles:
    """As wired for a repository at that address."""
    url = lfs.url.replace("http://", f"http://{login}@") if login else lfs.url
    return LargeFiles(opened(RemoteUrl.read(url), None), store)


def test_an_object_is_asked_for_and_brought(lfs: LfsServer, store: Store) -> None:
    assert large(lfs, store).content(POINTER, PATH) == CONTENT
    (method, path, headers, asked), (_, where, _, _) = lfs.seen
    assert (method, path) == ("POST", "/bank/models.git/info/lfs/objects/batch")
    assert headers["accept"] == headers["content-type"] == "application/vnd.git-lfs+json"
    assert asked["operation"] == "download" and asked["transfers"] == ["basic"] and asked["hash_algo"] == "sha256"
    assert asked["objects"] == [{"oid": POINTER.sha256, "size": len(CONTENT)}]
    assert where.endswith(POINTER.sha256)


@pytest.mark.parametrize("address", ["{}", "{}/", "{}.git", "{}.git/"])
def test_the_server_is_found_from_the_repositorys_address(lfs: LfsServer, store: Store, address: str) -> None:
    place = opened(RemoteUrl.read(address.format(lfs.url)), None)
    assert LargeFiles(place, store).content(POINTER, PATH) == CONTENT


def test_the_operators_server_counts_for_any_repository(lfs: LfsServer, store: Store) -> None:
    own = RemoteUrl.read(f"{lfs.url}.git/info/lfs")
    for address in ("git@host:bank/models.git", "ssh://git@host/x.git", "/srv/models.git", "https://host/x.git"):
        assert LargeFiles(opened(RemoteUrl.read(address), own), store).content(POINTER, PATH) == CONTENT


@pytest.mark.parametrize("address", ["git@host:bank/models.git", "ssh://git@host/x.git", "git://host/x.git"])
def test_an_address_that_names_no_server_needs_the_operator(store: Store, address: str) -> None:
    with pytest.raises(Refusals, match="an operator must set TOWPATH_LFS_URL"):
        LargeFiles(opened(RemoteUrl.read(address), None), store).content(POINTER, PATH)


def test_credentials_go_to_the_repositorys_site_alone(lfs: LfsServer, store: Store) -> None:
    lfs.login = "towpath:hunter2"
    basic = "Basic " + base64.b64encode(b"towpath:hunter2").decode()
    assert large(lfs, store, lfs.login).content(POINTER, PATH) == CONTENT
    assert [headers["authorization"] for headers in (*lfs.asked("POST"), *lfs.asked("GET"))] == [basic, basic]
    with serving(LfsServer()) as other:
        other.hold(CONTENT)
        lfs.other, lfs.header = other, {"X-Signed": "once"}
        assert large(lfs, store, lfs.login).content(POINTER, PATH) == CONTENT
        (headers,) = other.asked("GET")
    assert "authorization" not in headers
    assert headers["x-signed"] == "once"


def test_a_header_of_the_answer_stands_in_for_our_credentials(lfs: LfsServer, store: Store) -> None:
    lfs.login, lfs.header = "towpath:hunter2", {"Authorization": "RemoteAuth short-lived"}
    assert large(lfs, store, lfs.login).content(POINTER, PATH) == CONTENT
    assert [headers["authorization"] for headers in lfs.asked("GET")] == ["RemoteAuth short-lived"]


def test_a_redirect_takes_no_headers_to_another_site(lfs: LfsServer, store: Store) -> None:
    lfs.login, lfs.header = "towpath:hunter2", {"Authorization": "RemoteAuth short-lived"}
    with serving(LfsServer()) as other:
        other.hold(CONTENT)
        lfs.download = [says(302, {}, Location=f"{other.url}/{POINTER.sha256}")]
        assert large(lfs, store, lfs.login).content(POINTER, PATH) == CONTENT
        (headers,) = other.asked("GET")
    assert "authorization" not in headers


REFUSED: list[tuple[str, Fault, str]] = [
    ("batch", denies(404, "Object does not exist"), r"does not have models/biopsy/model.onnx \(404: Object does not exist\); push it"),
    ("batch", denies(410, "gone"), r"does not have .* \(410: gone\)"),
    ("batch", denies(422, "<!channel>\x1b[31m hunter2"), r"answers 422: <!channel> \[31m \*\*\*\."),
    ("batch", says(401, {"message": "no"}), r"does not let Towpath read .* \(401: no\); an operator must give it access"),
    ("batch", says(403, b"<html>"), r"does not let Towpath read .* \(403\)"),
    ("batch", says(404, {}), r"does not have .* \(404\)"),
    ("batch", says(302, {}, Location="http://127.0.0.1:1/"), "it answers 302"),
    ("batch", says(200, b"not json"), "does not answer as an LFS server does"),
    ("batch", says(200, b"[" * 100_000), "does not answer as an LFS server does"),
    ("batch", says(200, b" " * (2 << 20)), "says more about"),
    ("batch", says(200, {"transfer": "tus", "objects": []}), "does not answer as an LFS server does"),
    ("batch", says(200, {"objects": []}), "does not say where"),
    ("batch", says(200, {"objects": [{"oid": "b" * 64, "size": 1}]}), "does not say where"),
    ("batch", says(200, {"objects": [{"oid": POINTER.sha256, "size": 1, "actions": {}}]}), "another size"),
    ("batch", says(200, {"objects": [{"oid": POINTER.sha256}]}), "does not say where"),
    ("batch", sends_to("file:///etc/passwd"), "an address that is not followed"),
    ("batch", sends_to("gopher://127.0.0.1/"), "an address that is not followed"),
    ("batch", sends_to("http://x:port/"), "an address for .* that is none"),
    ("batch", sends_to("http://127.0.0.1:1/", Host="another"), "wants a header"),
    ("batch", sends_to("http://127.0.0.1:1/", X="a\r\nb: c"), "wants a header"),
    ("download", gives(CONTENT[:-1]), "has 1048575 bytes at .* but its pointer says 1048576"),
    ("download", gives(CONTENT + b"x"), "has 1048577 bytes at .* but its pointer says 1048576"),
    ("download", gives(CONTENT[:-1] + b"x"), "its SHA-256 is another"),
    ("download", says(200, CONTENT, Content_Encoding="gzip"), "an encoding that was not asked for"),
    ("download", says(302, {}, Location="file:///etc/passwd"), "an address that is not followed"),
    ("download", says(302, {}), "from one address to the next|does not give"),
    ("download", says(403, {}), "does not let Towpath read"),
    ("download", says(404, {}), "does not have"),
    ("download", says(418, {}), "it answers 418"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "fault", "why"), REFUSED, ids=range(len(REFUSED)))
def test_a_no_is_told_with_its_reason_and_leaves_nothing(lfs: LfsServer, store: Store, what: str, fault: Fault, why: str) -> None:
    getattr(lfs, what).extend([fault] * 5)
    with pytest.raises(Refusals, match=why) as caught:
        large(lfs, store, "towpath:hunter2").prove(POINTER, PATH)
    assert "hunter2" not in str(caught.value)
    assert [place for place in store.place("ab" * 32).parents[2].rglob("*") if place.is_file()] == []


@pytest.mark.parametrize(
    "fault", [says(500, {}), says(503, b"<html>"), says(429, {}), denies(500, "later"), denies(503, "later")], ids=range(5)
)
def test_what_may_be_otherwise_later_is_tried_again_later(lfs: LfsServer, store: Store, fault: Fault) -> None:
    lfs.batch = [fault]
    with pytest.raises(Unreachable, match=r"^bringing models/biopsy/model\.onnx from the LFS server"):
        large(lfs, store).content(POINTER, PATH)
    assert large(lfs, store).content(POINTER, PATH) == CONTENT


def test_a_broken_download_is_taken_up_where_it_broke(lfs: LfsServer, store: Store) -> None:
    lfs.download = [breaks_off(CONTENT[:300_000], len(CONTENT))]
    assert large(lfs, store).content(POINTER, PATH) == CONTENT
    first, second = lfs.asked("GET")
    assert "range" not in first
    assert second["range"] == "bytes=300000-"


def test_a_server_that_knows_no_ranges_begins_anew(lfs: LfsServer, store: Store) -> None:
    lfs.download = [breaks_off(CONTENT[:300_000], len(CONTENT)), says(200, CONTENT)]
    assert large(lfs, store).content(POINTER, PATH) == CONTENT


def test_another_part_than_was_asked_for_is_refused(lfs: LfsServer, store: Store) -> None:
    lfs.download = [breaks_off(CONTENT[:300_000], len(CONTENT)), says(206, CONTENT[1:], Content_Range=f"bytes 1-{len(CONTENT) - 1}/9")]
    with pytest.raises(Refusals, match="another part"):
        large(lfs, store).content(POINTER, PATH)


def test_a_download_that_breaks_again_and_again_is_unreachable_and_leaves_nothing(lfs: LfsServer, store: Store) -> None:
    lfs.download = [breaks_off(CONTENT[:1000], len(CONTENT))] * 5
    with pytest.raises(Unreachable, match="RemoteProtocolError"):
        large(lfs, store).prove(POINTER, PATH)
    assert len(lfs.asked("GET")) == 2
    assert not store.place(POINTER.sha256).exists()


def test_nobody_there_is_unreachable(store: Store) -> None:
    with pytest.raises(Unreachable, match="ConnectError"):
        LargeFiles(Server(RemoteUrl.read("http://127.0.0.1:1/x")), store).content(POINTER, PATH)


def test_https_is_never_left_for_http() -> None:
    server = Server(RemoteUrl.read("https://git.example.com/x.git/info/lfs"))
    base = httpx.URL("https://git.example.com/x")
    with pytest.raises(Refusals, match="not followed"):
        server.fit(base, "http://git.example.com/object", PATH)
    assert server.fit(base, "https://objects.example.com/object", PATH).host == "objects.example.com"
    assert server.login_for(httpx.URL("https://git.example.com:444/x")) is None


def test_what_is_kept_is_not_downloaded_again(lfs: LfsServer, store: Store) -> None:
    for _ in range(3):
        large(lfs, store).prove(POINTER, PATH)
    assert len(lfs.seen) == 2
    assert sha256(store.place(POINTER.sha256).read_bytes()).hexdigest() == POINTER.sha256


def test_each_error_of_httpx_is_one_that_ends_here() -> None:
    """What is no TransportError cannot come from what is done here: no redirects followed, no content decoded, no cookies, streams read once."""
    others = {
        kind.__name__
        for kind in vars(httpx).values()
        if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, httpx.TransportError)
    }
    assert others == {
        "HTTPError", "RequestError", "HTTPStatusError", "DecodingError", "TooManyRedirects", "InvalidURL", "CookieConflict",
        "StreamError", "StreamConsumed", "StreamClosed", "ResponseNotRead", "RequestNotRead",
    }  # fmt: skip


def test_a_pointer_of_size_nothing_asks_nobody(lfs: LfsServer, store: Store) -> None:
    assert large(lfs, store).content(Pointer(sha256(b"").hexdigest(), 0), PATH) == b""
    assert lfs.seen == []
