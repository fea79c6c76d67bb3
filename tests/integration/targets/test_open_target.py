"""From a rule of the policy to a target."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.adapters.targets import ModelServer, open_target
from workers.domain.policy import TargetRule
from workers.ports.errors import BadContent

from .hostile import hostile, says, v2

RULE = TargetRule("prod-eu", "model-server", "http://127.0.0.1:9")
WITH_TOKEN = TargetRule("prod-eu", "model-server", "http://127.0.0.1:9", "env:PROD_TOKEN")


def token_sent(rule: TargetRule, environ: dict[str, str]) -> str | None:
    """The authorization that the target of the rule sends."""
    with hostile(v2({"GET /v2/models/biopsy": says(404, b"")})) as stage:
        open_target(TargetRule(rule.name, rule.type, stage.url, rule.token), environ).observe("biopsy")
        return stage.seen[0].headers.get("authorization")


def test_a_model_server_without_a_token() -> None:
    target = open_target(RULE, {"PROD_TOKEN": "unused"})
    assert (type(target), target.name) == (ModelServer, "prod-eu")
    assert token_sent(RULE, {"PROD_TOKEN": "unused"}) is None


def test_the_token_is_looked_up_in_the_variable_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    file = str(tmp_path / "token")
    assert token_sent(WITH_TOKEN, {"PROD_TOKEN": "from-variable\n"}) == "Bearer from-variable"
    assert token_sent(WITH_TOKEN, {"PROD_TOKEN_FILE": file}) == "Bearer from-file"
    assert token_sent(WITH_TOKEN, {"PROD_TOKEN": "from-variable", "PROD_TOKEN_FILE": file}) == "Bearer from-variable"


def test_a_missing_token_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for environ in ({}, {"PROD_TOKEN": " "}, {"PROD_TOKEN_FILE": str(tmp_path / "gone")}, {"PROD_TOKEN_FILE": str(tmp_path / "empty")}):
        with pytest.raises(BadContent, match=r"prod-eu.*PROD_TOKEN"):
            open_target(WITH_TOKEN, environ)


@pytest.mark.parametrize("token", ["hunter2", "env:", "file:/etc/passwd"])
def test_a_token_in_the_policy_itself_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(BadContent, match="env:NAME") as caught:
        open_target(TargetRule("prod", "model-server", "http://127.0.0.1:9", token), {"": "x"})
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that brings the type `shelf`, and `torn`, whose code is not there."""
    (tmp_path / "shelf_target.py").write_text(
        "from workers.adapters.targets import ModelServer\ndef opened(rule, token):\n    return ModelServer(f'shelf {rule.name} {token}', rule.url)\n"
    )
    metadata = tmp_path / "shelf_target-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf-target\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[towpath.targets]\nshelf = shelf_target:opened\ntorn = shelf_target:missing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("shelf_target", None)


@pytest.mark.usefixtures("package")
def test_another_kind_comes_as_an_entry_point() -> None:
    target = open_target(TargetRule("prod", "shelf", "http://127.0.0.1:9", "env:T"), {"T": "secret"})
    assert target.name == "shelf prod secret"


@pytest.mark.usefixtures("package")
def test_a_kind_whose_package_is_torn() -> None:
    with pytest.raises(BadContent, match="'torn', whose package cannot be loaded"):
        open_target(TargetRule("prod", "torn", "http://127.0.0.1:9"), {})


@pytest.mark.usefixtures("package")
def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(BadContent, match="'toaster', which cannot be used: known are model-server, shelf, torn"):
        open_target(TargetRule("prod", "toaster", "http://127.0.0.1:9"), {})
