from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workers.app.place import place
from workers.app.settings import BadSettings, Settings, load, load_for_git
from workers.app.trainings import grounds

from .host import Host

GIVEN = {
    "REDIS_URL": "redis://:hunter2@127.0.0.1:6379/0",
    "TOWPATH_REPOSITORY": "https://towpath:hunter2@git.example.com/org/models.git",
    "TOWPATH_KEYS": "/etc/towpath/keys",
}
CELERY = str(Path(sys.executable).with_name("celery"))


def lines_of(changes: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as caught:
        load(GIVEN | changes)
    return caught.value.lines


@pytest.mark.parametrize("name", GIVEN)
def test_a_missing_setting_is_named_with_its_fix_in_one_line(name: str) -> None:
    (line,) = lines_of({name: ""})
    assert line.startswith(f"{name} is not set. Set it to ")
    assert "\n" not in line


def test_all_missing_settings_are_told_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        load({})
    assert [line.split()[0] for line in caught.value.lines] == ["TOWPATH_REPOSITORY", "TOWPATH_KEYS", "REDIS_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "hunter2"),
        ("REDIS_URL", "http://:hunter2@127.0.0.1/0"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:port/0"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:6379/zero"),
        ("REDIS_URL", "redis://:hunter2@[127.0.0.1:6379/0"),
        ("TOWPATH_TRAINING_NETWORK", "hunter2"),
        ("TOWPATH_TRAINING_PATH", "/usr/bin:hunter2"),
        ("TOWPATH_TRAINING_PATH", "/usr/bin::/bin"),
        ("TOWPATH_TRAININGS", "hunter2"),
        ("TOWPATH_CI_TOKEN", "hunter 2"),
        ("TOWPATH_SOURCE_BRANCH", "--upload-pack=hunter2"),
        ("TOWPATH_LEDGER_BRANCH", "a..b"),
        ("TOWPATH_LEDGER_BRANCH", "main"),
        ("TOWPATH_LEDGER_HEAD", "HEAD"),
        ("TOWPATH_GIT_CONFIG", "mine"),
        ("TOWPATH_TRUST", "SHA256:hunter2"),
        ("TOWPATH_LOG_LEVEL", "LOUD"),
        ("TOWPATH_HOST_TOKEN", "hunter2\nhunter2"),
        ("TOWPATH_GITHUB_APP_ID", "../hunter2"),
        ("TOWPATH_GITHUB_INSTALLATION", "hunter2"),
        ("TOWPATH_GITHUB_API", "http://hunter2.example.com/api"),
        ("TOWPATH_STORE_LIMIT", "20"),
        ("TOWPATH_STORE_LIMIT", "-1GB"),
        ("TOWPATH_STORE_LIMIT", "1kB"),
        ("TOWPATH_STORE_LIMIT", "hunter2"),
    ],
)
def test_a_wrong_setting_is_named_with_its_fix_in_one_line_and_never_shown(name: str, value: str) -> None:
    (line,) = lines_of({name: value})
    assert line.startswith(f"{name} is wrong (") and "Set it to " in line and "\n" not in line
    assert "hunter2" not in line


@pytest.mark.parametrize("value", ["relative/path", "ext::sh -c hunter2", "ssh://git:hunter2@host/x.git", "https://git.example.com:port/x"])
def test_an_address_that_git_must_not_be_given_is_a_wrong_setting(value: str) -> None:
    with pytest.raises(BadSettings, match=r"^TOWPATH_REPOSITORY is wrong \(.*\)\. Set it to any Git URL") as caught:
        place(load_for_git(GIVEN | {"TOWPATH_REPOSITORY": value}))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", ["git@host:x", "/srv/lfs", "file:///srv/lfs", "ssh://git@host/hunter2", "hunter2"])
def test_an_lfs_server_is_spoken_to_over_http_alone(value: str) -> None:
    with pytest.raises(
        BadSettings, match=r"^TOWPATH_LFS_URL is wrong \(.*\)\. Set it to the address of the repository's LFS server"
    ) as caught:
        place(load_for_git(GIVEN | {"TOWPATH_LFS_URL": value}))
    assert "hunter2" not in str(caught.value)


def test_the_store_and_the_lfs_server_are_as_the_settings_say() -> None:
    given = GIVEN | {"TOWPATH_STORE_LIMIT": "1.5 tb", "TOWPATH_LFS_URL": "https://towpath:hunter2@lfs.example.com/x"}
    found = place(load_for_git(given))
    assert found.store_limit == 1_500_000_000_000
    assert found.lfs_url is not None
    assert (found.lfs_url.address, found.lfs_url.password) == ("https://lfs.example.com/x", "hunter2")
    assert "hunter2" not in repr(found.lfs_url)
    assert place(load_for_git(GIVEN)).store_limit == 20_000_000_000


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_each_setting_can_lie_in_a_file(name: str, tmp_path: Path) -> None:
    values = {"TOWPATH_LEDGER_HEAD": "a" * 40, "TOWPATH_GIT_CONFIG": "host", "TOWPATH_LOG_LEVEL": "debug", "TOWPATH_STORE_LIMIT": "5GB"}
    values |= {"TOWPATH_GITHUB_INSTALLATION": "12345", "TOWPATH_GITHUB_API": "https://git.example.com/api/v3"}
    values |= {"TOWPATH_TRAINING_NETWORK": "host", "TOWPATH_TRAINING_PATH": "/bin", "TOWPATH_TRAININGS": "/srv/trainings"}
    values["TOWPATH_TRUST"] = "SHA256:" + "A" * 43
    path = tmp_path / "secret"
    path.write_text(GIVEN.get(name, values.get(name, "another")) + "\n")
    plainly = load(GIVEN | {name: path.read_text().strip()})
    assert load(GIVEN | {name: "", f"{name}_FILE": str(path)}) == plainly


