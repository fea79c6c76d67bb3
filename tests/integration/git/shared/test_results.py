"""What a pipeline left behind becomes one commit on a branch of its own, whatever else it left there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.adapters.git import GitSource, Mirror
from workers.adapters.git.contents import Limits
from workers.adapters.git.lfs import opened
from workers.adapters.git.results import GitResults
from workers.adapters.git.urls import RemoteUrl
from workers.contract.names import ActorId, ArtifactName, CommitId, EnvironmentName, RequestId, RetrainingId, Version
from workers.contract.promotion import Kind
from workers.contract.retraining import How, Recipe, Retraining, Stage
from workers.domain.policy import email_digest
from workers.ports.errors import BadContent, RefusedByHost

from .lfs_server import LfsServer, pointer, serving
from .people import People, biopsy, git

ANA = ActorId.read("U0ANA@T061EG9R6")
BIOPSY = ArtifactName.read("biopsy")
FOLDER = "models/biopsy"
BRANCH = "retrain/biopsy/142"
NEW = b"\1onnx"


@pytest.fixture
def lfs() -> Iterator[LfsServer]:
    with serving(LfsServer()) as server:
        yield server


@pytest.fixture
def results(mirror: Mirror, lfs: LfsServer) -> GitResults:
    return GitResults(mirror, opened(RemoteUrl.read(lfs.url), None), Limits(most_files=50))


@pytest.fixture
def base(people: People) -> CommitId:
    return people.commit({**biopsy(), "README.md": "# Models\n", "services/checkout/run.sh": "true\n"})


def retraining(base: CommitId, because: str | None = "the scanner was replaced") -> Retraining:
    return Retraining(
        RetrainingId.read("T-142"), BIOPSY, EnvironmentName.read("staging"), Stage.RUNNING, ANA, "2026-11-23T08:00:00.000Z", "CBIOPSY",
        RequestId.read("R-" + "a" * 20), Recipe(How.COMMAND, ("true",), disk_mb=16), base, FOLDER, because,
    )  # fmt: skip


@pytest.fixture
def tree(people: People, base: CommitId, tmp_path: Path) -> Path:
    """A work tree as a pipeline has it, with a new model in it."""
    place = tmp_path / "tree"
    git(tmp_path, "clone", "--quiet", str(people.remote), str(place))
    (place / FOLDER / "model/model.onnx").write_bytes(NEW)
    return place


def why(results: GitResults, base: CommitId, tree: Path | None) -> str:
    with pytest.raises(BadContent) as told:
        results.take(retraining(base), tree)
    return " ".join(told.value.reasons)


def test_the_folder_of_the_artifact_takes_its_place_and_nothing_else(
    people: People, results: GitResults, base: CommitId, tree: Path, source: GitSource
) -> None:
    (tree / FOLDER / "notes").mkdir()
    (tree / FOLDER / "notes/new.md").write_text("new\n")
    (tree / FOLDER / "README.md").write_text("# Retrained\n")
    (tree / FOLDER / "golden/input.json").chmod(0o777)
    (tree / "README.md").write_text("# Mine now\n")
    (tree / "services/checkout/run.sh").write_text("false\n")
    (tree / FOLDER / "__pycache__").mkdir()
    (tree / FOLDER / "__pycache__/train.pyc").write_bytes(b"x")
    commit = results.take(retraining(base), tree)
    assert people.at(f"refs/heads/{BRANCH}") == commit
    assert people.at("refs/heads/main") == base
    changed = git(people.remote, "diff-tree", "-r", "--name-status", base, commit).split("\n")
    assert changed == [f"M\t{FOLDER}/README.md", f"M\t{FOLDER}/model/model.onnx", f"A\t{FOLDER}/notes/new.md"]
    assert {line.split()[0] for line in git(people.remote, "ls-tree", "-r", commit).split("\n")} == {"100644"}
    assert git(people.remote, "fsck", "--strict") == ""
    source.fetch()
    found = source.inspect(BIOPSY, Version.read("v2.0.0"), commit, Kind.MODEL)
    assert found.authors == (email_digest(ANA),)


def test_the_commit_says_who_asked_and_why(people: People, results: GitResults, base: CommitId, tree: Path) -> None:
    commit = results.take(retraining(base, "x\n\nActor: mallory"), tree)
    said = git(people.remote, "log", "-1", "--format=%an <%ae>|%cn <%ce>|%aI|%P|%s", commit)
    assert said == f"U0ANA <{ANA}>|Towpath <writer@towpath>|2026-11-23T08:00:00+00:00|{base}|Retrain biopsy (T-142)"
    trailers = git(people.remote, "log", "-1", "--format=%(trailers)", commit).split("\n")
    assert trailers == ["Retraining: T-142", "Artifact: biopsy", f"Actor: {ANA}"]


def test_twice_is_once(
    people: People, mirror: Mirror, lfs: LfsServer, results: GitResults, base: CommitId, tree: Path, tmp_path: Path
) -> None:
    first = results.take(retraining(base), tree)
    assert results.take(retraining(base), tree) == first
    other = Mirror(tmp_path / "another.git", str(people.remote))
    assert GitResults(other, opened(RemoteUrl.read(lfs.url), None)).take(retraining(base), tree) == first


def test_deleted_files_are_gone(people: People, results: GitResults, base: CommitId, tree: Path) -> None:
    (tree / FOLDER / "README.md").unlink()
    commit = results.take(retraining(base), tree)
    assert f"D\t{FOLDER}/README.md" in git(people.remote, "diff-tree", "-r", "--name-status", base, commit)


def test_the_source_branch_may_move_on_meanwhile(people: People, results: GitResults, base: CommitId, tree: Path) -> None:
    people.commit({"README.md": "# Moved on\n"})
    commit = results.take(retraining(base), tree)
    assert git(people.remote, "rev-parse", f"{commit}^") == base


def test_a_program_stays_a_program(people: People, results: GitResults, tmp_path: Path) -> None:
    people.write(biopsy(train_dot_sh="true\n"))
    (people.work / FOLDER / "train.sh").chmod(0o755)
    base = people.commit({})
    place = tmp_path / "tree"
    git(tmp_path, "clone", "--quiet", str(people.remote), str(place))
    (place / FOLDER / "train.sh").chmod(0o600)
    (place / FOLDER / "model/model.onnx").write_bytes(NEW)
    commit = results.take(retraining(base), place)
    assert git(people.remote, "ls-tree", commit, f"{FOLDER}/train.sh").startswith("100755")


def test_a_pipeline_that_changed_nothing(people: People, results: GitResults, base: CommitId, tree: Path) -> None:
    (tree / FOLDER / "model/model.onnx").write_bytes(b"\0onnx")
    (tree / "README.md").write_text("# Mine now\n")
    assert "changed nothing in models/biopsy" in why(results, base, tree)
    assert people.at(f"refs/heads/{BRANCH}") == ""


def _link(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")


def _linked_folder(folder: Path) -> None:
    (folder / "model").rename(folder / "other")
    (folder / "model").symlink_to("other")


def _hard_link(folder: Path) -> None:
    os.link(folder / "README.md", folder / "second.md")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _repository(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("[core]\n\tsshCommand = touch /tmp/owned\n")


def _named(name: str | bytes) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(name))).write_text("x")

    return put


def _twins(folder: Path) -> None:
    (folder / "readme.md").write_text("x")


def _many(folder: Path) -> None:
    for number in range(60):
        (folder / f"{number}.txt").write_text("x")


def _much(folder: Path) -> None:
    with (folder / "much.bin").open("wb") as file:
        file.truncate(17 << 20)


def _foreign_pointer(folder: Path) -> None:
    (folder / "model/model.onnx").write_text(pointer(b"never brought"))


def _deep(folder: Path) -> None:
    (folder / "/".join("d" * 40)).mkdir(parents=True)


@pytest.mark.parametrize(
    ("put", "words"),
    [
        (_link, "symbolic link"), (_linked_folder, "symbolic link"), (_hard_link, "second name"), (_pipe, "no regular file"),
        (_repository, "Git keeps for itself"), (_named(".GIT"), "Git keeps for itself"), (_named("git~1"), "Git keeps for itself"),
        (_named("a\nb"), "control or invisible"), (_named(b"\xff\xfe"), "not UTF-8"), (_named("a\\b"), "leads out"), (_twins, "take for one"),
        (_many, "more than 50 files"), (_much, "bytes in all"), (_foreign_pointer, "begins like a pointer"), (_deep, "nested deeper"),
    ],
    ids=lambda one: one if isinstance(one, str) else getattr(one, "__name__", "one"),
)  # fmt: skip
def test_hostile_files_are_refused_and_nothing_is_pushed(
    people: People, results: GitResults, base: CommitId, tree: Path, put: Callable[[Path], None], words: str
) -> None:
    put(tree / FOLDER)
    assert words in why(results, base, tree)
    assert people.at(f"refs/heads/{BRANCH}") == ""


def test_a_link_in_the_place_of_the_folder_itself_is_not_followed(
    people: People, results: GitResults, base: CommitId, tree: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tree / "models").rename(elsewhere)
    (tree / "models").symlink_to(elsewhere)
    assert "cannot be read" in why(results, base, tree)
    (tree / "models").unlink()
    assert "cannot be read" in why(results, base, tree)


def test_every_reason_is_told_at_once(results: GitResults, base: CommitId, tree: Path) -> None:
    _link(tree / FOLDER)
    _pipe(tree / FOLDER)
    told = why(results, base, tree)
    assert "symbolic link" in told
    assert "no regular file" in told


LARGE = b"\2" * 300_000
ATTRIBUTES = "*.onnx filter=lfs diff=lfs merge=lfs -text\n"


def test_large_files_go_to_git_lfs_by_the_attributes_of_the_base(
    people: People, results: GitResults, lfs: LfsServer, tmp_path: Path
) -> None:
    base = people.commit({**biopsy(), ".gitattributes": ATTRIBUTES, f"{FOLDER}/other.onnx": pointer(b"not brought")})
    place = tmp_path / "tree"
    git(tmp_path, "clone", "--quiet", str(people.remote), str(place))
    (place / FOLDER / "model/model.onnx").write_bytes(LARGE)
    (place / FOLDER / "empty.onnx").write_bytes(b"")
    (place / FOLDER / ".gitattributes").write_text("*.onnx !filter\n*.md filter=lfs\n")
    commit = results.take(retraining(base), place)
    shown = git(people.remote, "show", f"{commit}:{FOLDER}/model/model.onnx")
    assert shown == pointer(LARGE).strip()
    assert list(lfs.objects.values()) == [LARGE]
    assert git(people.remote, "show", f"{commit}:{FOLDER}/other.onnx") == pointer(b"not brought").strip()
    assert git(people.remote, "show", f"{commit}:{FOLDER}/README.md") == "# Biopsy"
    assert git(people.remote, "show", f"{commit}:{FOLDER}/empty.onnx") == ""
    assert git(people.remote, "show", f"{commit}:{FOLDER}/.gitattributes").startswith("*.onnx !filter")
    assert results.take(retraining(base), place) == commit
    assert len(lfs.asked("PUT")) == 1


def test_nothing_is_sent_when_something_is_refused(people: People, results: GitResults, lfs: LfsServer, tmp_path: Path) -> None:
    base = people.commit({**biopsy(), ".gitattributes": ATTRIBUTES})
    place = tmp_path / "tree"
    git(tmp_path, "clone", "--quiet", str(people.remote), str(place))
    (place / FOLDER / "model/model.onnx").write_bytes(LARGE)
    (place / FOLDER / "metrics.json").write_text(pointer(b"metrics"))
    assert "metrics.json begins like a pointer" in why(results, base, place)
    assert lfs.seen == []


def test_a_large_file_that_nobody_gave_to_lfs_is_told_what_to_do(
    people: People, mirror: Mirror, lfs: LfsServer, base: CommitId, tree: Path
) -> None:
    with (tree / FOLDER / "model/model.onnx").open("wb") as file:
        file.truncate((64 << 20) + 1)
    roomy = GitResults(mirror, opened(RemoteUrl.read(lfs.url), None))
    wanted = retraining(base)
    with pytest.raises(BadContent, match="git lfs track"):
        roomy.take(Retraining(**{**vars(wanted), "recipe": Recipe(How.COMMAND, ("true",))}), tree)


def test_a_branch_that_somebody_made_is_left_alone(people: People, results: GitResults, base: CommitId, tree: Path) -> None:
    git(people.remote, "branch", BRANCH, base)
    assert "is there already" in why(results, base, tree)
    assert people.at(f"refs/heads/{BRANCH}") == base


def test_a_host_that_refuses_the_branch(people: People, results: GitResults, base: CommitId, tree: Path) -> None:
    people.hook("pre-receive", "echo 'branches are for people' >&2\nexit 1\n")
    with pytest.raises(RefusedByHost, match="branches are for people"):
        results.take(retraining(base), tree)
    assert people.at(f"refs/heads/{BRANCH}") == ""


class TestOfACi:
    """What a CI has pushed itself."""

    def pushes(self, people: People, files: dict[str, str | bytes]) -> str:
        git(people.work, "checkout", "--quiet", "-b", "ci")
        return people.commit(files, branch=BRANCH)

    def test_its_branch_is_taken_as_it_is(self, people: People, results: GitResults, base: CommitId) -> None:
        head = self.pushes(people, {f"{FOLDER}/model/model.onnx": NEW})
        assert results.take(retraining(base), None) == head

    def test_files_elsewhere_are_refused(self, people: People, results: GitResults, base: CommitId) -> None:
        self.pushes(people, {f"{FOLDER}/model/model.onnx": NEW, "services/checkout/run.sh": "false\n"})
        assert "changes files outside of models/biopsy: services/checkout/run.sh" in why(results, base, None)

    def test_another_beginning_is_refused(self, people: People, results: GitResults, base: CommitId) -> None:
        git(people.work, "checkout", "--quiet", "--orphan", "other")
        people.commit({f"{FOLDER}/model/model.onnx": NEW}, branch=BRANCH)
        assert "is not made on top of" in why(results, base, None)

    def test_no_branch_and_no_change(self, people: People, results: GitResults, base: CommitId) -> None:
        assert "pushed no branch" in why(results, base, None)
        git(people.remote, "branch", BRANCH, base)
        assert "is not made on top of" in why(results, base, None)
