"""From a sentence to a registered version: at any ref, with its images, once, and what a person reads of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.views import answer
from workers.contract import requests as ask
from workers.contract.names import ArtifactName, CommitId, EnvironmentName, OutputRef, PromotionId, RefName, Version, VersionAsk
from workers.contract.outcomes import Moved, Receipt, Refused, Registered
from workers.tasks import changes

from .town import ANA, BEN, BIOPSY, STAGING, Town

CHECKOUT = ArtifactName.read("checkout")
ONE, OTHER = (OutputRef.read(f"registry.example/checkout@sha256:{digit * 64}") for digit in "ab")
V1 = Version.read("v1.0.0")
SERVICE = "kind: service\nname: checkout\n"


class NoPages:
    """A host without pages."""

    def audit(self, promotion_id: PromotionId) -> None:
        return None

    def commit(self, commit_id: CommitId) -> None:
        return None

    def drift(self, environment: EnvironmentName, artifact: ArtifactName) -> None:
        return None


class Desk:
    """Somebody's clone of the town's repository."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.folder: Path = town.folder / "desk"
        town.git("clone", "--quiet", str(town.remote), str(self.folder))

    def commit(self, path: str, text: str, branch: str = "main") -> str:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        self.town.git("add", "--all", folder=self.folder)
        self.town.git("commit", "--quiet", "-m", "Change", folder=self.folder)
        self.town.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}", folder=self.folder)
        return self.town.git("rev-parse", "HEAD", folder=self.folder)

    def tag(self, name: str, commit: str, *options: str) -> None:
        self.town.git("tag", *options, name, commit, folder=self.folder)
        self.town.git("push", "--quiet", "origin", f"refs/tags/{name}", folder=self.folder)


@pytest.fixture
def desk(town: Town) -> Desk:
    return Desk(town)


def registers(town: Town, version: str, at: str | None = None, name: ArtifactName = BIOPSY, outputs: tuple[OutputRef, ...] = ()) -> None:
    town.says(ANA, ask.Register(name, Version.read(version), at=RefName.read(at) if at else None, outputs=outputs))
    town.works()


def refusal(town: Town) -> str:
    (refused,) = town.told(Refused)
    shown = answer(refused, NoPages())
    assert "Nothing was changed." in shown.text
    return "\n".join(reason.text for reason in refused.reasons)


def test_at_a_branch_a_tag_and_a_short_commit(town: Town, desk: Desk) -> None:
    first = desk.commit("models/biopsy/README.md", "# Biopsy\n\nOne.\n", "feature/one")
    registers(town, "v5.0.0", "feature/one")
    second = desk.commit("models/biopsy/README.md", "# Biopsy\n\nTwo.\n", "feature/two")
    desk.tag("nightly", second)
    registers(town, "v5.1.0", "nightly")
    third = desk.commit("models/biopsy/README.md", "# Biopsy\n\nThree.\n", "feature/three")
    registers(town, "v5.2.0", third[:9])
    found = town.told(Registered)
    assert [(one.version.version, one.version.commit) for one in found] == [("v5.0.0", first), ("v5.1.0", second), ("v5.2.0", third)]
    for version, commit in (("v5.0.0", first), ("v5.1.0", second), ("v5.2.0", third)):
        assert town.git("rev-parse", f"biopsy@{version}^{{commit}}") == commit
    registers(town, "v5.3.0", "nowhere")
    assert "no branch, tag or commit 'nowhere'" in refusal(town)


def test_the_answer_says_what_each_environment_would_refuse_today(town: Town) -> None:
    registers(town, "v4.0.0", "main")
    (registered,) = town.told(Registered)
    assert registered.environments["staging"] == ()
    assert registered.environments["prod"] == ("v4.0.0 has not succeeded in staging yet; promote it there first",)
    text = str(answer(registered, NoPages()).blocks)
    assert "biopsy v4.0.0* was registered: digest" in text
    assert "staging: nothing stops it" in text
    assert "prod: stopped: v4.0.0 has not succeeded in staging yet" in text
    registers(town, "v4.0.0", "main")
    (again,) = town.told(Registered)
    assert again.version == registered.version
    assert town.events().count("registered") == len([one for found in town.world().versions.values() for one in found])


@pytest.mark.parametrize("options", [("-a", "-m", "Elsewhere"), ()], ids=["annotated", "lightweight"])
def test_a_tag_of_that_name_at_another_commit_is_told_and_nothing_is_registered(town: Town, desk: Desk, options: tuple[str, ...]) -> None:
    there = desk.commit("models/biopsy/README.md", "# Biopsy\n\nThere.\n", "feature/there")
    desk.commit("models/biopsy/README.md", "# Biopsy\n\nHere.\n")
    desk.tag("biopsy@v6.0.0", there, *options)
    registers(town, "v6.0.0", "main")
    why = refusal(town)
    assert there[:12] in why
    assert "take another version" in why
    assert town.world().version(BIOPSY, Version.read("v6.0.0")) is None
    assert town.git("rev-parse", "biopsy@v6.0.0^{commit}") == there


