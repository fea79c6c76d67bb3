"""Git logs in with tokens of a GitHub App: a real smart-HTTP Git server that takes no other, and GitHub's API as it is documented."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.integration.git.shared import lfs_server
from tests.integration.git.shared.people import People
from workers.adapters.git import Mirror
from workers.adapters.git.lfs import LargeFiles, opened, read
from workers.adapters.git.mirror import SOURCE
from workers.adapters.git.pushing import push
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.store import Store
from workers.adapters.git.urls import RemoteUrl
from workers.adapters.github_app import App, InstallationLogins, Refused
from workers.app.place import place
from workers.app.settings import BadSettings, load_for_git
from workers.ports.errors import Unreachable, WorldError

from .servers import GitHost, serving

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@dataclass
class Api:
    """GitHub's two methods. `status` and `body` replace every answer; `made` are the tokens that were given out with what was asked for."""

    status: int = 0
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    lasts: timedelta = timedelta(hours=1)
    made: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def valid(self) -> str:
        return self.made[-1][0]

    def answer(self, path: str, given: bytes, jwt: str) -> tuple[int, object]:
        self.paths.append(path)
        if self.status:
            return self.status, self.body
        if not is_signed(jwt, self.now):
            return 401, {"message": "A JSON web token could not be decoded"}
        if path == "/repos/bank/remote/installation":
            return 200, {"id": 77, "app_id": 123}
        if path == "/app/installations/77/access_tokens":
            self.made.append((f"ghs_hunter2{len(self.made)}", json.loads(given)))
            return 201, {"token": self.valid, "expires_at": (self.now + self.lasts).strftime("%Y-%m-%dT%H:%M:%SZ")}
        return 404, {"message": "Not Found"}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                given = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, said = api.answer(self.path, given, self.headers["Authorization"].removeprefix("Bearer "))
                body = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | api.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        return Handler


def is_signed(jwt: str, now: datetime) -> bool:
    """As GitHub judges it: by the app's key, issued in the past, valid for ten minutes at most."""
    parts = jwt.split(".")
    head, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
    KEY.public_key().verify(signature, ".".join(parts[:2]).encode(), padding.PKCS1v15(), hashes.SHA256())
    said, at = json.loads(claims), now.timestamp()
    return bool(json.loads(head)["alg"] == "RS256" and said["iss"] == "123" and said["iat"] <= at < said["exp"] <= at + 600)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def base(api: Api) -> Iterator[str]:
    with serving(api.handler()) as port:
        yield f"http://127.0.0.1:{port}"


def logins(api: Api, base: str, contents: str = "write", **changes: str) -> InstallationLogins:
    app = App(base, **({"id": "123", "key": PEM, "repository": "bank/remote"} | changes))
    return InstallationLogins(app, {"contents": contents}, lambda: api.now)


@pytest.fixture
def people(tmp_path: Path) -> People:
    people = People(tmp_path / "served" / "bank")
    people.commit({"a": "1"})
    people.remote.joinpath("config").open("a").write("[http]\n\treceivepack = true\n")
    return people


@pytest.fixture
def site(people: People, api: Api) -> Iterator[tuple[str, GitHost]]:
    """A Git host that takes the newest token alone."""
    host = GitHost(people.remote.parents[1], lambda user, password: user == "x-access-token" and bool(api.made) and password == api.valid)
    with serving(host.handler()) as port:
        yield f"http://127.0.0.1:{port}/bank/remote.git", host


def test_fetch_and_push_with_a_token_that_is_made_once(
    site: tuple[str, GitHost], api: Api, base: str, people: People, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "m.git", site[0], logins=logins(api, base))
    mirror.fetch()
    assert mirror.ref(SOURCE) == people.head()
    assert push(mirror, {"refs/heads/towpath": people.head()}).accepted
    assert people.at("refs/heads/towpath") == people.head()
    assert [asked for _, asked in api.made] == [{"repositories": ["remote"], "permissions": {"contents": "write"}}]
    assert set(site[1].logins) == {("x-access-token", "ghs_hunter20")}
    assert [path for path in (tmp_path / "m.git").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()] == []


