"""The policy on the source branch changes: the channel sees the difference, nothing takes force until somebody who may adopts exactly that commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from demo.slack.seen import Message
from tests.faults.play import PATIENCE, Scene


async def test_a_changed_policy_takes_force_only_when_somebody_who_may_adopts_it(scene: Scene, tmp_path: Path) -> None:
    in_force, mark = scene.git("show", "towpath:policy/towpath.yaml"), scene.workspace.mark()
    commit = _push(scene, tmp_path, in_force + "# looked at in the autumn\n")
    notice = await scene.workspace.until(lambda seen: seen.message("looked at in the autumn"), PATIENCE, mark)
    assert commit[:7] in notice
    assert scene.git("show", "towpath:policy/towpath.yaml") == in_force

    ana, mia, mark = scene.workspace.person("ana"), scene.workspace.person("mia"), scene.workspace.mark()
    await ana.command("biopsy", "/towpath", f"adopt policy {commit[:12]}")
    await scene.workspace.until(lambda seen: seen.ephemeral("right to run in every environment", to=ana.id), PATIENCE, mark)
    assert scene.git("show", "towpath:policy/towpath.yaml") == in_force

    await mia.command("biopsy", "/towpath", f"adopt policy {commit[:12]}")
    await scene.until(lambda: scene.git("show", "towpath:policy/towpath.yaml") != in_force, "the policy takes force")
    assert scene.records()[-1]["event"] == "policy_changed"
    assert scene.records()[-1]["actor"]["id"] == "U0MIA@T0CEDAR"
    scene.is_sound()


async def test_an_invalid_policy_is_shown_with_file_and_line_and_cannot_be_adopted(scene: Scene, tmp_path: Path) -> None:
    in_force, mark = scene.git("show", "towpath:policy/towpath.yaml"), scene.workspace.mark()
    commit = _push(scene, tmp_path, in_force + "freeze: always\n")
    line = in_force.count("\n") + 1
    notice = await scene.workspace.until(lambda seen: seen.message(f"towpath.yaml:{line}"), PATIENCE, mark)
    assert isinstance(notice, Message)
    assert "freeze" in notice
    dana, mark = scene.workspace.person("dana"), scene.workspace.mark()
    await dana.command("biopsy", "/towpath", f"adopt policy {commit[:12]}")
    await scene.workspace.until(lambda seen: seen.ephemeral(f"towpath.yaml:{line}", to=dana.id), PATIENCE, mark)
    assert scene.git("show", "towpath:policy/towpath.yaml") == in_force
    _push(scene, tmp_path, in_force)


def _push(scene: Scene, folder: Path, text: str) -> str:
    """Put a policy on the source branch as somebody with push rights would; the commit."""
    work = folder / f"work-{len(list(folder.iterdir()))}"
    subprocess.run(["git", "clone", "-q", str(scene.installation.remote), str(work)], check=True, capture_output=True, timeout=60)
    (work / "towpath.yaml").write_text(text)
    git = ["git", "-c", "user.name=Dana", "-c", "user.email=dana@example.com", "-C", str(work)]
    subprocess.run([*git, "commit", "-qam", "Change the policy"], check=True, capture_output=True, timeout=60)
    subprocess.run([*git, "push", "-q", "origin", "HEAD:main"], check=True, capture_output=True, timeout=60)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True, timeout=60).stdout.strip()
