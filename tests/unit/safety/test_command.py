"""`towpath scan` on real files and folders."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.unit.safety.judged import calling
from workers.app.front import command
from workers.app.scanning import files, opinion


def scanned(*paths: Path | str) -> Result:
    """Run the command."""
    return CliRunner().invoke(command("scan"), [str(path) for path in paths])


def said(*paths: Path | str) -> dict[str, Any]:
    """Its JSON."""
    found: dict[str, Any] = json.loads(scanned(*paths, "--json").output)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a harmless model."""
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "model.pkl").write_bytes(pickle.dumps({"a": [1, 2.5]}))
    (tmp_path / "model" / "deep" / "README.md").write_text("words")
    return tmp_path / "model"


def test_all_pass(folder: Path) -> None:
    found = scanned(folder)
    assert found.exit_code == 0
    assert found.output == f"pass: 2 files (pickle, text), by towpath-safety 1 and {opinion.name()}\n"
    assert said(folder / "model.pkl") == {
        "verdict": "pass", "formats": ["pickle"], "files": 1, "scanner": "towpath-safety 1", "second_opinion": opinion.name(), "findings": [],
    }  # fmt: skip


def test_one_that_cannot_be_told_ends_with_2_and_one_rejected_with_1(folder: Path) -> None:
    (folder / "strange").write_bytes(b"\xff\x00")
    found = scanned(folder)
    assert found.exit_code == 2
    assert "cannot tell: 3 files" in found.output
    (folder / "bad.txt").write_bytes(calling("importlib", "import_module"))
    assert scanned(folder).exit_code == 1
    (first,) = [one for one in said(folder)["findings"] if one["verdict"] == "reject"]
    assert (first["path"], first["format"]) == (str(folder / "bad.txt"), "pickle")
    assert first["at"] > 0
    assert "importlib.import_module" in first["what"]
    assert first["do"].startswith("Save ")


def test_links_are_not_followed_and_pipes_not_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(calling("os", "system"))
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    found = said(folder)
    assert found["verdict"] == "cannot tell"
    assert {Path(one["path"]).name: one["what"] for one in found["findings"]} == {
        "link": "is a link, which is not followed",
        "loop": "is a link, which is not followed",
        "pipe": "is no regular file",
    }
    assert said(folder / "link")["verdict"] == "cannot tell"


def test_a_link_that_came_in_between_is_not_opened(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "model.pkl")
    with pytest.raises(OSError, match="link"):
        next(files.opened([folder / "link"]))


def test_the_second_opinion_makes_it_worse(folder: Path) -> None:
    (folder / "bad.pkl").write_bytes(calling("os", "system"))
    opinions = [one for one in said(folder)["findings"] if one["format"] == "second opinion"]
    assert [Path(one["path"]).name for one in opinions] == ["bad.pkl"]
    assert "os.system" in opinions[0]["what"]


def test_nothing_given_and_nothing_there_are_mistakes_of_the_command_line(tmp_path: Path) -> None:
    assert scanned().exit_code == 2
    assert "does not exist" in scanned(tmp_path / "nothing").output
    assert scanned(tmp_path).exit_code == 2, "no file is no pass"


def test_names_cannot_steer_a_terminal(folder: Path) -> None:
    (folder / "a\x1b[31m\nb").write_bytes(b"\xff")
    assert "\x1b" not in scanned(folder).output
