"""docs/install/kubernetes runs the processes of the Procfile as docker-compose.yml does: each with its own secrets and no other's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bot.settings import Settings as BotSettings
from tests.unit.docs.pages import DOCS, blocks
from tests.unit.docs.test_containers import COMPOSE, DOCKERFILE, OPTIONS, OWN_KEYS, PROCFILE, secrets_of
from workers.app.settings import Settings as WorkerSettings

FOLDER = DOCS / "install/kubernetes"
MANIFESTS: list[dict[str, Any]] = [
    one for path in sorted(FOLDER.glob("*.yaml")) for one in yaml.safe_load_all(path.read_text()) if one["kind"] != "Kustomization"
]
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
KNOWN = {field.upper() for kind in (BotSettings, WorkerSettings) for field in kind.model_fields}


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in MANIFESTS if one["kind"] == kind}


DEPLOYMENTS = named("Deployment")
SETTINGS = named("ConfigMap")["towpath"]["data"]


def pod(name: str) -> dict[str, Any]:
    workload: dict[str, Any] = {**DEPLOYMENTS, **named("StatefulSet")}[name]["spec"]["template"]["spec"]
    return workload


def container(name: str) -> dict[str, Any]:
    (only,) = pod(name)["containers"]
    assert isinstance(only, dict)
    return only


def files_of(name: str, volume: str) -> set[str]:
    return {item["path"] for one in pod(name)["volumes"] if one["name"] == volume and "secret" in one for item in one["secret"]["items"]}


def environment(name: str) -> Iterator[str]:
    yield from SETTINGS
    yield from (one["name"] for one in container(name)["env"])


def test_every_manifest_is_taken_in_and_there_is_no_other() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == sorted(path.name for path in FOLDER.iterdir() if path.name != "kustomization.yaml")
    assert [image["name"] for image in KUSTOMIZATION["images"]] == ["towpath"]
    assert set(DEPLOYMENTS) == set(PROCFILE)
    assert set(named("StatefulSet")) == {"redis"}


@pytest.mark.parametrize("name", PROCFILE)
def test_each_process_runs_the_command_of_the_procfile_from_the_one_image(name: str) -> None:
    assert container(name)["command"] == shlex.split(PROCFILE[name])
    assert container(name)["image"] == "towpath"


@pytest.mark.parametrize("name", OWN_KEYS)
def test_each_process_sees_its_own_keys_and_the_secrets_of_compose_alone(name: str) -> None:
    assert files_of(name, "keys") == OWN_KEYS[name]
    always = {source for source, secret in COMPOSE["secrets"].items() if secret["file"] != "/dev/null"}
    of_compose = {source for source, where in secrets_of(name) if where.startswith("/run/secrets/")} & always
    assert files_of(name, "secrets") == of_compose
    given = {one["value"] for one in container(name)["env"] if one["name"].endswith("_FILE")}
    assert given == {f"/run/secrets/{secret}" for secret in of_compose}
    mounted = {one["name"] for inside in [container(name), *pod(name).get("initContainers", [])] for one in inside["volumeMounts"]}
    assert mounted == {one["name"] for one in pod(name)["volumes"]}
    assert not any("hostPath" in one for one in pod(name)["volumes"])


@pytest.mark.parametrize("name", PROCFILE)
def test_each_setting_exists_and_none_is_missing(name: str) -> None:
    kind = BotSettings if name == "web" else WorkerSettings
    image = set(re.findall(r"^\s+(TOWPATH_\w+)=", DOCKERFILE, re.MULTILINE)) | {"TOWPATH_DATA"}
    given = {one.removesuffix("_FILE") for one in environment(name)} | image
    assert {field.upper() for field, how in kind.model_fields.items() if how.is_required()} <= given <= KNOWN


@pytest.mark.parametrize("name", [*PROCFILE, "redis"])
def test_each_pod_is_nobody_special_and_bounded(name: str) -> None:
    about = pod(name)
    assert about["automountServiceAccountToken"] is False
    assert about["securityContext"]["runAsNonRoot"] is True and about["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    inside = container(name)
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert inside["securityContext"] == wanted
    assert "memory" in inside["resources"]["limits"]


@pytest.mark.parametrize("name", [name for name, own in OWN_KEYS.items() if own])
def test_keys_are_copied_with_the_mode_that_the_processes_ask_for(name: str) -> None:
    (first,) = pod(name)["initContainers"]
    assert first["command"] == ["sh", "-c", "install -m 0600 /mounted/* /keys/"]
    assert first["securityContext"] == container(name)["securityContext"]
    assert "keys" not in {one["name"] for one in container(name)["volumeMounts"]}
    assert {"name": "own-keys", "mountPath": "/keys", "readOnly": True} in container(name)["volumeMounts"]
    assert {"name": "own-keys", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}} in pod(name)["volumes"]


def test_who_must_be_alone_is_alone() -> None:
    for name in ("changes", "effects", "training", "clock"):
        assert (DEPLOYMENTS[name]["spec"]["replicas"], DEPLOYMENTS[name]["spec"]["strategy"]) == (1, {"type": "Recreate"})
    claims = {
        one["persistentVolumeClaim"]["claimName"] for name in PROCFILE for one in pod(name)["volumes"] if "persistentVolumeClaim" in one
    }
    assert claims == set(named("PersistentVolumeClaim"))
    assert len(claims) == 3, "a volume each"


def test_the_bot_is_ready_when_it_can_do_its_work() -> None:
    assert container("web")["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    (port,) = container("web")["ports"]
    assert f"EXPOSE {port['containerPort']}" in DOCKERFILE
    assert [name for name in PROCFILE if "ports" in container(name)] == ["web"]


def test_redis_keeps_everything_as_in_compose() -> None:
    wanted = COMPOSE["services"]["redis"]
    assert container("redis")["image"] == wanted["image"]
    assert container("redis")["command"][2:8] == wanted["command"][2:]


def test_nobody_is_let_in_but_where_it_is_said() -> None:
    policies = named("NetworkPolicy")
    labels = {name: DEPLOYMENTS[name]["spec"]["template"]["metadata"]["labels"] for name in DEPLOYMENTS}
    assert all(labels[name] == {"app": name, "part-of": "towpath"} for name in labels)
    assert policies["towpath"]["spec"]["podSelector"] == {"matchLabels": {"part-of": "towpath"}}
    assert "ingress" not in policies["towpath"]["spec"]
    assert policies["redis"]["spec"]["egress"] == []


def test_the_page_makes_the_secrets_that_are_mounted() -> None:
    told = "".join(blocks(DOCS / "install/kubernetes.md", "sh")) + "".join(
        re.findall(r"^   kubectl.*(?:\n     .*)*", (DOCS / "install/kubernetes.md").read_text(), re.MULTILINE)
    )
    made = set(re.findall(r"create secret generic (\S+)", told))
    used = {one["secret"]["secretName"] for name in [*PROCFILE, "redis"] for one in pod(name)["volumes"] if "secret" in one}
    assert made == used
    assert {secret for name in PROCFILE for secret in files_of(name, "secrets")} <= set(re.findall(r"--from-file=(\w+)", told))


def test_every_setting_that_the_pages_name_exists() -> None:
    others = {"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "TOWPATH_PUBLIC_URL", "TOWPATH_PINS", *OPTIONS}
    for page in (DOCS / "install").glob("*.md"):
        names = set(re.findall(r"\b(?:TOWPATH|SLACK)_[A-Z_]*[A-Z]\b", page.read_text()))
        assert {name.removesuffix("_FILE") for name in names} <= KNOWN | others, page
