from __future__ import annotations

import hashlib
import multiprocessing
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from workers.adapters.git import GitLedger, GitSource, Limits, Mirror
from workers.contract.drift import DriftColumns
from workers.contract.names import ArtifactName, CommitId, Digest, RefName, Version
from workers.contract.promotion import Kind, RegisteredVersion
from workers.ports.errors import BadContent

from .people import DECLARED, GIVEN, METRICS, WANTED, People, biopsy, git
from .test_git_ledger import grown

BIOPSY = ArtifactName.read("biopsy")
V1 = Version.read("v1.0.0")
ONNX = b"\0onnx"


@dataclass
class Standing:
    """One repository for many small looks at it."""

    people: People
    source: GitSource


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Standing:
    folder = tmp_path_factory.mktemp("standing")
    people = People(folder)
    return Standing(people, GitSource(Mirror(folder / "mirror.git", str(people.remote)), folder / "store"))


def sha256(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def looked(source: GitSource, commit: CommitId, name: str = "biopsy", kind: Kind | None = None) -> RegisteredVersion:
    source.fetch()
    return source.inspect(ArtifactName.read(name), V1, commit, kind)


def brought(source: GitSource, version: RegisteredVersion) -> dict[str, bytes]:
    """What a deployment is lent."""
    with source.materialised(version) as places:
        return {name: place.read_bytes() for name, place in places.items()}


def refused(source: GitSource, commit: CommitId, name: str = "biopsy") -> str:
    with pytest.raises(BadContent) as told:
        looked(source, commit, name)
    return "\n".join(told.value.reasons)


def test_a_models_facts_are_read_from_its_commit(source: GitSource, people: People) -> None:
    commit = people.commit({**biopsy(), "elsewhere.txt": "x"})
    tag = people.tag("biopsy@v1.0.0", GIT_COMMITTER_EMAIL="Lea@Example.org")
    version = looked(source, commit, kind=Kind.MODEL)
    line = f"{sha256(ONNX)} 5 model.onnx\n"
    assert (version.artifact, version.kind, version.version, version.commit) == ("biopsy", Kind.MODEL, "v1.0.0", commit)
    assert version.digest == "sha256:" + sha256(line)
    assert (version.folder, version.path, version.entry) == ("models/biopsy", "model", "model.onnx")
    assert (version.files, version.bytes, version.owners) == (1, 5, ("U0DANA",))
    assert (version.registered_at, version.seq, version.tag) == ("", 0, tag)
    assert version.authors == tuple(sorted("sha256:" + sha256(mail) for mail in ("dana@example.org", "lea@example.org")))
    assert version.metrics == {"auc": "0.9478", "log_loss": "3.0e-1", "rows": "143"}
    assert (version.dataset, version.trained_on) == ("biopsies@v1.0.0", "biopsies@v1.0.0")
    assert version.metrics_digest == "sha256:" + sha256(METRICS)
    assert version.card_digest == "sha256:" + sha256("# Biopsy\n")
    assert version.golden is not None
    assert (version.golden.input, version.golden.output, version.golden.tolerance) == ("golden/input.json", "golden/output.json", "0.0001")
    assert version.golden.digest == "sha256:" + sha256(GIVEN + "\0" + WANTED)
    assert source.golden(version) == (GIVEN.encode(), WANTED.encode())


def test_the_reference_of_drift_is_kept_with_its_digest_and_no_part_of_the_versions(source: GitSource, people: People) -> None:
    declared = DECLARED + "drift: {reference: drift/reference.csv}\n"
    plain = looked(source, people.commit(biopsy()))
    version = looked(source, people.commit(biopsy(declared, drift__reference_dot_csv="x\n1\n")))
    assert (version.drift, version.drift_digest) == ("drift/reference.csv", "sha256:" + sha256("x\n1\n"))
    assert version.digest == plain.digest
    assert (plain.drift, plain.drift_digest) == (None, None)
    with source.reference(version) as place:
        assert place.read_bytes() == b"x\n1\n"
    with pytest.raises(BadContent, match="names no rows that drift could be measured against"), source.reference(plain):
        pass
    with pytest.raises(BadContent, match="not the one that was registered"):
        source.reference(replace(version, drift_digest=Digest.read("sha256:" + "0" * 64))).__enter__()


def test_what_columns_mean_is_kept_with_the_version(source: GitSource, people: People) -> None:
    said = "drift: {reference: r.csv, prediction: label, score: p, positive: 1, label: truth, labelled_at: known, ignore: [id, id]}\n"
    version = looked(source, people.commit(biopsy(DECLARED + said, r_dot_csv="x\n1\n")))
    assert version.drift_columns == DriftColumns("label", "p", "truth", "known", "1", ("id",))
    version = looked(source, people.commit(biopsy(DECLARED + "drift: {reference: r.csv, positive: true}\n", r_dot_csv="x\n2\n")))
    assert version.drift_columns == DriftColumns(positive="true")
    version = looked(source, people.commit(biopsy(DECLARED + "drift: {reference: r.csv}\n", r_dot_csv="x\n3\n")))
    assert version.drift_columns is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{reference: drift/none.csv}", "models/biopsy/drift/none.csv does not exist in this commit"),
        ("{reference: linked.csv}", "models/biopsy/linked.csv is a symbolic link, which is never followed"),
        ("{reference: folder.csv}", "is a folder, but a file is meant"),
        ("{reference: ../biopsy/README.md}", "must be a path below the artifact's folder"),
        ("{reference: README.md}", "a file that ends in .parquet or .csv"),
        ("{reference: a.csv, at: 3}", "'at' is not known here"),
        ("{reference: drift/r.csv, score: p}", "score needs positive"),
        ("{reference: drift/r.csv, label: y, prediction: y}", "label names the column 'y', which is the prediction already"),
        ("{reference: drift/r.csv, label: y, ignore: [y]}", "ignore names the column 'y', which is the label"),
        ("{reference: drift/r.csv, labelled_at: at}", "labelled_at needs label"),
        ("{reference: drift/r.csv, ignore: id}", "ignore must be a list"),
        ("{reference: drift/r.csv, prediction: [y]}", "prediction must name a column"),
        ("{reference: drift/r.csv, positive: 1.5}", "positive must be one value of the label"),
        ("{}", "drift must hold reference"),
        ("a.csv", "drift must hold reference"),
    ],
)
def test_a_reference_of_drift_that_is_no_file_in_the_folder_is_refused(source: GitSource, people: People, said: str, why: str) -> None:
    people.write({"models/biopsy/folder.csv/x": "1"})
    (people.work / "models/biopsy/linked.csv").symlink_to("README.md")
    assert why in refused(source, people.commit(biopsy(DECLARED + f"drift: {said}\n")))