@pytest.mark.parametrize("value", ["relative/path", "ext::sh -c hunter2", "ssh://git:hunter2@host/x.git"])
def test_the_address_of_a_witness_is_as_strict_and_as_secret(value: str) -> None:
    with pytest.raises(BadSettings, match=r"^TOWPATH_WITNESS is wrong \(.*\)\. Set it to any Git URL of a second repository") as caught:
        place(load_for_git(GIVEN | {"TOWPATH_WITNESS": value}))
    assert "hunter2" not in str(caught.value)
    given = load_for_git(GIVEN | {"TOWPATH_WITNESS": "https://towpath:hunter2@git.example.com/witness.git"})
    assert "hunter2" not in f"{given!r} {place(load_for_git(GIVEN | {'TOWPATH_WITNESS': '/w', 'TOWPATH_REPOSITORY': '/r'}))!r}"


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    assert (
        "REDIS_URL_FILE names /nowhere, which cannot be read (No such file" in lines_of({"REDIS_URL": "", "REDIS_URL_FILE": "/nowhere"})[0]
    )
    for content, why in ((b"\n", "is empty"), (b"\xff\xfe\x00", "it is not text")):
        (tmp_path / "file").write_bytes(content)
        (line,) = lines_of({"REDIS_URL": "", "REDIS_URL_FILE": str(tmp_path / "file")})
        assert why in line and line.endswith("Give it a file that holds REDIS_URL.")


def test_nothing_secret_is_in_the_words_for_settings() -> None:
    settings = load(GIVEN)
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize("command", [["keys", "--help"], ["--help"], ["run", "--help"]])
def test_help_shows_no_settings_of_this_host(host: Host, command: list[str]) -> None:
    done = host.towpath(*command, **GIVEN)
    assert done.returncode == 0
    assert "hunter2" not in done.stdout + done.stderr


def test_a_mistyped_command_is_asked_back(host: Host) -> None:
    done = host.towpath("docter")
    assert done.returncode == 2
    assert "'doctor'" in done.stderr


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"REDIS_URL": ""}, "REDIS_URL is not set. Set it to redis://"),
        ({"TOWPATH_KEYS": ""}, "TOWPATH_KEYS is not set. Set it to the folder"),
        ({"TOWPATH_KEYS": "/nowhere"}, "TOWPATH_KEYS is wrong (/nowhere/writer: No such file or directory). Set it to the folder"),
    ],
)
def test_a_worker_does_not_start_with_a_wrong_setting(host: Host, changes: dict[str, str], words: str) -> None:
    command = [CELERY, "-q", "-A", "workers.app.celery", "worker", "-Q", "changes", "-P", "solo"]
    environ = {name: value for name, value in (host.environ | GIVEN | changes).items() if value}
    done = subprocess.run(command, env=environ, cwd=host.folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(f"towpath: {words}")
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_the_clock_does_not_start_without_its_key(host: Host) -> None:
    command = [CELERY, "-q", "-A", "workers.app.celery", "beat", "-S", "celery.beat:Scheduler"]
    done = subprocess.run(command, env=host.environ | GIVEN, cwd=host.folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "towpath: TOWPATH_KEYS is wrong (/etc/towpath/keys/clock: No such file" in done.stderr


def test_a_lane_needs_its_own_keys_alone(host: Host, redis_url: str) -> None:
    """As in containers, where each process sees its own: `queries` none, and `changes` the writer's."""
    environ = host.environ | GIVEN | {"TOWPATH_KEYS": "/nowhere", "REDIS_URL": redis_url}
    command = [CELERY, "-q", "-A", "workers.app.celery", "worker", "-Q", "queries", "-P", "solo"]
    running = subprocess.Popen(command, env=environ, cwd=host.folder, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        assert '"event": "ready"' in running.stderr.readline()
    finally:
        running.kill()  # in good order is how `towpath run` stops it, which has its own test
        running.wait(20)


def test_the_grounds_of_trainings_know_what_must_not_be_read_and_what_must_not_be_shown(tmp_path: Path) -> None:
    for name in ("writer", "writer.pub"):
        (tmp_path / name).write_text("x")
    given = GIVEN | {
        "TOWPATH_KEYS": str(tmp_path),
        "TOWPATH_DATA": "/srv/data",
        "TOWPATH_CI_TOKEN": "hunter3",
        "TOWPATH_TRAINING_USER": "trainee",
    }
    settings = load(given)
    found = grounds(settings, "https://git.example.com/org/models.git", None, {"REDIS_URL_FILE": "/secrets/redis_url", "OTHER": "/x"})
    assert {tmp_path, tmp_path / "writer", Path("/secrets/redis_url"), Path("/srv/data/store"), Path("/srv/data/mirror-changes")} <= set(
        found.private
    )
    assert tmp_path / "writer.pub" not in found.private
    assert (found.folder, found.hidden, found.user, found.is_tried_out) == (
        Path("/srv/data/trainings"),
        (Path("/srv/data"),),
        "trainee",
        False,
    )
    assert {"hunter2", "hunter3", GIVEN["REDIS_URL"], GIVEN["TOWPATH_REPOSITORY"]} == set(found.secrets)
    assert "hunter" not in repr(found)
    assert place(settings).trainings is not None
    assert grounds(settings, "/srv/models.git", None, {}).is_tried_out
