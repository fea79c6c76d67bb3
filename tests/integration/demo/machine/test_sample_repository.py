"""The sample repository: the same everywhere, readable by stock Git and by GTO, with three versions left to register."""

import os
import subprocess
import sys
from pathlib import Path

import git
import pytest

from demo.git_web import GitWeb
from demo.processes import answers
from demo.repository import build
from demo.repository.build import RepositoryFailed
from demo.repository.story import ASSETS, CHAPTERS

POLICY = "version: 1\nenvironments: {staging: {}}  # Zürich\n"
TAGS = [
    "biopsies@v1.0.0",
    "biopsy@v1.0.0",
    "wine@v1.0.0",
    "digits@v1.0.0",
    "triage@v1.0.0",
    "biopsy@v2.0.0",
    "triage@v1.1.0",
    "biopsy@v3.0.0",
    "flights@v1.0.0",
    "delay@v1.0.0",
]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("remote") / "clinic.git"
    build(path, POLICY)
    return path


@pytest.fixture
def repository(remote: Path) -> git.Repo:
    return git.Repo(remote)


def test_the_history_is_the_story(repository: git.Repo) -> None:
    commits = list(reversed(list(repository.iter_commits("main"))))
    assert [commit.author.email for commit in commits] == [
        "dana@example.com",
        *(chapter.author.email for chapter in CHAPTERS),
    ]
    assert [commit.summary for commit in commits[1:]] == [chapter.subject for chapter in CHAPTERS]
    assert all(commit.author == commit.committer for commit in commits)
    assert commits[0].tree["towpath.yaml"].data_stream.read().decode() == POLICY


def test_every_registered_version_is_an_annotated_tag_on_its_commit(repository: git.Repo) -> None:
    assert sorted(tag.name for tag in repository.tags) == sorted(TAGS)
    for tag in repository.tags:
        name, _, version = tag.name.partition("@")
        assert tag.tag is not None
        assert tag.tag.object == tag.commit
        chapter = next(own for own in CHAPTERS if (own.name, own.version) == (name, version))
        assert tag.commit.summary == chapter.subject
        for path, content in chapter.files().items():
            assert tag.commit.tree[path].data_stream.read() == content
    times = [repository.tags[name].tag.tagged_date for name in TAGS]  # type: ignore[union-attr]
    assert times == sorted(set(times))


def test_the_last_two_commits_wait_to_be_registered(repository: git.Repo) -> None:
    last, before = list(repository.iter_commits("main", max_count=2))
    assert set(last.stats.files) <= {str(path) for path in CHAPTERS[-1].files()}
    assert {str(path).split("/")[1] for path in before.stats.files} == {"biopsy"}
    assert {str(path).split("/")[1] for path in last.stats.files} == {"wine"}
    assert not {last, before} & {tag.commit for tag in repository.tags}


def test_each_commit_touches_one_artifact(repository: git.Repo) -> None:
    for commit in list(repository.iter_commits("main"))[:-1]:
        assert len({"/".join(str(path).split("/")[:2]) for path in commit.stats.files}) == 1


def test_the_ids_depend_on_the_policy_alone(remote: Path, repository: git.Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = tmp_path / "gitconfig"
    hostile.write_text("[user]\n\tuseConfigOnly = true\n[commit]\n\tgpgSign = true\n[init]\n\tdefaultBranch = other\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(hostile))
    monkeypatch.setenv("GIT_DIR", str(remote))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    build(tmp_path / "again.git", POLICY)
    monkeypatch.delenv("GIT_DIR")
    again = git.Repo(tmp_path / "again.git")
    assert {ref.path: ref.object.hexsha for ref in again.refs} == {ref.path: ref.object.hexsha for ref in repository.refs}
    build(tmp_path / "other.git", "version: 2\n")
    assert git.Repo(tmp_path / "other.git").head.commit != repository.head.commit


def test_it_is_whole_and_set_up_like_a_host(remote: Path, repository: git.Repo) -> None:
    assert "error" not in repository.git.fsck("--strict")
    assert repository.head.ref.path == "refs/heads/main"
    with repository.config_reader("repository") as found:
        for section, name in [
            ("receive", "denyNonFastForwards"),
            ("receive", "denyDeletes"),
            ("receive", "fsckObjects"),
            ("uploadpack", "allowFilter"),
            ("uploadpack", "allowAnySHA1InWant"),
        ]:
            assert found.get_value(section, name) is True


def test_a_rewrite_or_a_deleted_branch_is_refused_and_a_blobless_clone_works(tmp_path: Path) -> None:
    build(tmp_path / "remote.git", POLICY)
    options = ["--filter=blob:none", "--bare"]
    clone = git.Repo.clone_from(f"file://{tmp_path}/remote.git", tmp_path / "clone", multi_options=options)
    clone.git.push("origin", "main:refs/heads/later")
    for refspec, reason in (
        ("+main~1:refs/heads/main", "non-fast-forward"),
        (":refs/heads/later", "deletion prohibited"),
    ):
        with pytest.raises(git.GitCommandError, match=reason):
            clone.git.push("origin", refspec)
    assert "malignant" in clone.git.show("biopsies@v1.0.0:datasets/biopsies/data/schema.json")


def test_gto_reads_it(remote: Path, tmp_path: Path) -> None:
    git.Repo.clone_from(remote, tmp_path / "clone")
    gto = Path(sys.executable).with_name("gto")
    shown = subprocess.run([gto, "show", "--json"], cwd=tmp_path / "clone", capture_output=True, text=True, check=True)
    assert '"biopsy"' in shown.stdout
    assert "v3.0.0" in shown.stdout
    assert "v4.0.0" not in shown.stdout


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    with pytest.raises(FileExistsError):
        build(tmp_path, POLICY)
    with pytest.raises(FileExistsError):
        build(tmp_path / "kept", POLICY)
    assert (tmp_path / "kept").read_text() == "x"


def test_a_git_that_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "bin" / "git"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho 'fatal: out of luck' >&2\nexit 128\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent), prepend=os.pathsep)
    with pytest.raises(RepositoryFailed, match="git init: fatal: out of luck"):
        build(tmp_path / "remote.git", POLICY)


def test_every_asset_is_part_of_the_story() -> None:
    folders = {path.parent.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("artifact.yaml")}
    assert folders == {f"{chapter.folder}/{chapter.version}" for chapter in CHAPTERS}


def test_links_to_commits_lead_to_pages(remote: Path, repository: git.Repo, tmp_path: Path) -> None:
    with GitWeb(remote, tmp_path) as web:
        assert web.url == f"http://127.0.0.1:{web.port}/clinic/"
        assert answers(web.url)
        assert answers(web.commit_url(repository.head.commit.hexsha))
        assert answers(web.commit_url("biopsy@v1.0.0"))
        assert not answers(web.commit_url("0" * 40))

        clone = git.Repo.clone_from(remote, tmp_path / "clone")
        with clone.config_writer() as settings:
            settings.set_value("user", "name", "Ana").set_value("user", "email", "ana@example.com")
        clone.git.commit("--allow-empty", "-m", "Later")
        clone.git.push("origin", "HEAD:refs/heads/later")
        assert answers(web.commit_url(clone.head.commit.hexsha))