def test_the_digest_covers_all_files_at_the_path_in_the_order_of_their_bytes(source: GitSource, people: People) -> None:
    files = {"b.txt": b"2", "a/z.bin": b"\xff" * 9, "a-.txt": b"1", "Ä.txt": b"3"}
    declared = "kind: dataset\nname: biopsies\npath: data\n"
    given: dict[str, str | bytes] = {f"datasets/biopsies/data/{name}": content for name, content in files.items()}
    commit = people.commit({**given, "datasets/biopsies/artifact.yaml": declared})
    version = looked(source, commit, "biopsies")
    lines = "".join(f"{sha256(files[name])} {len(files[name])} {name}\n" for name in sorted(files, key=str.encode))
    assert version.digest == "sha256:" + sha256(lines)
    assert (version.files, version.bytes) == (4, 12)
    assert brought(source, version) == files


def test_a_single_file_is_a_path_too_and_the_folder_is_the_default(source: GitSource, people: People) -> None:
    one = "kind: model\nname: biopsy\npath: model/model.onnx\n"
    version = looked(source, people.commit(biopsy(one)))
    assert (version.entry, version.digest) == ("model.onnx", "sha256:" + sha256(f"{sha256(ONNX)} 5 model.onnx\n"))
    assert list(brought(source, version)) == ["model.onnx"]
    whole = looked(source, people.commit(biopsy("kind: model\nname: biopsy\nentry: model/model.onnx\n")))
    assert (whole.path, whole.files) == (".", 6)
    assert set(brought(source, whole)) == {name.removeprefix("models/biopsy/") for name in biopsy()}


def test_a_host_that_committed_is_nobody(source: GitSource, people: People) -> None:
    commit = people.commit(biopsy(), GIT_COMMITTER_EMAIL="noreply@github.com")
    assert looked(source, commit).authors == ("sha256:" + sha256("dana@example.org"),)


def test_a_lightweight_tag_or_one_elsewhere_is_not_the_versions(source: GitSource, people: People) -> None:
    first = people.commit(biopsy())
    people.tag("biopsy@v1.0.0", "HEAD", "--no-sign")
    assert looked(source, first).tag is None


