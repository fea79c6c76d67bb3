"""From a pointer in Git to a prediction: a real model that Git LFS keeps is registered, brought to a real model server and proved there."""

from __future__ import annotations

from pathlib import Path

from demo.model_server.process import ModelServer as Server
from workers.adapters.git import GitSource
from workers.adapters.targets import ModelServer
from workers.ports.target import Applied, Verdict, Wanted

from .people import People
from .test_git_source import looked
from .test_lfs_folder import kept

ASSETS = Path(__file__).parents[4] / "demo/assets/models/biopsy/v3.0.0"


def test_a_model_that_lfs_keeps_is_served_with_the_registered_digest(source: GitSource, people: People, tmp_path: Path) -> None:
    files = {place.relative_to(ASSETS).as_posix(): place.read_bytes() for place in ASSETS.rglob("*") if place.is_file()}
    (model,) = [name for name in files if name.endswith(".onnx")]
    plain = looked(source, people.commit({f"models/biopsy/{name}": content for name, content in files.items()}))
    files[model] = kept(people, files[model]).encode()
    version = looked(source, people.commit({f"models/biopsy/{name}": content for name, content in files.items()}))
    assert version.digest == plain.digest
    with Server(tmp_path / "server", "stage") as server, source.materialised(version) as places:
        target = ModelServer("stage", server.url)
        wanted = Wanted(version, places, source.golden(version))
        assert target.apply(wanted, "P-1:stage:deploy:1", 1).result is Applied.DONE
        assert target.verify(wanted).result is Verdict.MATCHES
        assert target.observe("biopsy").digest == version.digest
