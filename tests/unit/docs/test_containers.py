"""docker-compose.yml runs the processes of the Procfile, each with its own secrets and no other's; the image runs as nobody special."""

from __future__ import annotations

import itertools
import re
import shlex
from typing import Any

import pytest
import yaml

from bot.settings import Settings as BotSettings
from tests.unit.docs.pages import ROOT
from workers.app import keys, supervisor
from workers.app.settings import Settings as WorkerSettings

TEXT = (ROOT / "docker-compose.yml").read_text()
OPTIONS = sorted(set(re.findall(r"\$\{(\w+):\+", TEXT)))
"""What switches something on that not everybody has."""


def composed(**environ: str) -> dict[str, Any]:
    """The file as Compose reads it with these variables: `${NAME:-otherwise}`, `${NAME:+instead}` and `${NAME:?why}`."""

    def said(match: re.Match[str]) -> str:
        name, how, word = match.groups()
        value = environ.get(name, "")
        return (word if value else "") if how == "+" else value or ("" if how == "?" else word)

    return dict(yaml.safe_load(re.sub(r"\$\{(\w+):([-+?])([^}]*)\}", said, TEXT)))


COMPOSE = composed()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCFILE = {process.name: process.command for process in supervisor.read((ROOT / "Procfile").read_text())}
UNUSED = {
    "SLACK_API_URL": "for a Slack that is not Slack's",
    "TOWPATH_HOST": "the image listens everywhere, and Compose opens the door",
    "TOWPATH_PORT": "the image has one, and TOWPATH_LISTEN says which of the host leads there",
}
"""Settings that the containers deliberately do not pass on."""
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OWN_KEYS = {
    "web": {"bot", "links", "repo_id"},
    "changes": {"writer"},
    "queries": set(),
    "effects": {"effects", "writer.pub", "repo_id"},
    "training": {"effects", "writer.pub", "repo_id"},
    "clock": {"clock", "repo_id"},
}


def secrets_of(service: str) -> list[tuple[str, str]]:
    """(secret, where the process finds it) of a service."""
    listed = [one if isinstance(one, dict) else {"source": one} for one in SERVICES[service].get("secrets", [])]
    return [(one["source"], one.get("target", f"/run/secrets/{one['source']}")) for one in listed]


@pytest.mark.parametrize("name", PROCFILE)
def test_each_process_runs_the_command_of_the_procfile(name: str) -> None:
    assert SERVICES[name]["command"] == shlex.split(PROCFILE[name])


def test_there_is_nothing_else_but_redis_and_the_operators_command() -> None:
    assert set(SERVICES) == {*PROCFILE, "redis", "towpath"}
    assert SERVICES["towpath"]["profiles"] == ["operator"]


@pytest.mark.parametrize("name", OWN_KEYS)
def test_each_process_sees_its_own_keys_alone(name: str) -> None:
    seen = {where.removeprefix("/keys/") for _, where in secrets_of(name) if where.startswith("/keys/")}
    assert seen == OWN_KEYS[name]
    assert not any(isinstance(volume, dict) for volume in SERVICES[name].get("volumes", [])), "no folder of the host"


def test_the_keys_have_the_names_that_towpath_makes() -> None:
    made = {*keys.SIGNERS, *(f"{name}.pub" for name in keys.SIGNERS), keys.LINKS, keys.REPO_ID}
    assert {key for own in OWN_KEYS.values() for key in own} <= made


def test_only_changes_and_the_operator_can_push() -> None:
    assert {name for name in SERVICES if any(secret == "repository" for secret, _ in secrets_of(name))} == {"changes", "towpath"}