def test_groups_are_part_of_the_name(source: GitSource, people: People) -> None:
    declared = "kind: service\nname: risk/checkout\n"
    commit = people.commit({"services/risk/checkout/artifact.yaml": declared, "services/risk/checkout/app.py": "x"})
    assert looked(source, commit, "risk/checkout").folder == "services/risk/checkout"


def test_what_is_not_there_is_told_with_what_is(source: GitSource, people: People) -> None:
    commit = people.commit(biopsy())
    assert refused(source, commit, "fraud") == "No artifact.yaml or dvc.yaml declares fraud at this commit; the artifacts there: biopsy."
    with pytest.raises(BadContent, match="biopsy is a model, not a dataset"):
        source.inspect(BIOPSY, V1, commit, Kind.DATASET)
    with pytest.raises(BadContent, match="is not in the repository"):
        source.inspect(BIOPSY, V1, CommitId.read("1" * 40), None)


def test_names_are_unique_across_kinds(source: GitSource, people: People) -> None:
    twice = {**biopsy(), "datasets/biopsy/artifact.yaml": "kind: dataset\nname: biopsy\n"}
    assert "declared more than once: models/biopsy, datasets/biopsy" in refused(source, people.commit(twice))


BAD_DECLARATIONS = [
    ("kind: dataset\nname: biopsy\nentry: x\n", "line 1: kind is 'dataset', but what lies here is a model"),
    ("kind: model\nname: other\n", "line 2: name is 'other', but the folder is 'biopsy'"),
    (DECLARED + "pickle: true\n", "line 10: 'pickle' is not known here"),
    (DECLARED + "kind: model\n", "line 10: 'kind' stands twice"),
    (DECLARED.replace("path: model", "path: ../fraud"), "line 3: path must be a path below"),
    (DECLARED.replace("path: model", "path: /etc"), "line 3: path must be a path below"),
    (DECLARED.replace("path: model", "path: .git"), "line 3: path must be a path below"),
    (DECLARED.replace("path: model", 'path: "a\\nb"'), "line 3: path must be a word"),
    (DECLARED.replace("path: model", "path: absent"), "models/biopsy/absent does not exist"),
    (DECLARED.replace("entry: model.onnx", "entry: other.onnx"), "The entry other.onnx does not exist"),
    (DECLARED.replace("[U0DANA]", "[dana]"), "line 5: 'dana' is not the id of a Slack user"),
    (DECLARED.replace("[U0DANA]", "U0DANA"), "line 5: owners must be a list"),
    (DECLARED.replace("metrics.json", "absent.json"), "models/biopsy/absent.json does not exist"),
    (DECLARED.replace("README.md", "model"), "models/biopsy/model is a folder, but a file is meant"),
    (DECLARED.replace("1.0e-4", "-1"), "line 8: tolerance must be a number"),
    (DECLARED.replace("1.0e-4", ".inf"), "line 8"),
    (DECLARED.replace(", tolerance: 1.0e-4", ""), "golden must hold input, output, tolerance; tolerance is missing"),
    (DECLARED.replace("version: v1.0.0", "version: 1"), "is not a version; one that works: v3.0.0"),
    ("- a\n- b\n", "line 1: a mapping such as"),
    ("", "line 1: a mapping such as"),
    ("kind: [", "line 2: "),
    ("a: &a [x]\nb: *a\n", "line 1: anchors and aliases are not allowed"),
    ("kind: !!python/object/apply:os.system [id]\n", "line 1: tags are not allowed"),
    ("kind: model\nname: &n biopsy\n", "line 2: anchors"),
    ("---\nkind: model\n---\nkind: model\n", "line 3"),
    ("a: " + "[" * 30_000 + "]" * 30_000, "nested deeper"),
    ("a: " + "{b: " * 10_000 + "}" * 10_000, "nested deeper"),
    ("# " + "x" * 70_000, "artifact.yaml has 70002 bytes; at most 65536 are allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "reason"), BAD_DECLARATIONS, ids=range(len(BAD_DECLARATIONS)))
def test_a_bad_declaration_is_told_with_file_and_line(standing: Standing, declared: str, reason: str) -> None:
    said = refused(standing.source, standing.people.commit(biopsy(declared)))
    assert reason in said
    assert "models/biopsy" in said


def test_an_alias_bomb_is_refused_at_once(source: GitSource, people: People) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
    assert "anchors" in refused(source, people.commit(biopsy(bomb)))


def test_bytes_that_are_no_text_are_refused(source: GitSource, people: People) -> None:
    assert "is not UTF-8" in refused(source, people.commit({**biopsy(), "models/biopsy/artifact.yaml": b"kind: \xff"}))


def test_every_reason_is_told_at_once(source: GitSource, people: People) -> None:
    said = refused(source, people.commit(biopsy(DECLARED.replace("U0DANA", "x") + "odd: 1\n", metrics_dot_json='{"auc": NaN}')))
    assert ["'x' is not the id" in said, "'odd' is not known" in said, "NaN" in said] == [True, True, True]


BAD_METRICS = [
    ('{"auc": Infinity}', "Infinity"),
    ('{"auc": 1e999}', "finite"),
    ('{"auc": "0.9"}', "'auc' is none"),
    ('{"auc": true}', "'auc' is none"),
    ('{"auc": {"mean": 1}}', "'auc' is none"),
    ('{"auc": 1, "auc": 2}', "twice"),
    ('[1]', "flat JSON object"),
    ('{"auc": 1', "line 1"),
    ('{"auc": 1, "dataset": "biopsies"}', "names its dataset"),
    ('{"auc": 1, "dataset_digest": "md5:x"}', "names its dataset"),
    ('{"a\\u0007": 1}', "not printable"),
    ('{"a": ' + "[" * 100_000, "is not JSON"),
    ('{"a": ' + "1" * 5000 + "}", "finite"),
    (b"\xff\xfe", "is not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("metrics", "reason"), BAD_METRICS, ids=range(len(BAD_METRICS)))
def test_metrics_are_flat_and_finite(standing: Standing, metrics: str, reason: str) -> None:
    said = refused(standing.source, standing.people.commit(biopsy(metrics_dot_json=metrics)))
    assert said.startswith("models/biopsy/metrics.json ")
    assert reason in said


BAD_GOLDEN = [
    ("{}", "a list of inputs is expected"),
    (WANTED, "a list of inputs is expected"),
    ('{"inputs": [{"shape": [1], "datatype": "FP32", "data": [1]}]}', "without a name"),
    ('{"inputs": [{"name": "x", "shape": [1], "datatype": "float", "data": [1]}]}', "datatype"),
    ('{"inputs": [{"name": "x", "shape": [-1], "datatype": "FP32", "data": [1]}]}', "no shape"),
    ('{"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1]}]}', "another number of values"),
    ('{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [{}]}]}', "something else"),
    ("not json", "is not JSON"),
]


@pytest.mark.parametrize(("golden", "reason"), BAD_GOLDEN, ids=range(len(BAD_GOLDEN)))
def test_the_golden_pair_is_of_the_open_inference_protocol(standing: Standing, golden: str, reason: str) -> None:
    said = refused(standing.source, standing.people.commit(biopsy(golden__input_dot_json=golden)))
    assert said.startswith("models/biopsy/golden/input.json ")
    assert reason in said


def test_links_are_never_followed(source: GitSource, people: People) -> None:
    people.write(biopsy())
    (people.work / "models/biopsy/model/passwd").symlink_to("/etc/passwd")
    assert "'passwd' below models/biopsy/model is a symbolic link" in refused(source, people.commit({}))
    (people.work / "models/biopsy/model/passwd").unlink()
    (people.work / "models/biopsy/README.md").unlink()
    (people.work / "models/biopsy/README.md").symlink_to("../../../../etc/passwd")
    assert "models/biopsy/README.md is a symbolic link" in refused(source, people.commit({}))


def _tree(people: People, entries: list[tuple[bytes, bytes, str]]) -> str:
    raw = b"".join(b"%s %s\0%s" % (mode, name, bytes.fromhex(oid)) for mode, name, oid in entries)
    return git(people.work, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=raw)


@pytest.mark.parametrize(
    ("mode", "name", "reason"),
    [
        (b"100644", b"..", "leads out of its folder"),
        (b"100644", b".GIT", "Git keeps for itself"),
        (b"100644", b".git ", "Git keeps for itself"),
        (b"100644", b"git~1", "Git keeps for itself"),
        (b"100644", ".g\u200cit".encode(), "Git keeps for itself"),
        (b"100644", b"a\nb", "control or invisible"),
        (b"100644", "a\u202eb".encode(), "control or invisible"),
        (b"100644", b"a\\b", "leads out of its folder"),
        (b"100644", b"a\xff", "not UTF-8"),
        (b"100644", b"x" * 300, "longer than 255 bytes"),
        (b"160000", b"sub", "is a submodule"),
        (b"120000", b"link", "is a symbolic link"),
        (b"100600", b"odd", "is no regular file"),
        (b"100644", b"MODEL.onnx", "some file systems take for one"),
    ],
    ids=range(14),
)
def test_hostile_trees_are_refused_and_leave_nothing_behind(
    source: GitSource, people: People, mirror: Mirror, tmp_path: Path, mode: bytes, name: bytes, reason: str
) -> None:
    """Written straight into the mirror, for a fetch would not let all of them in."""
    good = looked(source, people.commit(biopsy()))
    blob = git(people.work, "rev-parse", "HEAD:models/biopsy/model/model.onnx")
    inner = sorted([(b"100644", b"model.onnx", blob), (mode, name, blob)], key=lambda entry: entry[1])
    rest = [line.split() for line in git(people.work, "ls-tree", "HEAD:models/biopsy").splitlines()]
    outer = [(m.lstrip("0").encode(), n.encode(), _tree(people, inner) if n == "model" else oid) for m, _, oid, n in rest]
    root = _tree(people, [(b"40000", b"models", _tree(people, [(b"40000", b"biopsy", _tree(people, outer))]))])
    commit = CommitId.read(git(people.work, "commit-tree", root, "-m", "Odd"))
    pack = people.work / "odd.pack"
    with pack.open("wb") as file:
        file.write(_packed(people, commit))
    git(mirror.folder, "unpack-objects", "-q", given=pack.read_bytes())
    with pytest.raises(BadContent, match=reason):
        source.inspect(BIOPSY, V1, commit, None)
    with pytest.raises(BadContent, match=reason):
        brought(source, replace(good, commit=commit))
    assert list((tmp_path / "store").rglob("*")) == []


def _packed(people: People, commit: str) -> bytes:
    command = ["git", "-C", str(people.work), "pack-objects", "--revs", "--stdout", "-q"]
    return subprocess.run(command, input=commit.encode(), capture_output=True, check=True).stdout


def test_files_have_a_size_and_a_number_that_they_may_not_pass(people: People, mirror: Mirror, tmp_path: Path) -> None:
    commit = people.commit(biopsy(model__b_dot_bin=b"x" * 100))
    small = GitSource(mirror, tmp_path / "s", Limits(largest_file=99))
    assert "b.bin has 100 bytes; at most 99 are allowed" in refused(small, commit)
    assert "more than 1 files" in refused(GitSource(mirror, tmp_path / "s", Limits(most_files=1)), commit)


def test_files_come_by_commit_id_and_are_proved_again(source: GitSource, people: People, tmp_path: Path) -> None:
    big = bytes(range(256)) * 12_000
    version = looked(source, people.commit(biopsy(model__weights_dot_bin=big)))
    people.commit(biopsy(model__weights_dot_bin=b"changed"))
    source.fetch()
    assert brought(source, version) == {"model.onnx": ONNX, "weights.bin": big}
    kept = tmp_path / "store" / "sha256" / sha256(big)[:2] / sha256(big)[2:]
    assert kept.read_bytes() == big
    kept.chmod(0o644)
    kept.write_bytes(b"torn")
    assert brought(source, version)["weights.bin"] == big
    assert kept.read_bytes() == big


def test_another_digest_is_refused_and_leaves_nothing_behind(source: GitSource, people: People, tmp_path: Path) -> None:
    version = looked(source, people.commit(biopsy()))
    wrong = replace(version, digest=Digest.read("sha256:" + "0" * 64))
    with pytest.raises(BadContent, match="not those that were registered"):
        brought(source, wrong)
    assert list((tmp_path / "store").rglob("*")) == []
    assert version.golden is not None
    odd = replace(version, golden=type(version.golden)("README.md", "README.md", "0", version.golden.digest))
    with pytest.raises(BadContent, match="golden files"):
        source.golden(odd)


def _materialise(folder: Path, url: str, store: Path, commit: str) -> None:
    source = GitSource(Mirror(folder, url), store)
    version = source.inspect(BIOPSY, V1, CommitId.read(commit), None)
    for _ in range(5):
        if brought(source, version)["model.onnx"] != ONNX:
            raise SystemExit(3)


def test_several_processes_share_one_store(people: People, source: GitSource, mirror: Mirror, tmp_path: Path) -> None:
    commit = people.commit(biopsy(model__weights_dot_bin=b"w" * 3_000_000))
    source.fetch()
    start = multiprocessing.get_context("fork").Process
    given = (mirror.folder, str(people.remote), tmp_path / "store", commit)
    ones = [start(target=_materialise, args=given) for _ in range(2)]
    for one in ones:
        one.start()
    for one in ones:
        one.join(60)
    assert [one.exitcode for one in ones] == [0, 0]
    assert [place.name for place in (tmp_path / "store").iterdir()] == ["sha256"]


def test_the_policy_comes_with_the_commit_that_changed_it(source: GitSource, people: People) -> None:
    people.commit({"a": "1"})
    source.fetch()
    assert source.policy() is None
    changed = people.commit({"towpath.yaml": "version: 1\n"})
    people.commit({"a": "2"})
    source.fetch()
    assert source.policy() == (changed, "version: 1\n")
    people.commit({"towpath.yaml": b"\xff"})
    source.fetch()
    with pytest.raises(BadContent, match="not UTF-8"):
        source.policy()
    (people.work / "towpath.yaml").unlink()
    (people.work / "towpath.yaml").symlink_to("/etc/passwd")
    people.commit({})
    source.fetch()
    with pytest.raises(BadContent, match="symbolic link"):
        source.policy()


def test_a_ref_is_a_branch_a_tag_or_a_commit(source: GitSource, people: People, ledger: GitLedger) -> None:
    one = people.commit({"a": "1"})
    people.tag("biopsy@v1.0.0")
    two = people.commit({"a": "2"}, branch="feature/x")
    record = grown(ledger, 1)
    source.fetch()

    def found(ref: str) -> str:
        return source.resolve(RefName.read(ref))

    assert (found("main"), found("feature/x"), found("biopsy@v1.0.0")) == (one, two, one)
    assert (found(two), found(two[:7])) == (two, two)
    for odd in (
        "nowhere",
        "towpath",
        record,
        record[:9],
        "f" * 40,
        "origin/main",
        git(people.work, "rev-parse", "HEAD:a"),
    ):
        with pytest.raises(BadContent, match="has no branch, tag or commit"):
            found(odd)


def test_a_name_of_two_things_is_not_guessed(source: GitSource, people: People) -> None:
    people.commit({"a": "1"}, branch="v1")
    people.tag("v1")
    two = people.commit({"a": "2"}, branch="v1")
    source.fetch()
    with pytest.raises(BadContent, match="2 different commits"):
        source.resolve(RefName.read("v1"))
    git(people.work, "push", "--quiet", "origin", "--delete", "refs/tags/v1")
    source.fetch()
    assert source.resolve(RefName.read("v1")) == two


def test_version_tags_are_a_strict_subset_of_gto(source: GitSource, people: People) -> None:
    commit = people.commit(biopsy())
    tag = people.tag("biopsy@v1.0.0")
    people.tag("risk/fraud@v2.0.0-rc.1")
    people.tag("light@v1.0.0", "HEAD", "--no-sign")
    people.tag("tree@v1.0.0", "HEAD^{tree}")
    people.tag("Biopsy@v1.0.0")
    people.tag("biopsy@v3")
    people.tag("biopsy@v1.0.0+build")
    people.tag("biopsy@v5.0.0#1")
    people.tag("biopsy#prod#1")
    git(people.remote, "update-ref", "refs/tags/copied@v9.0.0", tag)
    people.tag("nested@v1.0.0", "biopsy@v1.0.0")
    people.tag("gone@v1.0.0", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    people.tag("gone@v1.0.0!#1", GIT_COMMITTER_DATE="2026-01-02T00:00:00Z")
    source.fetch()
    found = {f"{one.artifact}@{one.version}": one for one in source.version_tags()}
    assert set(found) == {"biopsy@v1.0.0", "risk/fraud@v2.0.0-rc.1"}
    assert (found["biopsy@v1.0.0"].tag, found["biopsy@v1.0.0"].commit) == (tag, commit)
    odd = "\n".join(one.what for one in source.oddities())
    assert "'light@v1.0.0' was passed over: it is not annotated" in odd
    assert "'tree@v1.0.0' was passed over: it names a tree and not a commit" in odd
    assert "'copied@v9.0.0' was passed over: it calls itself 'biopsy@v1.0.0'" in odd
    assert "'nested@v1.0.0' was passed over: it names a tag and not a commit" in odd
