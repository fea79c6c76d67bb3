"""A retraining as people see it: each stage, each event, and texts of pipelines that nobody may trust."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.grammar import Sentence, Vocabulary, read
from bot.views import Post, card, thread
from bot.views.retraining import STAGES
from workers.contract.names import ArtifactName, CommitId, EnvironmentName, IncidentId, PromotionId, RequestId, RetrainingId, Version
from workers.contract.outcomes import RetrainingMoved
from workers.contract.retraining import Compared, How, Recipe, Retraining, Stage
from workers.contract.stories import Told

from .checks import check_post, elements, whole
from .samples import ANA, COMMIT, EFFECTS, LEA, NAMES, TIME, NoPages, Pages

HOSTILE = "<!channel> *bold* <https://evil.example|click> `code` ```\n@here & U0LEA222 \u202e"


def told(event: str, text: str = "It was so.", seq: int = 9, stage: Stage = Stage.RUNNING, because: str | None = None) -> Told:
    return Told(seq, event, TIME, ANA if event in ("begun", "stopped", "promoted") else EFFECTS, stage.value, text, because)


def retraining(stage: Stage = Stage.RUNNING, *events: Told, **changed: object) -> Retraining:
    one = Retraining(
        RetrainingId("T-9"), ArtifactName("biopsy"), EnvironmentName("staging"), stage, ANA, TIME, "CBIOPSY", RequestId("R-" + "a" * 20),
        Recipe(How.COMMAND, ("python", "train.py"), parameters={"epochs": "10"}), COMMIT, "models/biopsy", "the scanner was replaced",
        events=(told("begun"), *events),
    )  # fmt: skip
    return replace(one, **changed)  # type: ignore[arg-type]


PROMOTED = retraining(
    Stage.PROMOTED, told("pushed", seq=10), told("promoted", "P-142 requests its promotion to staging.", 11, Stage.PROMOTED),
    live=Version("v3.0.0"), version=Version("v3.1.0"), branch="retrain/biopsy/9", commit=CommitId(COMMIT), promotion=PromotionId("P-142"),
    compared=(Compared("auc", "0.95", "0.97"), Compared("f1", None, "0.8")), incident=IncidentId("I-7"),
)  # fmt: skip
FAILED = retraining(
    Stage.FAILED, told("failed", "It ended with status 1.", 10, Stage.FAILED), log="epoch 1\nValueError: no rows", reasons=("No rows.",)
)
EVERY = [
    retraining(), retraining(Stage.RUNNING, told("runs", "epoch 7", 10), progress="epoch 7 of 10"), retraining(Stage.PUSHED, told("pushed", seq=10)),
    retraining(Stage.REGISTERED, told("registered", seq=11), version=Version("v3.1.0"), reasons=("You may not.",)), PROMOTED, FAILED,
    retraining(Stage.STOPPED, told("stopped", seq=10, because="wrong data")),
]  # fmt: skip


def shown(one: Retraining, links: Pages | NoPages | None = None) -> Post:
    return card(RetrainingMoved(one, {"9": COMMIT}), links or Pages(), NAMES)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.stage.value} {len(one.events)}")
@pytest.mark.parametrize("links", [Pages(), NoPages()])
def test_every_stage_has_a_card_and_every_event_a_post(one: Retraining, links: Pages | NoPages) -> None:
    found = shown(one, links)
    check_post(found)
    assert " ".join(STAGES[one.stage]) in whole(found)
    assert "T-9" in found.text
    for event in one.events:
        post = thread(RetrainingMoved(one), event, links, NAMES)
        assert post is not None
        check_post(post)


def test_a_running_one_says_how_far_it_is_and_can_be_stopped() -> None:
    text = whole(shown(EVERY[1]))
    assert "epoch 7 of 10" in text
    assert "python train.py" in text
    assert "epochs 10" in text
    assert [one["value"] for one in elements(shown(EVERY[1]).blocks)] == ["stop retraining biopsy"]


def test_a_failed_one_shows_the_end_of_its_output_and_can_be_asked_for_again() -> None:
    found = shown(FAILED)
    assert "ValueError: no rows" in whole(found)
    (again,) = elements(found.blocks)
    assert again["value"] == "retrain biopsy because the scanner was replaced"
    post = thread(RetrainingMoved(FAILED), FAILED.events[-1], Pages(), NAMES)
    assert post is not None
    assert "ValueError: no rows" in whole(post)
    assert f"<@{ANA.user}>" in post.text
    assert "No rows." in whole(post)


def test_a_promoted_one_leads_to_its_promotion_and_compares() -> None:
    text = whole(shown(PROMOTED))
    assert "P-142" in text
    assert "https://towpath.example/audit/P-142" in text
    assert "v3.0.0 (live) → v3.1.0" in text
    assert "auc: 0.95 → 0.97" in text
    assert "f1: not measured → 0.8" in text
    assert "because of I-7" in text
    assert "retrain/biopsy/9" in text
    assert elements(shown(PROMOTED).blocks) == []


def test_only_the_end_calls_whoever_asked() -> None:
    moved = RetrainingMoved(PROMOTED)
    called = {event.event: f"<@{ANA.user}>" in (thread(moved, event, Pages(), NAMES) or Post("")).text for event in PROMOTED.events}
    assert called == {"begun": False, "pushed": False, "promoted": True}
    assert thread(moved, told("card_posted"), Pages(), NAMES) is None


def test_who_stopped_it_is_named_with_the_reason() -> None:
    stopped = EVERY[-1]
    post = thread(RetrainingMoved(stopped), stopped.events[-1], Pages(), NAMES)
    assert post is not None
    assert "Stopped* by Ana" in whole(post)
    assert "wrong data" in whole(post)


@pytest.mark.parametrize("how", list(How))
def test_each_way_of_training_is_said_in_words(how: How) -> None:
    recipe = Recipe(how, ("python", "train.py"), target="train", workflow="retrain.yml")
    text = whole(shown(retraining(recipe=recipe, ran={"page": "https://towpath.example/runs/1"})))
    assert {How.COMMAND: "python train.py", How.DVC: "dvc repro train", How.GITHUB: "retrain.yml", How.GITLAB: "GitLab CI"}[how] in text
    assert "its run" in text


@pytest.mark.parametrize("stage", list(Stage))
def test_whatever_a_pipeline_says_stays_inert(stage: Stage) -> None:
    one = retraining(
        stage, told("runs", HOSTILE * 40, 10), told("failed", HOSTILE * 40, 11), progress=HOSTILE, log=HOSTILE * 400, reasons=(HOSTILE,) * 30,
        because=HOSTILE, compared=(Compared(HOSTILE, HOSTILE, HOSTILE),) * 30, ran={"page": "javascript:alert(1)"}, version=Version("v3.1.0"),
        recipe=Recipe(How.COMMAND, (HOSTILE,) * 50, parameters={HOSTILE: HOSTILE}),
    )  # fmt: skip
    names = NAMES | {LEA.user: "Léa"}
    check_post(card(RetrainingMoved(one), Pages(), names))
    for event in one.events:
        post = thread(RetrainingMoved(one), event, Pages(), names)
        assert post is not None
        check_post(post)
        assert "<!channel>" not in whole(post)


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.stage.value} {len(one.events)}")
def test_every_button_is_understood(one: Retraining) -> None:
    for element in elements(shown(one).blocks):
        understood = read(element["value"], Vocabulary())
        assert isinstance(understood, Sentence), element
        assert understood.command.verb.replace(" ", "_") == element["action_id"]
