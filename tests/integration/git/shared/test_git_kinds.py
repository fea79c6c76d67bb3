"""Artifacts of all three kinds as people's repositories declare them: by DVC, by GTO, by MLflow, by an artifact.yaml; and hostile ones."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from workers.adapters.git import GitSource, Mirror
from workers.adapters.git.inspection import declared
from workers.contract.names import ArtifactName, CommitId, Version
from workers.contract.promotion import Column, Kind, RegisteredVersion
from workers.ports.errors import BadContent

from .people import GIVEN, WANTED, People, git

ASSETS = Path(__file__).parents[4] / "demo/assets/models"
V1 = Version.read("v3.1.0")
CODE = "c" * 40
Files = Mapping[str, str | bytes]
EXAMPLE = f"""\
stages:
  train:
    cmd: python src/train.py
    deps: [data/train.csv]
    outs:
    - models/churn.pkl:
        cache: false
artifacts:
  churn:
    path: models/churn.pkl
    type: model
    desc: |
      Who leaves.
      Trained weekly.
    labels: [tabular, gold]
    meta:
      trained_on: [customers@v1.0.0, "eu/region:orders@v2.0.0"]
      code: {CODE}
      anything: {{else: 1}}
      towpath: {{metrics: metrics.json, card: README.md, owners: [U0DANA]}}
  customers: {{path: data/, type: data}}
  my_app: {{path: app, type: application}}
  Upper: {{path: app, type: model}}
  nothing: {{path: app}}
"""


@dataclass
class Standing:
    """One repository for many small looks at it; every commit holds the given files alone."""

    people: People
    source: GitSource

    def commit(self, files: Files) -> CommitId:
        git(self.people.work, "rm", "-rq", "--cached", "--ignore-unmatch", ".")
        for place in sorted(self.people.work.rglob("*"), reverse=True):
            if ".git" not in place.relative_to(self.people.work).parts:
                place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()
        return self.people.commit(files)

    def look(self, files: Files, name: str) -> RegisteredVersion:
        commit = self.commit(files)
        self.source.fetch()
        return self.source.inspect(ArtifactName.read(name), V1, commit, None)

    def refusal(self, files: Files, name: str) -> str:
        with pytest.raises(BadContent) as told:
            self.look(files, name)
        return "\n".join(told.value.reasons)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    folder = tmp_path_factory.mktemp("kinds")
    people = People(folder)
    return Standing(people, GitSource(Mirror(folder / "mirror.git", str(people.remote)), folder / "store"))


def example(text: str = EXAMPLE, **more: str | bytes) -> dict[str, str | bytes]:
    """A repository as GTO's example is laid out. It has no file of ours."""
    files: dict[str, str | bytes] = {
        ".gto": "types: [model, dataset]\nstages: [dev, prod]\n",
        "dvc.yaml": text,
        "README.md": "# Churn\n",
        "metrics.json": '{"auc": 0.9}',
        "models/churn.pkl": b"\x80\x04weights",
        "data/train.csv": "id,age\n1,30\n2,40\n",
        "data/part.csv": "id,age\n3,\n",
        "app/main.py": "x",
    }
    return files | {name.replace("__", "/").replace("_dot_", "."): content for name, content in more.items()}


def test_a_repository_of_dvcs_is_taken_up_without_a_file_of_ours(standing: Standing) -> None:
    churn = standing.look(example(), "churn")
    tag = standing.people.tag("churn@v3.1.0")
    standing.source.fetch()
    assert [(one.artifact, one.version, one.tag) for one in standing.source.version_tags()] == [("churn", V1, tag)]
    assert (churn.kind, churn.folder, churn.path, churn.entry) == (Kind.MODEL, "models", "churn.pkl", "churn.pkl")
    assert (churn.trained, churn.trained_on, churn.code) == (("customers@v1.0.0", "eu/region/orders@v2.0.0"), "customers@v1.0.0", CODE)
    assert (churn.metrics, churn.owners, churn.labels) == ({"auc": "0.9"}, ("U0DANA",), ("tabular", "gold"))
    assert (churn.description, churn.declared_in) == ("Who leaves. Trained weekly.", "dvc.yaml, type model")
    assert churn.card_digest is not None
    with standing.source.materialised(churn) as files:
        assert [path.read_bytes() for path in files.values()] == [b"\x80\x04weights"]


