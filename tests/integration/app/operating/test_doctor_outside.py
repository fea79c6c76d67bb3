"""What doctor sees of the world around: CI files, the host's rules, ways out, WebSockets, clocks, Redis's disk."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import redis

from demo.redis import RedisServer
from tests.integration.hosts.standing import HostApi, rule, standing
from tests.integration.network.servers import authority, proxy, serving
from tests.integration.network.test_github_app import PEM
from workers.app.doctor import ci, clock, host, network, slack
from workers.app.doctor import redis as redis_
from workers.app.doctor.finding import Check, Finding, Patient
from workers.app.settings import load
from workers.ports.errors import WorldError

from .host import Host, policy
from .test_doctor import commit

HUB = "/api/v3/repos/bank/models"
SLACK_HOST = "slack.test"


@pytest.fixture
def ready(host: Host, redis_url: str) -> Host:
    host.publish(policy())
    host.environ["REDIS_URL"] = redis_url
    return host


def looked(check: Check, at: Host, **changes: str) -> list[Finding]:
    """The findings of one check, with a mirror that was fetched."""
    environ = {name: value for name, value in (at.environ | changes).items() if value}
    patient = Patient(load(environ), environ)
    if environ["TOWPATH_REPOSITORY"].startswith("/"):
        patient.source.fetch()
    found = list(check(patient))
    assert "hunter2" not in str(found)
    return found


def fixes(findings: list[Finding]) -> list[str]:
    return [f"{one.says} -> {one.fix}" for one in findings if one.fix]


def test_ci_files_are_named_with_the_lines_to_add(ready: Host) -> None:
    assert fixes(looked(ci.look, ready)) == []
    commit(ready, "main", ".github/workflows/build.yml", "on: push\n")
    commit(ready, "main", ".github/workflows/fine.yaml", "on: {push: {branches: [main]}}\n")
    commit(ready, "main", ".gitlab-ci.yml", "test: {script: [make]}\n")
    commit(ready, "main", ".forgejo/workflows/odd.yml", "on: [\n")
    commit(ready, "main", "Jenkinsfile", "node {}\n")
    found = fixes(looked(ci.look, ready))
    assert len(found) == 4
    by_name = {one.split()[0]: one for one in found}
    assert (
        'branches-ignore: ["towpath"]' in by_name[".github/workflows/build.yml"]
        and 'tags: ["*@v*"]' in by_name[".github/workflows/build.yml"]
    )
    assert "workflow: {rules:" in by_name[".gitlab-ci.yml"] and '"towpath"' in by_name[".gitlab-ci.yml"]
    assert "cannot be judged: not YAML" in by_name[".forgejo/workflows/odd.yml"]
    assert "was not looked at" in by_name["Jenkinsfile"]


def test_a_bare_repository_of_this_host(ready: Host) -> None:
    for name in ("denyNonFastForwards", "denyDeletes", "fsckObjects"):
        ready.git("config", f"receive.{name}", "false")
    found = fixes(looked(host.look, ready))
    assert [one.split(" -> ")[1] for one in found[:3]] == [
        f"git --git-dir={ready.remote} config receive.{name} true" for name in ("denyNonFastForwards", "denyDeletes", "fsckObjects")
    ]
    assert "pre-receive" in found[3]
    ready.guard()
    assert fixes(looked(host.look, ready)) == []


def test_a_host_that_cannot_be_asked_is_a_finding(ready: Host) -> None:
    (unknown,) = fixes(looked(host.look, ready, TOWPATH_REPOSITORY="https://git.bank.com/bank/models.git"))
    assert "cannot tell" in unknown and "TOWPATH_GIT_WEB" in unknown
    (tokenless,) = fixes(looked(host.look, ready, TOWPATH_REPOSITORY="git@github.com:bank/models.git"))
    assert "Set TOWPATH_HOST_TOKEN" in tokenless


@pytest.fixture
def api() -> Iterator[HostApi]:
    with standing() as api:
        yield api


def rules_of(api: HostApi, branch: str, rules: list[dict[str, object]]) -> None:
    api.says(f"{HUB}/rules/branches/{branch}?per_page=100", rules)
    api.says(f"{HUB}/branches/{branch}/protection", {"message": "Branch not protected"}, 404)


def asked(ready: Host, api: HostApi) -> list[Finding]:
    web = f"github {api.site}/bank/models"
    return looked(
        host.look,
        ready,
        TOWPATH_REPOSITORY=f"{api.site}/bank/models.git",
        TOWPATH_GIT_WEB=web,
        TOWPATH_HOST_TOKEN="hunter2",
        TOWPATH_GITHUB_APP_ID="123",
        TOWPATH_GITHUB_APP_KEY=PEM,
    )


def test_rules_that_are_missing_and_rules_that_would_stop_us(ready: Host, api: HostApi) -> None:
    api.says(f"{HUB}/rulesets?includes_parents=true&targets=tag&per_page=100", [])
    api.says(f"{HUB}/rulesets/1?includes_parents=true", {"id": 1, "name": "all", "bypass_actors": []})
    stopping = [
        rule("pull_request"),
        rule("required_signatures"),
        rule("commit_author_email_pattern", operator="ends_with", pattern="@bank.com", negate=False),
        rule("commit_message_pattern", operator="regex", pattern="(x+)+y", negate=False),
    ]
    rules_of(api, "towpath", stopping)
    rules_of(api, "main", [])
    found = "\n".join(fixes(asked(ready, api)))
    for words in (
        "branch towpath: it can be rewritten", "branch towpath: it can be deleted", "whoever may write", "demands a pull request",
        "demands signatures", "the rule for the author, ends_with '@bank.com', refuses our commits (such as 'U024BE7LH@T061EG9R6')",
        "cannot tell whether our message fits", "branch main: changes need no review", "tags *@v*: they can be moved and deleted", "tags *#*: they",
    ):  # fmt: skip
        assert words in found


def test_rules_as_the_docs_ask_for_them_are_all_well(ready: Host, api: HostApi) -> None:
    kept = {"target": "tag", "enforcement": "active", "rules": [{"type": "update"}, {"type": "deletion"}], "bypass_actors": []}
    api.says(f"{HUB}/rulesets?includes_parents=true&targets=tag&per_page=100", [{"id": 3} | kept])
    api.says(f"{HUB}/rulesets/3", kept | {"conditions": {"ref_name": {"include": ["refs/tags/*@v*", "refs/tags/*#*"], "exclude": []}}})
    ours = [{"actor_id": 123, "actor_type": "Integration", "bypass_mode": "always"}]
    api.says(f"{HUB}/rulesets/1?includes_parents=true", {"id": 1, "name": "ledger", "bypass_actors": ours})
    rules_of(api, "towpath", [rule("update"), rule("deletion"), rule("non_fast_forward"), rule("required_linear_history")])
    rules_of(api, "main", [rule("pull_request", 2), rule("deletion", 2), rule("non_fast_forward", 2)])
    api.says(f"{HUB}/rulesets/2?includes_parents=true", {"id": 2, "name": "main", "bypass_actors": []})
    findings = asked(ready, api)
    assert fixes(findings) == []
    assert findings[0].says == "branch towpath: it only grows, by our GitHub App; excepted: our GitHub App"


def test_a_token_that_the_host_does_not_take(ready: Host, api: HostApi) -> None:
    api.says(f"{HUB}/rules/branches/towpath?per_page=100", {"message": "Bad credentials"}, 401)
    (only,) = fixes(asked(ready, api))
    assert "Correct TOWPATH_HOST_TOKEN" in only


def test_the_ways_out_and_settings_that_mean_nothing(ready: Host, tmp_path: Path) -> None:
    given = {"HTTPS_PROXY": "http://towpath:hunter2@proxy.bank.com:8080", "NO_PROXY": ".git.bank.com", "SLACK_APP_TOKEN": "xapp-1"}
    git = {"TOWPATH_REPOSITORY": "https://code.git.bank.com/x/y.git"}
    said = [one.says for one in looked(network.look, ready, **given, **git)]
    assert said == [
        "Slack's API goes to slack.com through the proxy http://proxy.bank.com:8080",
        "Slack's WebSocket goes to wss-primary.slack.com through the proxy http://proxy.bank.com:8080",
        "Git goes directly to code.git.bank.com",
    ]
    (tmp_path / "none.pem").write_text("nothing")
    wrong = {
        "HTTP_PROXY": "http://proxy:1", "REQUESTS_CA_BUNDLE": "/ca.pem", "GIT_SSL_CAINFO": str(tmp_path / "none.pem"), "GIT_SSL_NO_VERIFY": "1",
    }  # fmt: skip
    found = "\n".join(fixes(looked(network.look, ready, **wrong)))
    for words in ("Set HTTPS_PROXY", "Set SSL_CERT_FILE=/ca.pem", "holds no certificates", "turns the check of certificates off"):
        assert words in found
    assert "is not the address of an HTTP proxy" in fixes(looked(network.look, ready, HTTPS_PROXY="socks5://x:1"))[0]


def test_ssh_must_know_the_host(ready: Host, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    remote = {"TOWPATH_REPOSITORY": "git@git.bank.com:x/y.git"}
    loose = f"ssh -i {key} -o StrictHostKeyChecking=no"
    assert "lets SSH take any host key" in fixes(looked(network.look, ready, **remote, GIT_SSH_COMMAND=loose))[0]
    lost = f"ssh -i {key} -o StrictHostKeyChecking=yes -o UserKnownHostsFile={tmp_path}/known_hosts"
    assert f"{tmp_path}/known_hosts, which is not there" in fixes(looked(network.look, ready, **remote, GIT_SSH_COMMAND=lost))[0]
    (tmp_path / "known_hosts").touch()
    assert fixes(looked(network.look, ready, **remote, GIT_SSH_COMMAND=lost)) == []


@contextmanager
def socket_mode(
    context: ssl.SSLContext | None, host_: str, *, upgrades: bool = True, ahead: float = 0
) -> Iterator[tuple[int, list[bytes]]]:
    """Slack's Web API and a WebSocket behind it: the port, and the frames that came. Its clock may be ahead (seconds)."""
    frames: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert isinstance(self.server, HTTPServer)
            scheme = "wss" if context else "ws"
            said = {
                "ok": True,
                "user_id": "U0",
                "team_id": "T0",
                "url": f"{scheme}://{host_}:{self.server.server_port}/link?ticket=hunter2",
            }
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            key = self.headers["Sec-WebSocket-Key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            self.send_response(101 if upgrades else 200)
            if upgrades:
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key).digest()).decode())  # noqa: S324  # as the protocol asks
            else:
                self.send_header("Content-Length", "0")
            self.end_headers()
            if upgrades:
                frames.append(self.rfile.read(8))
                self.close_connection = True

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)

        def log_message(self, *_: object) -> None: ...

    with serving(Handler, context) as port:
        yield port, frames


TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1-hunter2", "SLACK_APP_TOKEN": "xapp-1-hunter2"}


def test_a_websocket_is_opened_through_the_proxy_and_closed(ready: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, context = authority(tmp_path, SLACK_HOST)
    with socket_mode(context, SLACK_HOST) as (port, frames), proxy({f"{SLACK_HOST}:{port}": port}) as (address, ways):
        monkeypatch.setenv("HTTPS_PROXY", address)
        url = {"SLACK_API_URL": f"https://{SLACK_HOST}:{port}/api/"}
        with pytest.raises(WorldError) as told:
            looked(slack.look, ready, **TOKENS, **url)
        assert "SSL_CERT_FILE" in getattr(told.value, "fix", "")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        findings = looked(slack.look, ready, **TOKENS, **url)
        assert fixes(findings) == []
        assert findings[-1].says == f"a WebSocket to wss://{SLACK_HOST}:{port} was opened and closed"
    assert frames == [bytes((0x88, 0x82, 0, 0, 0, 0, 3, 0xE8))]
    assert set(ways) == {f"CONNECT {SLACK_HOST}:{port} HTTP/1.1"}


def test_a_proxy_that_wants_a_login_and_one_without_websockets(ready: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket_mode(None, "127.0.0.1", upgrades=False) as (port, _):
        with pytest.raises(WorldError, match="not a WebSocket") as told:
            looked(slack.look, ready, **TOKENS, SLACK_API_URL=f"http://127.0.0.1:{port}/api/")
        assert "Let the proxy pass WebSockets" in getattr(told.value, "fix", "")
    with proxy({}, "towpath:hunter2") as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", address.replace("towpath:hunter2@", ""))
        with pytest.raises(WorldError) as refused:
            looked(slack.look, ready, **TOKENS, SLACK_API_URL=f"https://{SLACK_HOST}/api/")
        assert "Put the proxy's user and password into HTTPS_PROXY" in getattr(refused.value, "fix", "")


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "nonsense://127.0.0.1:1", "http://127.0.0.1:1"])
def test_a_proxy_that_is_none_is_told_as_all_else(ready: Host, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(WorldError, match=f"asking https://{SLACK_HOST}"):
        looked(slack.look, ready, **TOKENS, SLACK_API_URL=f"https://{SLACK_HOST}/api/")


@pytest.mark.parametrize(("ahead", "words"), [(120, "s behind Slack"), (-120, "s ahead of Slack")])
def test_a_clock_that_is_off(ready: Host, ahead: float, words: str) -> None:
    with socket_mode(None, "127.0.0.1", ahead=ahead) as (port, _):
        (only,) = fixes(looked(clock.look, ready, SLACK_API_URL=f"http://127.0.0.1:{port}/api/"))
        assert words in only and "timedatectl set-ntp true" in only
    with socket_mode(None, "127.0.0.1") as (port, _):
        (good,) = looked(clock.look, ready, SLACK_API_URL=f"http://127.0.0.1:{port}/api/")
        assert good.says == "it agrees with Slack, Redis within 30 s"


def test_no_clock_to_compare_with_is_a_finding(ready: Host) -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:1/0", "SLACK_API_URL": "http://127.0.0.1:1/"}
    assert "was not compared" in fixes(looked(clock.look, ready, **away))[0]


def test_redis_that_leaves_writing_to_the_system(ready: Host, tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as server, redis.Redis.from_url(server.url) as client:
        client.config_set("appendfsync", "no")
        assert fixes(looked(redis_.look, ready, REDIS_URL=server.url)) == [
            "it leaves it to the system when to write to disk (appendfsync no) -> Set appendfsync everysec."
        ]


@pytest.mark.parametrize("token", ["xoxb-1", "nonsense"])
def test_an_app_token_that_is_none(ready: Host, token: str) -> None:
    assert "SLACK_APP_TOKEN is not an app-level token" in fixes(looked(slack.look, ready, SLACK_APP_TOKEN=token))[-1]