def test_the_token_is_in_the_environment_of_git_and_in_no_command_line(
    site: tuple[str, GitHost], api: Api, base: str, tmp_path: Path
) -> None:
    seen: list[bytes] = []
    admits = site[1].admits

    def look(user: str, password: str) -> bool:
        seen.extend(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
        return admits(user, password)

    site[1].admits = look
    mirror = Mirror(tmp_path / "m.git", site[0], logins=logins(api, base))
    mirror.fetch()
    assert any(b"ls-remote" in line or b"fetch" in line for line in seen)
    assert [line for line in seen if api.valid.encode() in line] == []


def test_a_new_token_is_made_five_minutes_before_the_old_one_ends(api: Api, base: str) -> None:
    ours = logins(api, base)
    first = ours.login()
    api.now += timedelta(minutes=54)
    assert ours.login() == first
    api.now += timedelta(minutes=1, seconds=1)
    assert ours.login().password == "ghs_hunter21"


def test_a_token_that_ends_in_the_midst_of_life_is_made_again(
    site: tuple[str, GitHost], api: Api, base: str, people: People, tmp_path: Path
) -> None:
    mirror = Mirror(tmp_path / "m.git", site[0], logins=logins(api, base))
    mirror.fetch()
    api.made.append(("ghs_other", {}))  # the host takes the newest alone, so ours has ended
    head = people.commit({"a": "2"})
    mirror.fetch()
    assert mirror.ref(SOURCE) == head
    assert len(api.made) == 3


def test_a_host_that_takes_no_token_is_told_without_it(site: tuple[str, GitHost], api: Api, base: str, tmp_path: Path) -> None:
    site[1].admits = lambda user, password: False
    with pytest.raises(Unreachable) as told:
        Mirror(tmp_path / "m.git", site[0], logins=logins(api, base)).fetch_ledger()
    assert "Authentication failed" in str(told.value) and "hunter2" not in str(told.value)
    assert len(api.made) == 2, "asked for once more, and no oftener"


def test_a_known_installation_is_not_looked_up_and_readers_get_less(api: Api, base: str) -> None:
    logins(api, base, "read", installation="77").login()
    assert api.paths == ["/app/installations/77/access_tokens"]
    assert api.made[0][1]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "TOWPATH_GITHUB_APP_KEY"), (403, "Contents: read and write"), (404, "Install the app"), (422, "installation")],
)
def test_a_no_of_githubs_has_its_fix(api: Api, base: str, status: int, words: str) -> None:
    api.status, api.body = status, {"message": "hunter2"}
    with pytest.raises(Refused) as told:
        logins(api, base).login()
    assert words in told.value.fix and "hunter2" not in str(told.value) and not told.value.retry


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, {}, {}),
        (429, {}, {}),
        (403, {}, {"x-ratelimit-remaining": "0"}),
        (302, {}, {"Location": "http://127.0.0.1:1/"}),
        (201, b"<html>", {}),
        (201, [], {}),
        (201, {"token": "a\nb", "expires_at": "2030-01-01T00:00:00Z"}, {}),
        (201, {"token": "ghs_x", "expires_at": "soon"}, {}),
        (201, {"token": 7, "expires_at": "2030-01-01T00:00:00Z"}, {}),
        (201, b" " * (5 << 20), {}),
        (201, {"token": "ghs_x", "expires_at": "2030-01-01T00:00:00Z"}, {"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_no_answer_is_asked_again_later(api: Api, base: str, status: int, body: object, headers: dict[str, str]) -> None:
    api.status, api.body, api.headers = status, body, headers
    with pytest.raises(Unreachable):
        logins(api, base, installation="77").login()


def test_a_key_of_another_app_or_nobody_there(api: Api, base: str) -> None:
    with pytest.raises(WorldError):
        logins(api, "http://127.0.0.1:1").login()
    with pytest.raises(Refused):
        logins(api, base, id="124").login()


GIVEN = {
    "TOWPATH_REPOSITORY": "https://github.com/bank/models.git",
    "TOWPATH_KEYS": "/keys",
    "TOWPATH_GITHUB_APP_ID": "123",
    "TOWPATH_GITHUB_APP_KEY": PEM,
}


@pytest.mark.parametrize(
    ("changes", "api"),
    [
        ({}, "https://api.github.com"),
        ({"TOWPATH_REPOSITORY": "https://github.bank.com/bank/models.git"}, "https://github.bank.com/api/v3"),
        ({"TOWPATH_REPOSITORY": "https://bank.ghe.com/bank/models.git"}, "https://api.bank.ghe.com"),
        ({"TOWPATH_GITHUB_API": "https://proxy.bank.com/github/"}, "https://proxy.bank.com/github"),
    ],
)
def test_the_api_follows_from_the_remote(changes: dict[str, str], api: str) -> None:
    app = place(load_for_git(GIVEN | changes)).app
    assert app and (app.api, app.repository) == (api, "bank/models")
    assert "PRIVATE" not in repr(app)


EC = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TOWPATH_GITHUB_APP_ID": ""}, "TOWPATH_GITHUB_APP_ID is not set, and the other half of it is"),
        ({"TOWPATH_GITHUB_APP_KEY": ""}, "TOWPATH_GITHUB_APP_KEY is not set, and the other half of it is"),
        ({"TOWPATH_GITHUB_APP_KEY": "hunter2"}, "TOWPATH_GITHUB_APP_KEY is wrong (not a private key in PEM)"),
        ({"TOWPATH_GITHUB_APP_KEY": EC}, "TOWPATH_GITHUB_APP_KEY is wrong (not an RSA key"),
        ({"TOWPATH_REPOSITORY": "git@github.com:bank/models.git"}, "TOWPATH_REPOSITORY does not fit TOWPATH_GITHUB_APP_ID"),
        ({"TOWPATH_REPOSITORY": "http://github.com/bank/models.git"}, "TOWPATH_REPOSITORY does not fit"),
        ({"TOWPATH_REPOSITORY": "https://hunter2@github.com/bank/models.git"}, "TOWPATH_REPOSITORY does not fit"),
    ],
)
def test_settings_that_do_not_fit_each_other_stop_the_start(changes: dict[str, str], words: str) -> None:
    with pytest.raises(BadSettings) as told:
        place(load_for_git({name: value for name, value in (GIVEN | changes).items() if value}))
    assert words in str(told.value) and "hunter2" not in str(told.value)


