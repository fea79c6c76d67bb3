"""Two models as one decision, on a real ledger and a real Redis."""

from __future__ import annotations

from workers.contract import requests as ask
from workers.contract.names import ArtifactName, EnvironmentName, VersionAsk
from workers.contract.outcomes import Moved

from .test_verification import Auditor
from .town import ANA, BEN, BIOPSY, PROD, STAGING, Town

DIGITS = ArtifactName.read("digits")


def together(town: Town, where: EnvironmentName) -> None:
    town.says(ANA, ask.Promote(VersionAsk.read("v1.0.0"), where, BIOPSY, also=(ask.Item(DIGITS, VersionAsk.read("v1.0.0")),)))
    town.drain()


def test_two_models_go_live_by_one_decision_with_one_card(town: Town) -> None:
    together(town, STAGING)
    town.ticks()
    town.works()
    assert [town.state(id_) for id_ in ("P-1", "P-2")] == ["succeeded", "succeeded"]
    town.outcomes()
    together(town, PROD)
    town.approves("P-4", BEN)
    town.drain()
    began = town.git("show", "--name-only", "--format=", "towpath").split()
    assert {f"environments/prod/{name}/release.yaml" for name in ("biopsy", "digits")} <= set(began)
    assert sum(path.startswith("records/") for path in began) == 1
    town.works()
    world = town.world()
    for name in (BIOPSY, DIGITS):
        release = world.release(PROD, name)
        assert release is not None
        assert release.live is not None
        assert (release.live.version, release.desired, release.in_flight) == ("v1.0.0", release.live, None)
    shown = town.told(Moved)
    assert {moved.promotion.id for moved in shown} == {"P-3"}
    assert [one.state.value for one in shown[-1].promotion.members] == ["succeeded", "succeeded"]
    assert Auditor(town).trusting()[0] == 0
