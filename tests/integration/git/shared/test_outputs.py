"""Images in the message of a version's tag: strictly read, and part of the digest."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from workers.adapters.git import GitSource
from workers.adapters.git.outputs import outputs_of
from workers.contract.names import ArtifactName, CommitId, OutputRef, Version
from workers.contract.promotion import RegisteredVersion
from workers.ports.errors import BadContent

from .people import People, biopsy

CHECKOUT, BIOPSY, V1 = ArtifactName.read("checkout"), ArtifactName.read("biopsy"), Version.read("v1.0.0")
ONE, OTHER = (OutputRef.read(f"registry.example/{name}@sha256:{digit * 64}") for name, digit in (("shop/checkout", "b"), ("a", "a")))
DECLARED = "kind: service\nname: checkout\n"


def looked(source: GitSource, commit: CommitId, *outputs: OutputRef, name: ArtifactName = CHECKOUT) -> RegisteredVersion:
    source.fetch()
    return source.inspect(name, V1, commit, None, outputs)


def tag_object(message: str) -> bytes:
    return b"object x\ntype commit\ntag y\ntagger z\n\n" + message.encode()


def test_a_service_of_nothing_but_an_image_has_a_digest_of_both(source: GitSource, people: People) -> None:
    commit = people.commit({"services/checkout/artifact.yaml": DECLARED})
    version = looked(source, commit, ONE, OTHER)
    file = f"{hashlib.sha256(DECLARED.encode()).hexdigest()} {len(DECLARED)} artifact.yaml\n"
    images = f"{'a' * 64} - image registry.example/a\n{'b' * 64} - image registry.example/shop/checkout\n"
    assert version.digest == "sha256:" + hashlib.sha256((file + images).encode()).hexdigest()
    assert version.outputs == (OTHER, ONE)
    assert looked(source, commit).digest == "sha256:" + hashlib.sha256(file.encode()).hexdigest()
    with source.materialised(version) as files:
        assert list(files) == ["artifact.yaml"]
    for wrong in ((), (ONE,), (OTHER, ONE, ONE)):
        lent = source.materialised(replace(version, outputs=wrong))
        with pytest.raises(BadContent, match="not those that were registered"), lent:
            pass


def test_the_tag_names_them_for_a_pipeline(source: GitSource, people: People) -> None:
    commit = people.commit({"services/checkout/artifact.yaml": DECLARED})
    message = f"Checkout 1\n\nBuilt by CI.\nOutput: image {ONE}\nOutput: image {OTHER}\nReviewed-by: Lea"
    people.tag("checkout@v1.0.0", commit, "-a", "-m", message)
    version = looked(source, commit)
    assert version.outputs == (OTHER, ONE)
    assert version.tag is not None
    assert looked(source, commit, ONE, OTHER) == version
    with pytest.raises(BadContent, match="names other images"):
        looked(source, commit, ONE)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Output: image registry.example/checkout:v1", "a tag can be moved"),
        (f"Output: image checkout@{ONE.digest}", "begins with the registry's host"),
        (f"Output: {ONE}", "The form is"),
        (f"output: image {ONE}", "The form is"),
        (f" Output: image {ONE}", "The form is"),
        (f"Outputs: image {ONE}", "The form is"),
        (f"Output: image {ONE} {OTHER}", "The form is"),
        ("Output:", "The form is"),
        (f"Output: image {ONE}\nOutput: image {ONE}", "names an image twice"),
    ],
)
def test_what_is_no_image_keeps_the_version_out_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(BadContent) as told:
        outputs_of((), tag_object(f"Checkout\n\n{line}\n"))
    assert why in told.value.reasons[0]


def test_every_bad_line_is_told_and_eleven_are_too_many() -> None:
    with pytest.raises(BadContent) as told:
        outputs_of((), tag_object("Output: a\nOutput: b\n"))
    assert len(told.value.reasons) == 2
    with pytest.raises(BadContent, match="at most 10"):
        outputs_of((), tag_object("".join(f"Output: image registry.example/c{n}@{ONE.digest}\n" for n in range(11))))


def test_a_signature_is_no_part_of_the_message() -> None:
    signed = f"Checkout\n\nOutput: image {ONE}\n-----BEGIN SSH SIGNATURE-----\nOutput: nonsense\n-----END SSH SIGNATURE-----\n"
    assert outputs_of((), tag_object(signed)) == (ONE,)
    assert outputs_of((), tag_object("The output is good.\n")) == ()
    assert outputs_of((OTHER,), b"") == (OTHER,)


def test_a_model_keeps_the_digest_that_it_has_always_had(source: GitSource, people: People) -> None:
    commit = people.commit(biopsy())
    version = looked(source, commit, name=BIOPSY)
    file = hashlib.sha256(b"\0onnx").hexdigest()
    assert version.digest == "sha256:" + hashlib.sha256(f"{file} 5 model.onnx\n".encode()).hexdigest()
