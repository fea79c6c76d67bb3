"""The gate `smoke` at the demo's model server, over real HTTP: what serves there must be this version, and answer as it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.effects.places import Repository
from workers.adapters.targets.model_server import ModelServer
from workers.contract.names import EnvironmentName
from workers.contract.promotion import RegisteredVersion, Result
from workers.domain.policy import Rules, TargetRule
from workers.effects.gathering import Asked, Finding
from workers.effects.looks import Smoke

from .running import model_server
from .versions import wanted


@dataclass
class Shelved(Repository):
    """A repository that has the golden pairs of the demo's models."""

    pairs: dict[str, tuple[bytes, bytes] | None] = field(default_factory=dict)

    def golden(self, version: RegisteredVersion) -> tuple[bytes, bytes] | None:
        return self.pairs[version.version]


def test_what_serves_there_must_be_this_version_and_answer_as_it_did(tmp_path: Path) -> None:
    first, second = wanted("v1.0.0"), wanted("v2.0.0")
    source = Shelved(pairs={"v1.0.0": first.golden, "v2.0.0": second.golden})
    with model_server(tmp_path) as url:
        place = Rules(EnvironmentName.read("staging"), targets=(TargetRule("stage", "model-server", url),))
        smoke = Smoke(source, lambda rule: ModelServer(rule.name, rule.url))

        def look(version: RegisteredVersion) -> Finding:
            return smoke(Asked(version, place))

        assert (look(first.version).result, "No version of biopsy answers" in look(first.version).text) == (Result.FAIL, True)
        ModelServer("stage", url).apply(first, "P-1:stage:deploy:1", 1)
        good = look(first.version)
        assert (good.result, good.source) == (Result.PASS, "stage")
        assert "in staging, stage: It reports the digest" in good.text and "repeats the golden prediction" in good.text
        other = look(second.version)
        assert other.result is Result.FAIL and "biopsy v1.0.0-" in other.text
        source.pairs["v1.0.0"] = (first.golden or (b"", b""))[0], (second.golden or (b"", b""))[1]
        assert look(first.version).result is Result.FAIL, "it answers something else than it did"
    assert look(first.version).result is Result.CANNOT_TELL