def test_a_dataset_has_rows_and_columns_and_anything_else_is_a_service(standing: Standing) -> None:
    customers = standing.look(example(), "customers")
    (table,) = customers.tables
    assert (customers.kind, customers.folder, customers.path, customers.declared_in) == (
        Kind.DATASET, "data", ".", "dvc.yaml, type data, taken as a dataset"
    )  # fmt: skip
    assert (table.rows, table.files, table.columns) == (3, 2, (Column("id", "integer"), Column("age", "integer")))
    app = standing.look(example(), "my_app")
    assert (app.kind, app.declared_in) == (Kind.SERVICE, "dvc.yaml, type application, taken as a service")


def test_what_could_not_be_taken_is_told_to_who_asks_for_it(standing: Standing) -> None:
    said = standing.refusal(example(), "upper")
    assert "the artifacts there: churn, customers, my_app." in said
    assert "dvc.yaml, line 23: 'Upper' is not an artifact name" in said
    assert "rename it" in said
    assert "'nothing' has no type; write `type: model`" in said


def test_a_folders_dvc_yaml_names_its_artifacts_after_the_folder(standing: Standing) -> None:
    text = (
        "artifacts:\n  churn:\n    path: out/churn.bin\n    type: model\n"
        "    meta: {towpath: {golden: {input: golden/in.json, output: golden/out.json, tolerance: 0.1}}}\n"
    )
    files: dict[str, str | bytes] = {
        "team/eu/dvc.yaml": text,
        "team/eu/out/churn.bin": b"w",
        "team/eu/golden/in.json": GIVEN,
        "team/eu/golden/out.json": WANTED,
    }
    found = standing.look(files, "team/eu/churn")
    assert (found.folder, found.path, found.declared_in) == ("team/eu", "out/churn.bin", "team/eu/dvc.yaml, type model")
    assert standing.source.golden(found) == (GIVEN.encode(), WANTED.encode())
    trees = standing.source._trees
    root = git(standing.people.work, "rev-parse", "HEAD^{tree}")
    assert {name: [str(place.where) for place in places] for name, places in declared(trees, root).items()} == {
        "team/eu/churn": ["team/eu/dvc.yaml, line 2"]
    }


def test_gtos_older_file_is_read_too(standing: Standing) -> None:
    text = "churn:\n  type: model\n  path: models/churn.pkl\n  description: Who leaves.\n  labels: []\n  custom: {a: 1}\n  virtual: false\n"
    files: dict[str, str | bytes] = {"artifacts.yaml": text, "models/churn.pkl": b"w"}
    found = standing.look(files, "churn")
    assert (found.kind, found.description, found.declared_in) == (Kind.MODEL, "Who leaves.", "artifacts.yaml, type model")
    assert "bytes outside of Git" in standing.refusal({**files, "artifacts.yaml": text.replace("false", "true")}, "churn")


def test_two_declarations_of_one_name_are_refused_and_both_are_named(standing: Standing) -> None:
    ours: dict[str, str | bytes] = {"models/churn/artifact.yaml": "kind: model\nname: churn\n", "models/churn/m.bin": b"x"}
    assert "declared more than once: models/churn, dvc.yaml, line 9" in standing.refusal({**example(), **ours}, "churn")
    twice: dict[str, str | bytes] = {
        "dvc.yaml": "artifacts: {a/b: {path: x, type: model}}",
        "a/dvc.yaml": "artifacts: {b: {path: x, type: model}}",
        "a/x": "1",
    }
    assert "dvc.yaml, line 1, a/dvc.yaml, line 1" in standing.refusal(twice, "a/b")


LOCK = (
    "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n    - path: models/churn.pkl\n      hash: md5\n      md5: {}\n      size: 1\n"
)
OUTSIDE: list[tuple[dict[str, str | bytes], str]] = [
    ({"models__churn_dot_pkl_dot_dvc": "outs:\n- md5: a\n  path: churn.pkl\n"}, "DVC tracks models/churn.pkl (models/churn.pkl.dvc)"),
    ({"models_dot_dvc": "outs: []\n"}, "DVC tracks models (models.dvc)"),
    (
        {"dvc_dot_lock": LOCK, "text": EXAMPLE.replace("cache: false", "cache: true")},
        "models/churn.pkl is an output that DVC keeps (dvc.lock)",
    ),
    ({"dvc_dot_lock": LOCK.replace("models/churn.pkl", "models"), "text": EXAMPLE}, "models is an output that DVC keeps"),
    ({"dvc_dot_lock": "a: &a [1]\n"}, "dvc.lock cannot be read, so nobody can tell"),
]


