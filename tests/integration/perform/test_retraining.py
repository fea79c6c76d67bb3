"""From a person's word to the promotion of a new model: a real pipeline, a real remote, and everything that may go wrong between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from workers.adapters.pipelines.opening import Grounds, open_pipeline
from workers.contract import lanes, wire
from workers.contract import requests as ask
from workers.contract.names import ArtifactName, CommitId, RetrainingId, Version
from workers.contract.outcomes import Lineage, Refused, RetrainingMoved
from workers.contract.retraining import Retraining, Stage
from workers.domain import decision as d
from workers.domain import lineage
from workers.domain.policy import email_digest
from workers.tasks import training
from workers.tasks.training import name_of

from .test_registering import Desk
from .town import ANA, BEN, BIOPSY, Town

WITHIN = 60.0
TRAINS = """\
set -e
echo "epoch 1 of 1"
printf x >> model/model.onnx
sed 's/"auc": [0-9.]*/"auc": 0.995/' metrics.json > new.json
mv new.json metrics.json
"""
RECIPE = "retrain: {command: [sh, train.sh], parameters: {epochs: 1}, minutes: 5, disk_mb: 64, memory_mb: 512}\n"


@pytest.fixture
def desk(town: Town) -> Desk:
    """Somebody's clone of a repository whose model has a recipe, on a host that may run it."""
    source = town.wiring.place.source(town.wiring._training_mirror)
    grounds = Grounds(town.folder / "trainings", user="same", is_tried_out=True)
    town.wiring.__dict__["_pipeline"] = lambda how: open_pipeline(how, grounds, source.check_out)
    desk = Desk(town)
    trains(desk)
    return desk


def trains(desk: Desk, script: str = TRAINS, recipe: str = RECIPE) -> str:
    """The pipeline as it is from now on."""
    declared = desk.folder / "models/biopsy/artifact.yaml"
    own = "".join(line for line in declared.read_text().splitlines(True) if not line.startswith("retrain:"))
    declared.write_text(own + recipe)
    return desk.commit("models/biopsy/train.sh", script)


def asks(town: Town) -> Retraining:
    """Ana asks, and the retraining begins."""
    town.says(ANA, ask.Retrain(BIOPSY, "the scanner was replaced"))
    town.works()
    found = newest(town)
    assert found.stage is Stage.RUNNING or found.events[-1].event != "begun", found
    return found


def newest(town: Town) -> Retraining:
    return max(town.world().retrainings.values(), key=lambda one: one.id.number)


def look(town: Town, id_: RetrainingId) -> None:
    """What the sweep asks for every few seconds."""
    training.train(town.wiring, wire.plain(d.Train(id_, 1)))
    town.works()


def until(town: Town, holds: Callable[[Retraining], object]) -> Retraining:
    """Look again and again until that is so."""
    deadline = time.monotonic() + WITHIN
    while not holds(found := newest(town)):
        assert time.monotonic() < deadline, found
        look(town, found.id)
        time.sleep(0.05)
    return found


def ends(town: Town) -> Retraining:
    return until(town, lambda found: found.stage not in (Stage.RUNNING, Stage.PUSHED))


def branch(town: Town, one: Retraining) -> str:
    return town.git("for-each-ref", "--format=%(objectname)", f"refs/heads/retrain/biopsy/{one.id.number}")


