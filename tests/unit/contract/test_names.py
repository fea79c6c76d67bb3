"""Names read themselves: what a grammar lets in can be a path, a ref and a trailer, and nothing else gets in."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.contract import names
from workers.contract.names import ActorId, ArtifactName, BadName, Name, OutputRef, RefName, Version, VersionAsk

from .samples import names as any_of

KINDS = [kind for kind in vars(names).values() if isinstance(kind, type) and issubclass(kind, Name) and kind is not Name]
ATTACKS = [
    "", " ", "-", "--", "-x", "--upload-pack=x", "..", "../x", "a/../b", "a//b", "/a", "a/", "a\n", "\na", "a b", "a\tb", "a\0b", "a;b", "$(id)", "`id`",
    "a:b", "a~1", "a^", "a?b", "a*b", "a[b", "a\\b", "@{-1}", "a@{1}", "a.lock", ".git", "a/.git", "é", "ａ", "٣", "v٣.0.0", "vⅢ", "a\u200bb", "a\u202eb",
    "P-0", "P-01", "p-1", "P-1\n", "P-9999999999", "R-" + "1" * 20, "sha256:" + "0" * 63, "sha256:" + "G" * 64, "SHA256:" + "0" * 64, "0" * 39, "0" * 41,
    "A" * 40, "v1", "1.0.0", "v01.0.0", "v1.0.0+b", "v1.0.0-", "v1.0.0-01", "v1.0.0-a..b", "v1.0.0 ", "V1.0.0", "u1@t1", "U1", "UABC@", "@TABC",
    "UABC@TABC@TABC",
    "root@towpath", "bot@towpath\n", "UABC@towpath", "a" * 200, "HEAD~1", "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attack", [None, 3, True, b"v1.0.0", ["v1.0.0"], {"a": 1}])
def test_only_text_is_a_name(kind: type[Name], attack: object) -> None:
    with pytest.raises(BadName):
        kind.read(attack)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_gets_in_is_harmless_everywhere(attack: str) -> None:
    for kind in KINDS:
        try:
            name = kind.read(attack)
        except BadName as exc:
            assert exc.example in str(exc)
            assert len(exc.text) <= 80
            continue
        assert name.isascii()
        assert name.isprintable()
        assert not re.search(r"\s|\.\.|//|^[-/]|[/\n]$|[~^:?*\[\\\0;$`(){}|<>\"']|@\{", name.replace("sha256:", ""))


@pytest.mark.parametrize("attack", ["@", "a@{1}", "HEAD~1", "-x", "a..b", "a.lock", "x/.hidden", "refs//x", "a/", "a.", ":/x", "a:b", "^a"])
def test_no_revision_expression_is_a_ref(attack: str) -> None:
    with pytest.raises(BadName):
        RefName.read(attack)


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_work(kind: type[Name]) -> None:
    for example in kind.example.split(" or "):
        assert kind.read(example).lstrip("v") == example.lstrip("v")


@pytest.mark.parametrize("text", ["my_model", "a_b/c_d", "a__b", "x/a-_b", "0_0"])
def test_an_artifact_may_have_inner_underscores(text: str) -> None:
    assert ArtifactName.read(text) == text


@pytest.mark.parametrize("text", ["_a", "a_", "_", "a/_b", "a_/b", "My_Model", "a_b/C", "__init__"])
def test_an_underscore_stands_inside_and_upper_case_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        ArtifactName.read(text)


@given(any_of(ArtifactName), any_of(Version))
def test_stock_git_takes_each_as_a_tag(artifact: ArtifactName, version: Version) -> None:
    assert not re.search(r"(^|/)[.-]|\.lock(/|$)|\.\.|@\{", f"{artifact}@{version}")


def test_stock_git_says_so_itself() -> None:
    for ref in ("risk/fraud@v3.0.0-rc.1", "fraud#prod#8", "fraud#prod!#7"):
        assert subprocess.run(["git", "check-ref-format", f"refs/tags/{ref}"], check=False).returncode == 0


@given(any_of(Version))
def test_every_version_can_be_asked_for_in_full(version: Version) -> None:
    asked = VersionAsk.read(str(version))
    assert asked.matches(version)
    assert str(asked) == str(version)


@given(any_of(VersionAsk), any_of(Version))
def test_a_short_ask_means_releases_only(asked: VersionAsk, version: Version) -> None:
    assert asked.startswith("v")
    if asked.matches(version) and str(asked) != str(version):
        assert "-" not in version
        assert version.startswith(f"{asked}.")


@given(st.lists(any_of(Version), min_size=2, max_size=4))
def test_versions_have_one_order(found: list[Version]) -> None:
    ordered = sorted(found, key=lambda version: version.order)
    assert [one.major for one in ordered] == sorted(one.major for one in found)


def test_the_order_is_that_of_semantic_versioning() -> None:
    text = "v1.0.0-alpha v1.0.0-alpha.1 v1.0.0-alpha.beta v1.0.0-beta v1.0.0-beta.2 v1.0.0-beta.11 v1.0.0-rc.1 v1.0.0 v1.2.0 v1.10.0 v2.0.0"
    found = [Version.read(one) for one in text.split()]
    assert sorted(set(found), key=lambda version: version.order) == found


@given(any_of(ActorId))
def test_an_actor_is_a_person_or_one_of_ours(actor: ActorId) -> None:
    assert f"{actor.user}@{actor.team}" == actor
    assert actor.is_person == (actor.team != "towpath")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(text=st.text(max_size=30))
def test_reading_is_to_be_or_to_be_refused(kind: type[Name], text: str) -> None:
    try:
        name = kind.read(text)
    except BadName:
        return
    assert kind.read(str(name)) == name


@pytest.mark.parametrize(
    "image",
    ["registry.example/checkout", "localhost/x", "localhost:5000/x", "r.example:443/a/b__c/d-e--f.g", "host:1/x", "10.0.0.4/x"],
)
def test_an_image_has_a_host_a_path_and_a_digest(image: str) -> None:
    found = OutputRef.read(f"{image}@sha256:{'a' * 64}")
    assert (found.image, found.digest, found.short) == (image, f"sha256:{'a' * 64}", f"{image}@{'a' * 12}")


@pytest.mark.parametrize(
    "image",
    [
        "checkout", "library/nginx", "Registry.example/x", "r.example/X", "r.example/x:v1", "r.example//x", "r.example/x/", "r.example/a..b", "r.example/-x",
        "r..example/x", "-r.example/x", "r.example:0/x", "r.example:99999999/x", "[::1]:5000/x", "https://r.example/x", "u@r.example/x", "r.example/x\n", "",
        "r.example/" + "x" * 250,
    ],
)  # fmt: skip
def test_nothing_else_is_one(image: str) -> None:
    with pytest.raises(BadName):
        OutputRef.read(f"{image}@sha256:{'a' * 64}")