@pytest.mark.parametrize(("more", "reason"), OUTSIDE, ids=range(len(OUTSIDE)))
def test_a_pointer_of_dvc_is_no_model(standing: Standing, more: dict[str, str | bytes], reason: str) -> None:
    said = standing.refusal(example(**more), "churn")  # type: ignore[arg-type]
    assert reason in said


def test_a_pointer_within_a_folder_is_no_model_either_and_what_git_holds_is_fine(standing: Standing) -> None:
    files: dict[str, str | bytes] = {"models/m/artifact.yaml": "kind: model\nname: m\npath: w\nentry: a.bin\n", "models/m/w/a.bin": b"x"}
    assert standing.look(files, "m").files == 1
    assert "DVC tracks models/m/w/b.bin" in standing.refusal({**files, "models/m/w/b.bin.dvc": "outs: []\n"}, "m")
    assert standing.look(example(dvc_dot_lock=LOCK), "churn").files == 1


BAD = [
    ("path: models/churn.pkl", "path: ../x", "dvc.yaml, line 10: path must be a path below"),
    ("path: models/churn.pkl", "path: /etc/passwd", "line 10: path must be a path below"),
    ("path: models/churn.pkl", "path: .git/config", "line 10: path must be a path below"),
    ("path: models/churn.pkl", "path: absent.pkl", "absent.pkl does not exist"),
    ("path: models/churn.pkl", "path: 3", "line 10: path must be a word"),
    ("labels: [tabular, gold]", "labels: tabular", "line 15: labels must be a list"),
    ("labels: [tabular, gold]", "odd: 1", "line 15: 'odd' is not known here"),
    (f"code: {CODE}", "code: src/train.py", "code must be the full id of a commit"),
    ("customers@v1.0.0, ", "customers, ", "is not a version"),
    ("owners: [U0DANA]", "odd: 1", "'odd' is not known here; known are owners"),
    ("metrics: metrics.json", "metrics: {a: 1}", "metrics must be a word or a path"),
    ("anything: {else: 1}", "anything: &a [1]", "anchors and aliases are not allowed"),
    ("anything: {else: 1}", "anything: !!python/object/apply:os.system [id]", "tags are not allowed"),
    ("type: model", "type: model\n    type: model", "'type' stands twice"),
    ("anything: {else: 1}", "anything: " + "[" * 5_000 + "]" * 5_000, "nested deeper"),
    ("desc: |", "desc: [1]\n    x: |", "desc must be text"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "reason"), BAD, ids=range(len(BAD)))
def test_a_bad_entry_is_told_with_file_and_line(standing: Standing, old: str, new: str, reason: str) -> None:
    assert EXAMPLE.count(old) >= 1
    assert reason in standing.refusal(example(EXAMPLE.replace(old, new, 1)), "churn")


def test_a_link_at_the_path_is_never_followed(standing: Standing) -> None:
    standing.commit(example())
    (standing.people.work / "models/churn.pkl").unlink()
    (standing.people.work / "models/churn.pkl").symlink_to("/etc/passwd")
    commit = standing.people.commit({})
    standing.source.fetch()
    with pytest.raises(BadContent, match="is a symbolic link"):
        standing.source.inspect(ArtifactName.read("churn"), V1, commit, None)


MLMODEL = """\
flavors:
  onnx: {data: model.onnx}
model_uuid: abc
signature:
  inputs: '[{"type": "double", "name": "x"}]'
  outputs: '[{"type": "long"}]'
metadata: {trained_on: biopsies@v1.0.0}
"""


def mlflow(onnx: bytes, mlmodel: str | None = MLMODEL) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {"dvc.yaml": "artifacts:\n  m: {path: m, type: model}\n", "m/model.onnx": onnx}
    return files | ({"m/MLmodel": mlmodel} if mlmodel else {})


