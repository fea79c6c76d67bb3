from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml

from demo.model_server.process import ModelServer
from demo.redis import RedisServer
from tests.integration.pipelines.stage import needs_root
from workers.app.doctor import SCOPES, Finding, examine
from workers.app.settings import load

from .host import Host, policy
from .slack import GOOD, Answer, slack

TOKEN = "xoxb-1234-hunter2"
ROOT = Path(__file__).parents[4]
WITH_TARGET = '    targets: [{{name: staging, type: model-server, url: "{url}"}}]\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with ModelServer(tmp_path_factory.mktemp("served"), "staging") as running:
        yield running


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("own-redis")) as running:
        yield running


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory, server: ModelServer, own_redis: RedisServer) -> Iterator[Host]:
    host = Host(tmp_path_factory.mktemp("healthy") / "host")
    fingerprint = host.must("keys").strip()
    host.publish(policy(fingerprint) + WITH_TARGET.format(url=server.url))
    host.must("init")
    host.guard()
    with slack(Answer(GOOD, ",".join(SCOPES))) as url:
        host.environ |= {"REDIS_URL": own_redis.url, "SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": "hunter2", "SLACK_API_URL": url}
        yield host


def bad(host: Host, **changes: str) -> dict[str, list[Finding]]:
    """The findings that need a fix, by name."""
    environ = {name: value for name, value in (host.environ | changes).items() if value}
    found: dict[str, list[Finding]] = {}
    for finding in examine(load(environ), environ):
        assert "hunter2" not in str(finding)
        if finding.fix:
            found.setdefault(finding.name, []).append(finding)
    return found


def only(found: dict[str, list[Finding]]) -> Finding:
    """The one finding that there is."""
    ((finding,),) = found.values()
    return finding


def commit(host: Host, branch: str, path: str, text: str) -> None:
    """Somebody's plain commit on a branch of the shared repository."""
    history = (
        f"commit refs/heads/{branch}\ncommitter Eve <eve@example.com> 1795000000 +0000\ndata 1\nx\nfrom refs/heads/{branch}^0\n"
        f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n"
    )
    subprocess.run(["git", f"--git-dir={host.remote}", "fast-import", "--quiet"], input=history, text=True, check=True)


def copy_of(host: Host, folder: Path) -> Host:
    """The same installation once more, to be broken."""
    shutil.copytree(host.folder, folder)
    other = Host(folder)
    other.environ = host.environ | other.environ
    return other


def test_the_scopes_are_those_of_both_manifests() -> None:
    for name in ("manifest.yaml", "manifest-http.yaml"):
        assert yaml.safe_load((ROOT / name).read_text())["oauth_config"]["scopes"]["bot"] == list(SCOPES)


