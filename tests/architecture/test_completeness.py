"""Nothing is half there: each request is judged, each effect has its task, each task its queue, and the arrows between the parts hold."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from workers.adapters.redis import board
from workers.app import celery
from workers.app.doors import wiring as wiring_of
from workers.contract import envelope, lanes, outcomes
from workers.contract import requests as ask
from workers.contract.commands import BY_REQUEST, Right
from workers.contract.promotion import State
from workers.domain import decide as decisions
from workers.domain import decision, layout, reads, states
from workers.effects.deployment import Deployment
from workers.tasks import changes, effects

ROOT = Path(__file__).parents[2]


def test_the_arrows_between_the_parts_hold() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_contract_and_domain_read_neither_clock_nor_chance_nor_environment() -> None:
    forbidden = {"now", "utcnow", "today", "random", "uuid4", "token_hex", "environ", "getenv", "open"}
    found = []
    for path in sorted([*ROOT.glob("workers/contract/**/*.py"), *ROOT.glob("workers/domain/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                on = ast.unparse(node.func)
                if name in forbidden and not on.startswith(("sealed.", "self.")):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {on}")
    assert found == []


def test_each_request_of_people_is_judged_or_answered_and_none_is_both() -> None:
    assert {*decisions.PEOPLE, *ask.READS, *ask.LOOKS} == set(ask.PEOPLE)
    assert len(decisions.PEOPLE) + len(ask.READS) + len(ask.LOOKS) == len(ask.PEOPLE)
    assert {*reads._READERS, *ask.NESTING} == set(ask.READS)


def test_each_report_of_a_process_is_judged_and_has_one_sender() -> None:
    assert set(decisions.PROCESSES) == set(ask.BY_VERB.values()) - set(ask.PEOPLE)
    for kind in decisions.PROCESSES:
        assert [sender for sender in envelope.Sender if kind in sender.may_ask], kind


def test_the_union_of_requests_and_the_names_on_the_wire_are_the_same() -> None:
    assert set(typing.get_args(ask.Request)) == set(ask.BY_VERB.values())
    assert set(typing.get_args(outcomes.Outcome)) == set(outcomes.BY_NAME.values())
    assert all(name == kind.__name__ for name, kind in {**ask.BY_VERB, **outcomes.BY_NAME}.items())


@pytest.mark.parametrize("request_", decisions.PEOPLE, ids=lambda kind: kind.__name__)
def test_each_change_needs_a_right(request_: type[ask.Request]) -> None:
    assert BY_REQUEST[request_].right is not Right.ANYONE


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings that every worker needs."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("TOWPATH_REPOSITORY", str(tmp_path))
    monkeypatch.setenv("TOWPATH_KEYS", str(tmp_path))


def test_each_effect_has_a_task_and_each_task_a_queue_and_a_body(given: None) -> None:
    asked = set(typing.get_args(decision.Effect))
    assert set(board.TASKS) == asked
    tasks = {value for name, value in vars(lanes).items() if isinstance(value, str) and value.startswith("towpath.") and name.isupper()}
    assert set(lanes.QUEUES) == tasks
    assert set(board.TASKS.values()) <= tasks
    assert wiring_of is not None
    registered = {name for name in celery.app.tasks if name.startswith("towpath.")}
    assert registered == tasks
    assert set(lanes.QUEUES.values()) == {"changes", "queries", "effects", "training"}
    procfile = (ROOT / "Procfile").read_text()
    for queue in set(lanes.QUEUES.values()):
        assert f"-Q {queue} " in procfile


def test_the_beat_asks_only_for_tasks_that_there_are(given: None) -> None:
    conf = celery.configuration()
    schedule = conf["beat_schedule"]
    assert {entry["task"] for entry in schedule.values()} == {lanes.SWEEP, lanes.LOOK_AT_SOURCE, *lanes.BEATS}
    for entry in schedule.values():
        assert entry["options"]["queue"] == lanes.QUEUES[entry["task"]]
    assert conf["accept_content"] == ["json"]
    assert conf["task_serializer"] == "json"


def test_a_step_that_lost_its_worker_is_begun_again_within_fifteen_seconds() -> None:
    """Its lease ends, the next sweep finds it gone, and a sweep that did so a moment before has put a mark."""
    assert effects.STEP_SECONDS + celery.SWEEP_EVERY + changes.BEGIN_AGAIN_AFTER <= 15


def test_each_state_is_in_the_table_and_each_step_can_be_begun_again() -> None:
    assert set(states.ARROWS) == set(State)
    reachable = {State.CHECKING}
    while more := {to for state in reachable for to in states.ARROWS[state]} - reachable:
        reachable |= more
    assert reachable == set(State)
    assert set(changes._STEPS) == states.UNDER_WAY
    for effect in changes._STEPS.values():
        assert hasattr(Deployment, effect.__name__.lower())
        assert effect in board.TASKS


def test_each_effect_travels_by_its_fields_alone() -> None:
    plain = {str, int, bool}
    parts = list(typing.get_args(decision.Effect))
    for part in parts:
        hints = typing.get_type_hints(part)
        for field in dataclasses.fields(part):
            options = [one for one in typing.get_args(hints[field.name]) or (hints[field.name],) if one not in (type(None), ...)]
            parts += (inner := [one for one in options if dataclasses.is_dataclass(one)])
            assert all(issubclass(one, tuple(plain)) or one.__name__ == "Kind" for one in options if one not in inner), field


def test_each_document_of_the_ledger_has_a_place() -> None:
    kinds = set(typing.get_args(layout.Document))
    assert {kind for _, kind in layout._KINDS} == kinds