def test_large_files_of_git_lfs_are_brought_with_a_token_and_another_when_one_is_refused(api: Api, base: str, tmp_path: Path) -> None:
    content, store = bytes(range(256)) * 8192, Store(tmp_path / "store")
    given = logins(api, base, "read")
    with lfs_server.serving(lfs_server.LfsServer()) as lfs:
        held = lfs.hold(content)
        place = opened(RemoteUrl.read(lfs.url), None, given)
        lfs.login = "x-access-token:ghs_hunter20"
        assert LargeFiles(place, store).content(read(held.encode()), "model.onnx") == content
        lfs.login = "x-access-token:ghs_hunter21"
        assert LargeFiles(place, store).content(read(held.encode()), "model.onnx") == content
        assert [asked["permissions"] for _, asked in api.made] == [{"contents": "read"}] * 2
        lfs.login = "nobody:else"
        with pytest.raises(Refusals, match="does not let Towpath read") as refused:
            LargeFiles(place, store).content(read(held.encode()), "model.onnx")
    assert "hunter2" not in str(refused.value)
    assert len(api.made) == 3, "one more, and no more than that"


def test_a_token_of_the_repository_goes_to_no_other_lfs_server(api: Api, base: str, tmp_path: Path) -> None:
    with lfs_server.serving(lfs_server.LfsServer()) as lfs:
        held = lfs.hold(b"x" * 2000)
        own = RemoteUrl.read(f"{lfs.url}.git/info/lfs")
        place = opened(RemoteUrl.read("https://github.com/bank/remote.git"), own, logins(api, base))
        assert LargeFiles(place, Store(tmp_path / "store")).content(read(held.encode()), "model.onnx")
        assert not any("authorization" in headers for method in ("POST", "GET") for headers in lfs.asked(method))
    assert api.made == []
