"""Every bench runs to its end and says what it measured. How fast anything is, no test asks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
BENCHES = ROOT / "scripts" / "benches"
FIGURE = re.compile(r"[\d,]+(\.\d+)?")

SMALLEST = {
    "ack": ["--rounds", "1", "--requests", "20", "--callers", "1", "--callers", "3"],
    "drift": ["--rounds", "1", "--rows", "2000"],
    "engine": ["--rounds", "2", "--artifacts", "40", "--many", "40"],
    "faults": ["--runs", "2"],
    "journey": ["--rounds", "1"],
    "ledger": ["--rounds", "1", "--artifacts", "200", "--requests", "40"],
    "verify": ["--rounds", "1", "--records", "40", "--peer", "20"],
    "registry": ["--rounds", "1", "--tags", "40", "--no-peer"],
    "safety": ["--rounds", "1", "--size", "2", "--small", "1"],
    "rows": ["--rounds", "2", "--rows", "5000"],
    "swap": ["--rounds", "1", "--seconds", "1.5", "--callers", "2", "--every", "0.1"],
}


def rows(name: str) -> dict[str, list[str]]:
    """The rows of all tables of a bench's smallest run, by their first cell; a later table's row of the same name replaces an earlier one's."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(BENCHES / f"{name}.py"), "--markdown", *SMALLEST[name]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    return {line[0]: line[1:] for line in lines}


def test_every_bench_is_tried_here() -> None:
    assert {path.stem for path in BENCHES.glob("[a-z]*.py")} == set(SMALLEST)


def test_ack_measures_us_beside_two_that_do_less() -> None:
    found = rows("ack")
    for server in ("signature only", "Bolt, ack only", "our intake, durable", "whole bot, answering"):
        assert all(FIGURE.fullmatch(cell) and float(cell.replace(",", "")) > 0 for cell in found[server]), found[server]
    assert found["Bolt, ack only"][-1] == "1.00"


def test_safety_is_measured_beside_a_peer_and_a_floor() -> None:
    found = rows("safety")
    for judge in ("SHA-256 alone", "artifact-safety", "picklescan"):
        assert all(float(cell) >= 0 for cell in found[judge]), found[judge]
    assert found["SHA-256 alone"][-1] == "1.0"


def test_swap_loses_no_request() -> None:
    found = rows("swap")
    for load in ("nothing done", "swapped meanwhile"):
        assert float(found[load][0].replace(",", "")) > 10
        assert found[load][1] == "0"
    assert int(found["swaps"][0]) >= 2
    assert "v2.0.0" in found["answers by version"][0]


def test_registry_answers_from_tags_beside_git_itself() -> None:
    found = rows("registry")
    for process in ("git for-each-ref", "towpath show status, cold", "towpath show status, warm"):
        assert found[process][0] == "40"
        assert float(found[process][2]) > 0


def test_journey_follows_a_question_and_a_promotion() -> None:
    found = rows("journey")
    assert [found[name][0] for name in ("empty Celery task", "show status: answer posted", "approval: posted in Slack")] == ["4", "1", "1"]
    stages = {
        "asked → answered by the worker",
        "asked → approval judged",
        "approval judged → approval pushed",
        "verification pushed → shown in Slack",
    }
    assert stages <= found.keys()
    assert found["load"][0].startswith("load average")


def test_verify_agrees_with_stock_git() -> None:
    found = rows("verify")
    assert found["result equal"] == ["yes"]
    assert int(found["towpath audit verify --full"][0]) >= 40
    assert found["from a checkpoint"][0] == "0"
    assert found["git log --format=%G?"][-1] == "1.000"


def test_ledger_records_and_answers() -> None:
    found = rows("ledger")
    assert [found[name][0] for name in ("batches of at most 128", "a push for each", "as many as wait")] == ["120", "120", "40"]
    assert {"what is in prod for X", "show status, everything", "the state after one more push"} <= found.keys()


def test_engine_decides_and_sweeps_beside_a_floor() -> None:
    found = rows("engine")
    assert found["floor: one promotion to JSON and back"][-1] == "1.0"
    assert {"promote, with its gates", "an approval", "waiting, none due", "soaking, none due"} <= found.keys()


def test_faults_tells_what_it_did_and_that_it_held() -> None:
    found = rows("faults")
    assert found["all"][:2] == ["2", "0"]
    assert found["ends"]


def test_rows_are_measured_once_read_and_once_kept() -> None:
    found = rows("rows")
    for way in ("every row read", "profiles kept"):
        assert found[way][0] == "5,000" and all(FIGURE.fullmatch(cell) for cell in found[way][:4]), found[way]


def test_drift_is_measured_as_a_whole_process() -> None:
    found = rows("drift")
    assert all(float(cell) > 0 for cell in found["towpath drift"][:3])
    assert found["towpath drift"][3] == "1.0"
