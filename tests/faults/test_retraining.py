"""A retraining in a whole installation whose training worker dies: pushed once, told once, registered once, promoted once, served."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from demo.slack.seen import Message
from tests.faults.play import Scene, in_thread

WITHIN = 120.0
RECIPE = "retrain: {command: [sh, train.sh], minutes: 5, disk_mb: 64, memory_mb: 512}\n"
TRAINS = "set -e\necho 'towpath: epoch 1 of 1'\nprintf '\\162\\020\\012\\007trained\\022\\005again' >> model/model.onnx\n"
"""It appends a field to the model's `metadata_props` (onnx.proto, ModelProto): other bytes, the same predictions."""


def lay(scene: Scene, folder: Path) -> None:
    """Somebody gives the model a pipeline."""

    def git(*words: str) -> None:
        who = ("-c", "user.name=Dana", "-c", "user.email=dana@example.com")
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, timeout=60)

    git("clone", "--quiet", str(scene.installation.remote), "clone")
    model = folder / "clone/models/biopsy"
    if (model / "train.sh").exists():
        return
    (model / "train.sh").write_text(TRAINS)
    declared = model / "artifact.yaml"
    declared.write_text(declared.read_text() + RECIPE)
    git("-C", "clone", "add", "--all")
    git("-C", "clone", "commit", "--quiet", "-m", "Say how it is trained")
    git("-C", "clone", "push", "--quiet", "origin", "HEAD:main")


def newest(scene: Scene) -> dict[str, Any]:
    paths = scene.ledger_files("retrainings/")
    path = max(paths, key=lambda one: int(one.rpartition("-")[2].removesuffix(".yaml")), default="")
    return dict(scene.document(path) or {}) if path else {}


def story(messages: list[Message], id_: str) -> list[Message]:
    return [one for one in messages if (one.metadata.get("event_payload") or {}).get("story") == id_]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("boundary", ["after GitResults.take", "after Reporter.trained"])
async def test_a_training_worker_that_is_killed_leaves_one_version_and_one_promotion(scene: Scene, tmp_path: Path, boundary: str) -> None:
    lay(scene, tmp_path)
    before, promotions = newest(scene).get("id"), scene.last_promotion()
    crash = scene.installation.folder / "data" / "crash"
    crash.write_text(boundary)
    await scene.workspace.person("ana").command("biopsy", "/towpath", "retrain biopsy because the scanner was replaced")
    ends = ("promoted", "registered", "failed", "stopped")
    await scene.until(lambda: (one := newest(scene)).get("id") != before and one["stage"] in ends, "it ends", WITHIN)
    found = newest(scene)
    assert found["stage"] == "promoted", found
    assert crash.with_name("crashed").read_text() == boundary, "the worker never came to the boundary"
    crash.with_name("crashed").unlink()
    branch = f"refs/heads/retrain/biopsy/{found['id'][2:]}"
    assert scene.git("rev-list", f"main..{branch}").split() == [found["commit"]]
    assert scene.last_promotion() == promotions + 1
    ended = await scene.ends(found["promotion"], "succeeded")
    assert ended["retraining"] == found["id"]
    scene.serves_what_is_recorded("staging")
    assert scene.served("staging")["digest"] == scene.version(found["version"])["digest"]
    wanted = [event["seq"] for event in found["events"] if event["event"] != "card_posted"]
    await scene.workspace.until(
        lambda seen: [one for one in story(seen.messages(), found["id"]) if in_thread(one)][len(wanted) - 1 :] or None, WITHIN
    )
    messages = story((await scene.workspace.seen()).messages(), found["id"])
    told = [one.metadata["event_payload"]["seq"] for one in messages if in_thread(one)]
    assert sorted(told) == wanted
    assert len([one for one in messages if not in_thread(one)]) == 1
    scene.is_sound()
