"""Gates of installed packages: the example of the documentation, and packages that are amiss."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.docs.pages import DOCS
from tests.unit.domain.worlds import version_of
from workers.adapters import gates
from workers.contract.promotion import Result
from workers.domain.gates import table

from .dossiers import judged

EXAMPLE = DOCS / "examples/towpath-gate-owned"


@pytest.fixture(autouse=True)
def _none_left() -> Iterator[None]:
    yield
    table.bring([])


def installed(folder: Path, points: dict[str, str], name: str = "towpath-gate-owned") -> None:
    """What an installer leaves behind: the package's metadata with its entry points."""
    about = folder / f"{name.replace('-', '_')}-1.0.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
    (about / "entry_points.txt").write_text("[towpath.gates]\n" + "".join(f"{key} = {value}\n" for key, value in points.items()))


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(EXAMPLE / "towpath_gate_owned.py", tmp_path)
    broken = "from workers.domain.gates.gate import Gate\nGATE = Gate('odd', '', lambda d, s: [], settings={'type': 'nonsense'})\n"
    (tmp_path / "gate_with_odd_settings.py").write_text(broken)
    (tmp_path / "gate_that_breaks.py").write_text("raise RuntimeError('no')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_example_of_the_documentation_is_a_gate(there: Path) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    installed(there, project["entry-points"][gates.GROUP], project["name"])
    gates.take_up()
    owned = replace(version_of("v2.0.0"), owners=("U024BE7LH",))
    assert judged("[{owned: {}}]", owned).text == "1 owners: U024BE7LH"
    assert judged("[{owned: {at_least: 2}}]", owned).result is Result.FAIL
    assert "artifact.yaml" in judged("[{owned: {}}]", version_of("v2.0.0")).text


def test_what_is_amiss_is_left_out_and_told_and_the_rest_is_taken(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = "towpath_gate_owned:GATE"
    installed(
        there,
        {
            "owned": good,
            "other": good,
            "smoke": good,
            "drift": good,
            "broken": "gate_that_breaks:GATE",
            "judge": "towpath_gate_owned:judge",
        },
    )
    installed(there, {"broken": "nowhere:GATE"}, "another")
    gates.take_up()
    assert [gate.name for gate in table.known()[len(table.BUILT_IN) :]] == ["owned"]
    said = capsys.readouterr()
    told = said.out + said.err
    for name, why in (
        ("smoke", "Towpath's own"),
        ("drift", "Towpath's own"),
        ("other", "no Gate"),
        ("judge", "no Gate"),
        ("broken", "several"),
    ):
        assert any(name in line and why in line for line in told.splitlines()), (name, told)


def test_a_package_that_breaks_when_it_is_imported_keeps_nobody_from_starting(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed(there, {"broken": "gate_that_breaks:GATE", "gone": "nowhere:GATE", "odd": "gate_with_odd_settings:GATE"})
    gates.take_up()
    assert table.known() == table.BUILT_IN
    said = capsys.readouterr()
    assert "cannot be loaded (RuntimeError)" in said.out + said.err
    assert "settings that are no JSON Schema" in said.out + said.err