def test_from_the_word_to_the_promotion(town: Town, desk: Desk) -> None:
    head = town.git("rev-parse", "main")
    begun = asks(town)
    assert begun.base == head
    done = ends(town)
    assert done.stage is Stage.PROMOTED, done
    assert done.commit == branch(town, done)
    assert town.git("rev-parse", "main") == head
    assert town.git("rev-parse", f"{done.commit}^") == head
    assert done.version == "v3.1.0"
    assert town.git("rev-parse", "biopsy@v3.1.0^{commit}") == done.commit
    version = town.world().version(BIOPSY, Version.read("v3.1.0"))
    assert version is not None
    assert (version.retraining, version.code, dict(version.parameters)) == (done.id, head, {"epochs": "1"})
    assert version.authors == (email_digest(ANA.id),)
    promotion = town.promotion(str(done.promotion))
    assert (promotion.requester, promotion.state.value, promotion.to.version) == (ANA.id, "succeeded", "v3.1.0")
    assert promotion.retraining == done.id
    assert done.ran["code"] == head
    moved = [one for one in town.told(RetrainingMoved) if one.retraining.id == done.id]
    assert moved[-1].retraining == done
    assert set(moved[-1].commits) == {str(event.seq) for event in done.events}
    assert not list((town.folder / "trainings").glob("T-*/tree"))


def test_progress_reaches_the_ledger(town: Town, desk: Desk) -> None:
    trains(desk, 'echo "epoch 7 of 10"\nsleep 600\n')
    asks(town)
    found = until(town, lambda one: one.progress)
    assert found.progress == "epoch 7 of 10"
    town.says(ANA, ask.StopRetraining(BIOPSY))
    town.works()


def test_a_pipeline_that_brings_nothing_fails(town: Town, desk: Desk) -> None:
    trains(desk, "echo nothing to do\n")
    asks(town)
    found = ends(town)
    assert found.stage is Stage.FAILED
    assert branch(town, found) == ""
    assert not town.world().promotions


def test_a_pipeline_that_fails_shows_the_end_of_its_output(town: Town, desk: Desk) -> None:
    trains(desk, "echo 'no such column: radius' >&2\nexit 3\n")
    asks(town)
    found = ends(town)
    assert found.stage is Stage.FAILED
    assert "no such column: radius" in (found.log or "")


def test_what_it_writes_elsewhere_stays_there(town: Town, desk: Desk) -> None:
    trains(desk, TRAINS + "echo mine > ../../towpath.yaml\nln -s /etc/passwd ../other\n")
    asks(town)
    found = ends(town)
    assert found.stage is Stage.PROMOTED, found
    changed = town.git("diff-tree", "-r", "--name-only", found.base, str(found.commit)).split()
    assert changed == ["models/biopsy/metrics.json", "models/biopsy/model/model.onnx"]


def test_a_link_in_the_artifacts_folder_is_refused(town: Town, desk: Desk) -> None:
    trains(desk, TRAINS + "ln -s /etc/passwd stolen\n")
    asks(town)
    found = ends(town)
    assert found.stage is Stage.FAILED
    assert "link" in found.events[-1].text
    assert branch(town, found) == ""


def test_without_a_recipe_nothing_begins(town: Town, desk: Desk) -> None:
    trains(desk, recipe="")
    town.says(ANA, ask.Retrain(BIOPSY))
    town.works()
    (refused,) = town.told(Refused)
    assert "does not say how biopsy is trained" in refused.reasons[0].text
    trains(desk, recipe="retrain: {command: python train.py, minutes: 0}\n")
    town.says(ANA, ask.Retrain(BIOPSY))
    town.works()
    (refused,) = town.told(Refused)
    assert all("models/biopsy/artifact.yaml, line" in reason.text for reason in refused.reasons)
    assert len(refused.reasons) == 2


def test_two_people_at_once(town: Town, desk: Desk) -> None:
    for who in (ANA, BEN):
        town.says(who, ask.Retrain(BIOPSY))
    town.works()
    assert [one.requester for one in town.world().retrainings.values()] == [ANA.id]
    (refused,) = town.told(Refused)
    assert refused.reasons[0].code == "running"
    assert ends(town).stage is Stage.PROMOTED


def test_one_word_that_comes_twice_begins_once(town: Town, desk: Desk) -> None:
    sealed = town.says(ANA, ask.Retrain(BIOPSY))
    town.works()
    town.wiring.inbox.put(sealed)
    town.works()
    assert ends(town).stage is Stage.PROMOTED
    town.wiring.inbox.put(sealed)
    town.works()
    assert len(town.world().retrainings) == 1