def test_a_good_installation_is_all_ok(healthy: Host) -> None:
    head = healthy.git("for-each-ref")
    done = healthy.towpath("doctor", "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == 0
    names = {
        "keys",
        "network",
        "redis",
        "ledger",
        "policy",
        "tags",
        "host",
        "ci",
        "target staging/staging",
        "training",
        "workers",
        "slack",
        "clock",
    }
    assert {finding["name"] for finding in findings} == names
    assert [finding for finding in findings if finding["fix"]] == []
    assert "hunter2" not in done.stdout + done.stderr
    lines = healthy.must("doctor").splitlines()
    assert len(lines) == len(findings) and all(line.startswith("ok ") for line in lines)
    assert healthy.git("for-each-ref") == head


def test_a_broken_one_names_everything_at_once_each_with_a_fix(healthy: Host) -> None:
    broken = {"REDIS_URL": "redis://:hunter2@127.0.0.1:1/0", "SLACK_API_URL": "http://127.0.0.1:1/", "TOWPATH_REPOSITORY": "/nowhere"}
    done = healthy.towpath("doctor", **broken, TOWPATH_DATA=str(healthy.folder / "elsewhere"))
    assert done.returncode == 1
    amiss = [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("fix ")]
    assert amiss == ["redis", "ledger", "policy", "tags", "host", "ci", "slack", "clock"]
    assert done.stdout.count("\n     -> ") == len(amiss)
    assert "hunter2" not in done.stdout + done.stderr


def test_redis_down_or_with_another_password(healthy: Host, own_redis: RedisServer) -> None:
    assert "does not answer" in only(bad(healthy, REDIS_URL="redis://127.0.0.1:1/0")).says
    assert "password" in only(bad(healthy, REDIS_URL=f"redis://:wrong-hunter2@127.0.0.1:{own_redis.port}/0")).says
    assert only(bad(healthy, REDIS_URL=f"redis://127.0.0.1:{own_redis.port}/0")).name == "redis"


def test_redis_that_does_not_keep_what_it_gets(healthy: Host, own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.config_set("appendonly", "no")
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("requirepass", "")
        try:
            open_to_all = bad(healthy, REDIS_URL=f"redis://0.0.0.0:{own_redis.port}/0")["redis"]
            on_this_host = bad(healthy, REDIS_URL=f"redis://127.0.0.1:{own_redis.port}/0")["redis"]
        finally:
            client.config_set("requirepass", own_redis.url.split(":")[2].split("@")[0])
            client.config_set("appendonly", "yes")
            client.config_set("maxmemory-policy", "noeviction")
    assert [finding.fix for finding in open_to_all] == [
        "Start Redis with --appendonly yes.",
        "Set maxmemory-policy noeviction.",
        "Give Redis a password (requirepass) and put it into REDIS_URL.",
    ]
    assert on_this_host == open_to_all[:2]


def test_keys_that_others_can_read_are_not_there_or_do_not_fit(healthy: Host, tmp_path: Path) -> None:
    host = copy_of(healthy, tmp_path / "copy")
    (host.keys / "bot").chmod(0o640)
    assert only(bad(host)).fix == f"chmod 600 {host.keys / 'bot'}"
    (host.keys / "bot").chmod(0o600)
    (host.keys / "bot.pub").write_text((host.keys / "clock.pub").read_text())
    assert "is not the public half of bot" in only(bad(host)).says
    (host.keys / "clock").write_text("nonsense")
    assert f"{host.keys / 'clock'}: not an OpenSSH private key" in only(bad(host)).says
    shutil.rmtree(host.keys)
    assert {name: len(found) for name, found in bad(host).items()} == {"keys": 1, "ledger": 1, "policy": 1, "tags": 1}


def test_an_invalid_policy_is_told_line_by_line_and_one_without_trust(healthy: Host, tmp_path: Path) -> None:
    host = copy_of(healthy, tmp_path / "copy")
    commit(host, "main", "towpath.yaml", "version: 1\nenvironments:\n  staging:\n    run: [nobody]\n  prod:\n    after: nowhere\n")
    assert [finding.says.split(": ")[0] for finding in bad(host)["policy"]] == ["towpath.yaml:4", "towpath.yaml:6"]
    commit(host, "main", "towpath.yaml", policy())
    fingerprint = host.must("keys").strip()
    assert only(bad(host)).fix == f'If the ledger is yours, write in towpath.yaml: trust: "{fingerprint}"'
    commit(host, "main", "towpath.yaml", policy("SHA256:" + "A" * 43))
    assert "is not this writer's key" in only(bad(host)).says


def test_a_target_that_does_not_answer_and_one_without_its_token(healthy: Host, tmp_path: Path) -> None:
    host = copy_of(healthy, tmp_path / "copy")
    fingerprint = host.must("keys").strip()
    commit(host, "main", "towpath.yaml", policy(fingerprint) + WITH_TARGET.format(url="http://127.0.0.1:1"))
    assert (only(bad(host)).name, only(bad(host)).fix) == (
        "target staging/staging",
        "Start the server, or correct its url in towpath.yaml.",
    )
    tokened = '    targets: [{name: eu, type: model-server, url: "http://127.0.0.1:1", token: "env:EU_TOKEN"}]\n'
    commit(host, "main", "towpath.yaml", policy(fingerprint) + tokened)
    assert "EU_TOKEN, which is not set" in only(bad(host)).says


def test_a_ledger_that_is_not_there_not_known_or_not_ours(healthy: Host, tmp_path: Path) -> None:
    host = copy_of(healthy, tmp_path / "copy")
    shutil.rmtree(host.data)
    assert only(bad(host)).fix == f"See in Slack that this is the newest head, then: towpath accept-head {host.head}"
    assert bad(host, TOWPATH_LEDGER_HEAD=host.head) == {}
    host.must("accept-head", host.head)
    assert bad(host) == {}
    for lane in ("changes", "effects"):
        anchor = subprocess.run(
            ["git", f"--git-dir={host.data}/mirror-{lane}", "rev-parse", "refs/towpath/anchor"], capture_output=True, text=True, check=True
        )
        assert anchor.stdout.strip() == host.head, f"the mirror of {lane} does not know the accepted head"
    commit(host, "towpath", "holds/staging/x/1.yaml", "{}")
    says = only(bad(host)).says
    assert "is not signed by the ledger's writer" in says and says.endswith("nothing is written")
    host.git("update-ref", "-d", "refs/heads/towpath")
    assert only(bad(host)).fix == "Run `towpath init`."


def test_another_writers_keys_are_told(healthy: Host, tmp_path: Path) -> None:
    other = Host(tmp_path / "other")
    other.must("keys")
    found = bad(healthy, TOWPATH_KEYS=str(other.keys))
    assert "does not know this writer's key; nothing is written" in found["ledger"][0].says
    assert "is not this writer's key" in found["policy"][0].says


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer('{"ok": false, "error": "invalid_auth"}'), "auth.test said invalid_auth"),
        (Answer(GOOD, "commands, chat:write"), "the app lacks app_mentions:read, users:read"),
        (Answer("<html>hunter2</html>"), "auth.test said nothing of Slack's"),
        (Answer("[]"), "auth.test said nothing of Slack's"),
        (Answer("{}", status=503), "503"),
    ],
)
def test_slack_says_no(healthy: Host, answer: Answer, words: str) -> None:
    with slack(answer) as url:
        assert words in only(bad(healthy, SLACK_API_URL=url)).says


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN is not set here"),
        ({"SLACK_BOT_TOKEN": "hunter2\nhunter2"}, "SLACK_BOT_TOKEN is not a bot token"),
        ({"SLACK_BOT_TOKEN": "", "SLACK_BOT_TOKEN_FILE": "/nowhere"}, "No such file"),
        ({"SLACK_API_URL": "http://127.0.0.1:1/"}, "ConnectError"),
        ({"SLACK_API_URL": "nonsense"}, "UnsupportedProtocol"),
    ],
)
def test_slack_cannot_be_asked(healthy: Host, changes: dict[str, str], words: str) -> None:
    assert words in only(bad(healthy, **changes)).says


def test_trainings_without_isolation_are_a_finding_and_those_of_nobody_are_not(healthy: Host) -> None:
    assert "training" not in bad(healthy)
    (found,) = bad(healthy, TOWPATH_TRAINING_USER="same")["training"]
    assert "without isolation" in found.says and "a user of its own" in str(found.fix)
    (found,) = bad(healthy, TOWPATH_TRAINING_USER="no-such-user")["training"]
    assert "no such user" in found.says


@needs_root
def test_a_user_for_trainings_is_tried_and_told_what_it_could_read(healthy: Host, own_redis: RedisServer) -> None:
    """What is not hidden must be closed: here a file that a setting names."""
    secret = healthy.folder / "status_token"
    secret.write_text("hunter2")
    secret.chmod(0o600)
    trainings = Path(tempfile.mkdtemp())
    given = {"TOWPATH_TRAINING_USER": "nobody", "TOWPATH_TRAININGS": str(trainings), "TOWPATH_STATUS_TOKEN_FILE": str(secret)}
    assert "training" not in bad(healthy, **given)
    assert "training" not in bad(healthy, **given, TOWPATH_TRAINING_NETWORK="host"), "this Redis has a password"
    assert list(trainings.iterdir()) == []
    trainings.rmdir()
