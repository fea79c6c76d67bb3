from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from workers.contract.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_commands_is_what_the_table_gives() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/commands", "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_holds_every_command() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for row in COMMANDS:
        assert f"### {row.verb}\n" in page
        assert f"`{row.phrase}`" in page
        assert f"`{row.example}`" in page


def test_an_unknown_argument_is_refused() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/commands", "--write"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage" in done.stderr