def test_stop_ends_the_processes_and_keeps_nothing(town: Town, desk: Desk) -> None:
    trains(desk, "echo $$ > ../../pid\nsleep 600\n")
    begun = asks(town)
    until(town, lambda _: list((town.folder / "trainings").glob("T-*/**/pid")))
    town.says(ANA, ask.StopRetraining(BIOPSY, "wrong data"))
    town.works()
    found = newest(town)
    assert (found.stage, found.events[-1].because) == (Stage.STOPPED, "wrong data")
    assert not list((town.folder / "trainings").glob("T-*/**/pid"))
    look(town, begun.id)
    assert not list((town.folder / "trainings").glob("T-*/**/tree/*"))
    assert branch(town, begun) == ""


def test_the_source_branch_may_move_on_meanwhile(town: Town, desk: Desk) -> None:
    begun = asks(town)
    desk.commit("README.md", "# Moved on\n")
    done = ends(town)
    assert done.stage is Stage.PROMOTED, done
    assert town.git("rev-parse", f"{done.commit}^") == begun.base != town.git("rev-parse", "main")


def test_a_host_that_refuses_the_branch_is_told_with_its_words(town: Town, desk: Desk) -> None:
    hook = town.remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/retrain/*) echo "no branches of robots" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    asks(town)
    found = ends(town)
    assert found.stage is Stage.FAILED
    assert "no branches of robots" in found.events[-1].text
    assert "retrain/**" in found.events[-1].text


class Killed(BaseException):
    """The worker dies here."""


def test_a_worker_that_is_killed_between_push_and_report_pushes_once(town: Town, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asks(town)
    reporter = town.wiring.training._reporter
    whole = reporter._put

    def dies(sealed: Any, *, looked: bool = False) -> None:
        if "taken" in sealed.payload:
            raise Killed
        whole(sealed, looked=looked)

    monkeypatch.setattr(reporter, "_put", dies)
    with pytest.raises(Killed):
        ends(town)
    pushed = branch(town, begun)
    assert pushed
    assert newest(town).stage is Stage.RUNNING
    monkeypatch.setattr(reporter, "_put", whole)
    done = ends(town)
    assert (done.stage, done.commit) == (Stage.PROMOTED, pushed)
    assert len(town.world().promotions) == 1
    assert town.events().count("retraining_pushed") == 1


def test_everything_in_redis_may_be_lost_in_the_middle(town: Town, desk: Desk) -> None:
    begun = asks(town)
    town.client.flushall()
    town.sent.clear()
    town.ticks()
    assert [task for task, _ in town.sent if task == lanes.TRAIN] == [lanes.TRAIN]
    town.works()
    until(town, lambda one: one.stage is not Stage.RUNNING)
    town.client.flushall()
    town.sent.clear()
    town.ticks()
    town.works()
    done = newest(town)
    assert (done.id, done.stage) == (begun.id, Stage.PROMOTED)
    assert len(town.world().promotions) == 1


def test_a_version_that_was_not_read_is_read_at_a_later_sweep(town: Town, desk: Desk) -> None:
    asks(town)
    deadline = time.monotonic() + WITHIN
    while newest(town).stage is Stage.RUNNING:
        assert time.monotonic() < deadline
        training.train(town.wiring, wire.plain(d.Train(newest(town).id, 1)))
        town.drain()
        town.sent = [one for one in town.sent if one[0] != lanes.INSPECT]
        time.sleep(0.05)
    assert newest(town).stage is Stage.PUSHED
    town.sent.clear()
    town.ticks()
    town.works()
    assert newest(town).stage is Stage.PROMOTED


def test_words_in_redis_alone_do_nothing(town: Town, desk: Desk) -> None:
    """Whoever can write to the broker can neither begin a training nor register what none has brought."""
    training.train(town.wiring, wire.plain(d.Train(RetrainingId.read("T-1"), 1)))
    stranger = town.says(ANA, ask.ShowStatus()).to_wire()
    town.works()
    town.wiring.inspection.read_recipe(BIOPSY, stranger)
    town.wiring.inspection.read_recipe(BIOPSY, "{}")
    town.wiring.inspection.enter(RetrainingId.read("T-1"))
    town.works()
    assert not town.world().retrainings
    begun = asks(town)
    town.wiring.inspection.enter(begun.id)
    assert training.end(town.wiring, wire.plain(d.EndTraining(begun.id, 1))) is None
    assert ends(town).stage is Stage.PROMOTED


def test_nobody_ends_a_training_while_somebody_looks_at_it(town: Town, desk: Desk) -> None:
    effect = d.EndTraining(RetrainingId.read("T-1"), 1)
    with town.wiring.leases.hold(name_of(effect), 5.0) as ours:
        assert ours
        assert training.end(town.wiring, wire.plain(effect)) == training.AGAIN


def test_large_files_go_to_git_lfs(town: Town, desk: Desk) -> None:
    desk.commit(".gitattributes", "*.onnx filter=lfs diff=lfs merge=lfs -text\n")
    asks(town)
    done = ends(town)
    assert done.stage is Stage.PROMOTED, done
    assert town.git("show", f"{done.commit}:models/biopsy/model/model.onnx").startswith("version https://git-lfs.github.com/spec/v1")
    assert len([one for one in (town.remote / "lfs").rglob("*") if one.is_file()]) == 1


def test_the_live_version_is_evaluated_beside_the_new_one(town: Town, desk: Desk) -> None:
    town.promotes("v2.0.0")
    town.works()
    measures = """printf '{"bytes": %s}' $(wc -c < $1/model.onnx)\n"""
    desk.commit("models/biopsy/measure.sh", measures)
    trains(desk, recipe=RECIPE.replace("minutes", "evaluate: [sh, measure.sh, '{model}'], minutes"))
    asks(town)
    done = ends(town)
    assert done.stage is Stage.PROMOTED, done
    assert done.live == "v2.0.0"
    (compared,) = done.compared
    assert compared.metric == "bytes"
    assert compared.live is not None
    assert compared.new is not None


def test_the_data_that_it_has_seen_are_told_whatever_the_file_still_says(town: Town, desk: Desk) -> None:
    declared = town.world().versions[BIOPSY][Version.read("v3.0.0")].trained
    assert declared == ("biopsies@v1.0.0",)
    rows = desk.folder / "datasets/biopsies"
    first = next(path for path in sorted(rows.rglob("*.csv")))
    first.write_text(first.read_text() + first.read_text().splitlines()[-1] + "\n")
    desk.commit("datasets/biopsies/README.md", "# More rows\n")
    asks(town)
    done = ends(town)
    assert done.stage is Stage.PROMOTED, done.reasons
    unknown = town.world().versions[BIOPSY][Version.read(str(done.version))]
    assert unknown.trained == ()
    assert any("those of no registered version" in one for one in unknown.unread)
    town.says(ANA, ask.Register(ArtifactName.read("biopsies"), Version.read("v2.0.0")))
    town.works()
    asks(town)
    done = ends(town)
    known = town.world().versions[BIOPSY][Version.read(str(done.version))]
    assert known.trained == ("biopsies@v2.0.0",)


def test_lineage_tells_what_brought_a_version(town: Town, desk: Desk) -> None:
    asks(town)
    done = ends(town)
    found = lineage.of(town.world(), BIOPSY, None, None)
    assert isinstance(found, Lineage)
    newest_ = found.versions[0]
    assert (newest_.version, newest_.code) == ("v3.1.0", CommitId(done.base))
    assert newest_.retraining == done.id
    assert dict(newest_.parameters) == {"epochs": "1"}