def test_a_folder_of_mlflow_brings_its_signature_and_ids(standing: Standing) -> None:
    onnx = (ASSETS / "biopsy/v3.0.0/model/model.onnx").read_bytes()
    found = standing.look(mlflow(onnx), "m")
    assert found.signature is not None
    assert found.packaging is not None
    assert (found.signature.source, found.signature.inputs) == ("MLmodel", (Column("x", "double"),))
    assert (found.packaging.flavors, found.packaging.model_uuid, found.entry) == (("onnx",), "abc", "model.onnx")
    assert found.trained == ("biopsies@v1.0.0",)
    bare = standing.look(mlflow(onnx, None), "m").signature
    assert bare is not None
    assert bare.source == "model.onnx"


def test_an_unreadable_onnx_is_a_missing_fact_unless_a_signature_is_declared(standing: Standing) -> None:
    found = standing.look(mlflow(b"\0onnx", None), "m")
    assert found.signature is None
    assert found.unread[0].startswith("model.onnx cannot be read as ONNX")
    assert "A signature is declared, but model.onnx cannot be read" in standing.refusal(mlflow(b"\0onnx"), "m")
    assert "m/MLmodel, line 1: tags are not allowed" in standing.refusal(mlflow(b"\0onnx", "flavors: !!python/name:os.system x\n"), "m")


def dataset(**files: bytes) -> dict[str, str | bytes]:
    given = {f"datasets/d/data/{name.replace('_dot_', '.')}": content for name, content in files.items()}
    return {"datasets/d/artifact.yaml": "kind: dataset\nname: d\npath: data\n", **given}


def parquet() -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as writer  # noqa: PLC0415

    place = io.BytesIO()
    writer.write_table(pyarrow.table({"id": [1, 2, 3], "name": ["a", "b", "c"]}), place, row_group_size=2)
    return place.getvalue()


def test_csv_and_parquet_are_tables_of_one_dataset(standing: Standing) -> None:
    found = standing.look(dataset(a_dot_csv=b"x,y\n1,2\n", b_dot_parquet=parquet(), c_dot_parquet=parquet(), note_dot_txt=b"x"), "d")
    assert [(one.name, one.format, one.rows, one.files) for one in found.tables] == [("a.csv", "CSV", 1, 1), ("b.parquet", "Parquet", 6, 2)]
    assert found.tables[1].columns == (Column("id", "int64"), Column("name", "string"))
    assert found.unread == ()


def test_a_torn_table_is_refused_by_its_name(standing: Standing) -> None:
    whole = parquet()
    for content in (whole[:-1], whole[: len(whole) // 2], whole[:4], whole[:-8] + b"\xff\xff\xff\x7fPAR1", b"x" * 100):
        assert standing.refusal(dataset(b_dot_parquet=content), "d").startswith("b.parquet ")
    bent = whole[:-40] + b"\xff" * 30 + whole[-10:]
    assert standing.refusal(dataset(b_dot_parquet=bent), "d").startswith("b.parquet ")
    said = standing.refusal(dataset(a_dot_csv=b"x,y\n1\n", b_dot_csv=b"\0"), "d")
    assert "a.csv, line 2: it has 1 fields, but the first row names 2 columns." in said
    assert "b.csv holds NUL bytes" in said


def test_without_pyarrow_the_facts_are_missing_and_it_says_what_to_install(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    content = parquet()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    found = standing.look(dataset(b_dot_parquet=content), "d")
    assert found.tables == ()
    assert "towpath[data]" in found.unread[0]


def test_a_service_has_a_commit_and_no_shape(standing: Standing) -> None:
    found = standing.look({"services/s/artifact.yaml": f"kind: service\nname: s\ncode: {CODE}\n", "services/s/app.py": "x"}, "s")
    assert (found.kind, found.code, found.tables, found.signature) == (Kind.SERVICE, CODE, (), None)


def test_several_datasets_in_an_artifact_yaml(standing: Standing) -> None:
    text = "kind: model\nname: m\npath: m.bin\ntrained_on:\n- {dataset: a, version: v1.0.0}\n- b@v2.0.0\n"
    assert standing.look({"models/m/artifact.yaml": text, "models/m/m.bin": b"x"}, "m").trained == ("a@v1.0.0", "b@v2.0.0")
    bad: dict[str, str | bytes] = {"models/m/artifact.yaml": text.replace("b@v2.0.0", "3"), "models/m/m.bin": b"x"}
    assert "models/m/artifact.yaml, line 6: trained_on must name dataset versions" in standing.refusal(bad, "m")