def test_a_second_version_on_one_commit_is_refused_with_what_to_do(town: Town) -> None:
    registers(town, "v4.0.0", "main")
    town.outcomes()
    registers(town, "v4.0.1", "main")
    why = refusal(town)
    assert "is already biopsy v4.0.0; one commit holds one version" in why
    assert "Promote v4.0.0, or commit what is new" in why
    assert town.git("tag", "--list", "biopsy@v4.0.1") == ""


def test_a_prerelease_is_promoted_only_by_its_whole_name(town: Town) -> None:
    registers(town, "v4.0.0-rc.1", "main")
    (registered,) = town.told(Registered)
    assert registered.version.version == "v4.0.0-rc.1"
    town.promotes("v4")
    town.works()
    assert "has no version v4" in refusal(town)
    town.promotes("v4.0.0-rc.1")
    town.works()
    assert town.state("P-1") == "succeeded"
    assert town.git("tag", "--list", "biopsy@v4.0.0-rc.1") == "biopsy@v4.0.0-rc.1"


def test_a_service_of_an_image_goes_live_with_it(town: Town, desk: Desk) -> None:
    desk.commit("services/checkout/artifact.yaml", SERVICE)
    registers(town, "v1.0.0", name=CHECKOUT, outputs=(OTHER, ONE))
    (registered,) = town.told(Registered)
    assert registered.version.outputs == (ONE, OTHER)
    assert f"images `{ONE.short}`, `{OTHER.short}`" in str(answer(registered, NoPages()).blocks)
    registers(town, "v1.0.0", name=CHECKOUT, outputs=(ONE, OTHER))
    assert [one.version for one in town.told(Registered)] == [registered.version]
    registers(town, "v1.0.0", name=CHECKOUT, outputs=(ONE,))
    assert f"it has {ONE.short} and {OTHER.short}, that names {ONE.short}" in refusal(town)
    town.says(ANA, ask.Promote(VersionAsk.read("v1"), STAGING, CHECKOUT))
    town.works()
    live = town.world().releases[(STAGING, CHECKOUT)].live
    assert live is not None
    assert live.outputs == (ONE, OTHER)
    assert f"outputs:\n- {ONE}" in town.git("show", "towpath:versions/checkout/v1.0.0.yaml").replace("  - ", "- ").replace('"', "")


def test_a_pipelines_tag_brings_its_images(town: Town, desk: Desk) -> None:
    commit = desk.commit("services/checkout/artifact.yaml", SERVICE)
    desk.tag("checkout@v1.0.0", commit, "-a", "-m", f"Checkout\n\nOutput: image {ONE}")
    town.wiring.inspection.look_at_source(lambda _: True)
    changes.drain(town.wiring)
    known = town.world().version(CHECKOUT, V1)
    assert known is not None
    assert known.outputs == (ONE,)


def test_a_bad_line_in_the_tag_is_told_to_who_registers_it(town: Town, desk: Desk) -> None:
    commit = desk.commit("services/checkout/artifact.yaml", SERVICE)
    desk.tag("checkout@v1.0.0", commit, "-a", "-m", "Checkout\n\nOutput: image registry.example/checkout:latest")
    town.wiring.inspection.look_at_source(lambda _: True)
    changes.drain(town.wiring)
    assert town.world().version(CHECKOUT, V1) is None
    registers(town, "v1.0.0", name=CHECKOUT)
    assert "a tag can be moved" in refusal(town)


def test_a_deprecated_version_is_a_record_and_stops_a_promotion(town: Town) -> None:
    town.says(BEN, ask.Deprecate(BIOPSY, VersionAsk.read("v1.0.0"), "its labels were wrong"))
    town.works()
    (receipt,) = town.told(Receipt)
    assert "is deprecated" in receipt.text
    assert town.events()[-1] == "deprecated"
    town.promotes("v1.0.0")
    town.works()
    (moved,) = town.told(Moved)
    assert moved.promotion.state.value == "refused"
    assert "its labels were wrong" in moved.promotion.reasons[0]
    town.says(BEN, ask.Undeprecate(BIOPSY, VersionAsk.read("v1.0.0"), "they were right"))
    town.works()
    town.promotes("v1.0.0")
    town.works()
    assert town.state("P-2") == "succeeded"