@pytest.mark.parametrize("name", SERVICES)
def test_each_secret_is_declared_and_used_where_it_is_mounted(name: str) -> None:
    mounted = {where for _, where in secrets_of(name)}
    assert {secret for secret, _ in secrets_of(name)} <= set(COMPOSE["secrets"])
    service = composed(**dict.fromkeys(OPTIONS, "/some/file"))["services"][name]
    named = {value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")}
    assert named <= mounted
    assert {where for where in mounted if where.startswith("/run/secrets/")} <= named | {"/run/secrets/redis_conf"}


def test_every_declared_secret_is_a_file_that_somebody_gets() -> None:
    given = {secret for name in SERVICES for secret, _ in secrets_of(name)}
    assert set(COMPOSE["secrets"]) == given
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


@pytest.mark.parametrize("name", [*PROCFILE, "towpath"])
def test_each_process_gets_the_settings_that_it_needs_and_no_unknown_ones(name: str) -> None:
    kind = BotSettings if name == "web" else WorkerSettings
    image = set(re.findall(r"^\s+(TOWPATH_\w+)=", DOCKERFILE, re.MULTILINE)) | {"TOWPATH_DATA"}
    given = {key.removesuffix("_FILE") for key in SERVICES[name]["environment"]} | image
    known = {field.upper() for other in (BotSettings, WorkerSettings) for field in other.model_fields}
    needed = {field.upper() for field, how in kind.model_fields.items() if how.is_required()}
    assert needed <= given <= known | {"SSH_AUTH_SOCK"}


def test_every_setting_is_passed_on_to_whoever_needs_it_or_left_out_with_a_reason() -> None:
    image = set(re.findall(r"^\s+(TOWPATH_\w+)=", DOCKERFILE, re.MULTILINE)) | {"TOWPATH_DATA"}
    given = {key.removesuffix("_FILE") for service in SERVICES.values() for key in service.get("environment", {})} | image
    known = {field.upper() for kind in (BotSettings, WorkerSettings) for field in kind.model_fields}
    assert known - given - UNUSED.keys() == set()
    assert UNUSED.keys() - known == set()


@pytest.mark.parametrize("name", [*PROCFILE, "towpath"])
def test_what_is_not_switched_on_is_an_empty_word_and_what_is_a_file_that_is_mounted(name: str) -> None:
    plain, whole = SERVICES[name], composed(**dict.fromkeys(OPTIONS, "/some/file"))
    for key, value in plain["environment"].items():
        assert value or whole["services"][name]["environment"][key] or not key.endswith("_FILE")
    optional = [secret["file"] for secret in COMPOSE["secrets"].values() if secret["file"] == "/dev/null"]
    assert len(optional) == len([option for option in OPTIONS if option.endswith("_AT")])
    assert "/dev/null" not in [secret["file"] for secret in whole["secrets"].values()]


def test_an_agent_takes_the_place_of_the_writers_private_key() -> None:
    (changes,) = [composed(TOWPATH_SSH_AGENT="/run/user/1000/agent")["services"]["changes"]]
    assert changes["environment"]["SSH_AUTH_SOCK"] == "/run/ssh-agent"
    assert "/run/user/1000/agent:/run/ssh-agent" in changes["volumes"]
    assert {"source": "key_writer", "target": "/keys/writer.pub"} in changes["secrets"]
    assert composed(TOWPATH_SSH_AGENT="/x")["secrets"]["key_writer"]["file"].endswith("/writer.pub")
    holders = {name for name, service in SERVICES.items() if "SSH_AUTH_SOCK" in service.get("environment", {})}
    assert holders == {"changes", "towpath"}, "who can reach the agent can have anything signed"


@pytest.mark.parametrize("name", [*PROCFILE, "redis"])
def test_each_service_comes_back_and_only_the_bot_has_a_door(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert ("ports" in SERVICES[name]) == (name == "web")


def test_redis_keeps_everything() -> None:
    words = SERVICES["redis"]["command"]
    pairs = dict(itertools.pairwise(words))
    assert (pairs["--appendonly"], pairs["--maxmemory-policy"]) == ("yes", "noeviction")
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_volumes_and_networks_are_declared() -> None:
    listed = [volume for service in SERVICES.values() for volume in service.get("volumes", []) if isinstance(volume, str)]
    named = {volume.split(":")[0] for volume in listed if not volume.startswith("/")}
    assert named == set(COMPOSE["volumes"])
    assert {network for service in SERVICES.values() for network in service["networks"]} == set(COMPOSE["networks"])


def test_each_variable_of_the_file_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) - {"TOWPATH_VERSION"}
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked == offered


def test_the_image_is_of_pinned_parts_and_runs_as_nobody_special() -> None:
    installs = re.findall(r"pip install .*", DOCKERFILE)
    assert all("--require-hashes" in line or "--no-deps /tmp/wheels" in line for line in installs)
    user = re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)
    assert user == ["towpath"]
    assert DOCKERFILE.index("USER towpath") < DOCKERFILE.index('CMD ["python", "-m", "bot"]')
    assert "/healthz" in DOCKERFILE


def test_the_image_copies_only_what_there_is() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in allowed if not (ROOT / name).exists()] == []
    assert {"bot", "workers", "demo", "requirements", "pyproject.toml", "Procfile"} <= set(allowed)
