"""The wider grammar of GTO in a real repository: folders, clashes, foreign names, and what each is told with."""

from __future__ import annotations

from workers.adapters.git import GitSource, GtoTags, Mirror, gto
from workers.contract.names import ArtifactName, EnvironmentName, Version
from workers.contract.signatures import SigningKey
from workers.ports.source import Assignment

from .people import People, biopsy, git

NESTED = ArtifactName.read("risk/biopsy")
PROD = EnvironmentName.read("prod")
DECLARED = "kind: model\nname: risk/biopsy\npath: model\n"


def test_the_spelling_of_the_repository_is_kept(people: People, mirror: Mirror, source: GitSource, key: SigningKey) -> None:
    commit = people.commit({path.replace("models/", "models/risk/"): text for path, text in biopsy(DECLARED).items()})
    people.tag("risk=biopsy@v1.0.0", GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")
    source.fetch()
    (tag,) = source.version_tags()
    assert (tag.artifact, tag.version, tag.commit) == (NESTED, "v1.0.0", commit)
    version = source.inspect(NESTED, Version.read("v1.0.0"), commit, None)
    assert version.tag == tag.tag
    GtoTags(mirror, key).show(iter([version]), iter([Assignment(NESTED, PROD, commit, "Promotion: P-1")]))
    assert git(people.remote, "tag", "--list", "risk*").split() == ["risk=biopsy#prod#1", "risk=biopsy@v1.0.0"]


def test_two_spellings_of_one_artifact_are_a_clash_that_one_stray_tag_does_not_win(people: People, mirror: Mirror) -> None:
    commit = people.commit({"a": "1"})
    people.tag("risk=biopsy@v1.0.0")
    people.tag("risk=biopsy#prod#1")
    people.commit({"a": "2"})
    people.tag("risk/biopsy#prod#2")
    mirror.fetch()
    picture = gto.read(mirror)
    assert picture.holders(NESTED, PROD) == [commit]
    assert picture.spelling(NESTED) == "risk=biopsy"
    (odd,) = picture.oddities
    assert "written in tags both as risk=biopsy and as risk/biopsy" in odd.what
    assert "as risk=biopsy" in odd.fix


def test_foreign_names_are_told_with_the_reason(people: People, mirror: Mirror) -> None:
    people.commit({"a": "1"})
    foreign = ["Fraud@v1.0.0", "m@v3", "x.y@v1.0.0", "m@v1.0.0+b", "m#prod.eu#1", "m#prod/eu#2", "m@created", "m@v2.0.0#4"]
    for name in [*foreign, "pkg@1.0.0", "release-1"]:
        people.tag(name)
    mirror.fetch()
    odd = gto.read(mirror).oddities
    assert len(odd) == len(foreign)
    for name in foreign:
        (found,) = [one for one in odd if repr(name) in one.what]
        assert found.fix


def test_a_tag_without_a_tagger_or_with_a_hostile_message_is_no_trouble(people: People, mirror: Mirror) -> None:
    commit = people.commit({"a": "1"})
    bare = git(
        people.remote,
        "hash-object",
        "-t",
        "tag",
        "-w",
        "--literally",
        "--stdin",
        given=f"object {commit}\ntype commit\ntag m@v1.0.0\n\nx\n".encode(),
    )
    git(people.remote, "update-ref", "refs/tags/m@v1.0.0", bare)
    people.tag("m@v2.0.0", "HEAD", "-a", "-m", "\x1b[31m refs/tags/x\n-----BEGIN SSH SIGNATURE-----\nnone")
    mirror.git.must("fetch", "--quiet", str(people.remote), "+refs/tags/*:refs/tags/*")
    picture = gto.read(mirror)
    assert [event.name for event in picture.registered()] == ["m@v2.0.0"]
    (odd,) = picture.oddities
    assert "has no tagger" in odd.what
