"""Images at a registration: several in one sentence, each by its digest, and a clear word for each that is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.grammar import NotUnderstood, Sentence, read, write
from workers.contract import requests as ask
from workers.contract.names import ArtifactName, OutputRef, RefName, Version
from workers.contract.promotion import Kind

from .known import KNOWN

A, B = "@sha256:" + "a" * 64, "@sha256:" + "b" * 64
SHOP = OutputRef.read(f"registry.example/shop/checkout{A}")
SIDE = OutputRef.read(f"localhost:5000/side{B}")
V2 = Version.read("v2.0.0")
CHECKOUT = ArtifactName.read("checkout")


@pytest.mark.parametrize(
    "text",
    [
        f"register checkout v2.0.0 image {SHOP} image {SIDE}",
        f"register checkout v2.0.0 {SHOP} {SIDE}",
        f"register {SHOP} checkout image {SIDE} v2.0.0.",
        f"register checkout v2.0.0 image `{SHOP}` image {SIDE}.",
        f"register checkout v2.0.0 image <http://registry.example/shop/checkout|registry.example/shop/checkout>{A} {SIDE}",
        f"register checkout v2.0.0 image <http://registry.example/shop/checkout>{A} {SIDE}",
    ],
)
def test_images_stand_anywhere_with_or_without_their_word(text: str) -> None:
    sentence = read(text, KNOWN)
    assert isinstance(sentence, Sentence), sentence
    assert isinstance(sentence.request, ask.Register)
    assert replace(sentence.request, outputs=tuple(sorted(sentence.request.outputs))) == ask.Register(CHECKOUT, V2, outputs=(SIDE, SHOP))


def test_a_button_carries_them_all() -> None:
    request = ask.Register(CHECKOUT, V2, Kind.SERVICE, RefName.read("main"), (SHOP, SIDE))
    sentence = read(write(request), KNOWN)
    assert isinstance(sentence, Sentence)
    assert sentence.request == request


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("image registry.example/checkout:v2", "a tag can be moved"),
        ("registry.example/checkout:v2", "a tag can be moved"),
        ("image registry.example/checkout", "a tag can be moved"),
        (f"image checkout{A}", "begins with the registry's host"),
        (f"registry.example/checkout:v2{A}", "without a tag"),
        (f"image registry.example/Checkout{A}", "small letters"),
        (f"image registry.example/checkout{A}a", "64 digits"),
        ("image", "After “image” there is nothing."),
        (f"image {SHOP} {SHOP}", "the same image twice"),
        (" ".join(f"registry.example/c{n}{A}" for n in range(11)), "more than 10 images"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason_and_one_that_works(image: str, why: str) -> None:
    found = read(f"register checkout v2.0.0 {image}", KNOWN)
    assert isinstance(found, NotUnderstood), found
    assert why in found.reasons[0]
    assert "image" in found.reasons[0]


def test_an_artifact_that_is_called_image_is_quoted() -> None:
    assert isinstance(read("register image v2.0.0", KNOWN), NotUnderstood)
    sentence = read('register "image" v2.0.0', KNOWN)
    assert isinstance(sentence, Sentence)
    assert sentence.request == ask.Register(ArtifactName.read("image"), V2)


@pytest.mark.parametrize("verb", ["deprecate", "undeprecate"])
def test_taking_a_version_out_of_use_needs_a_reason_and_names_no_place(verb: str) -> None:
    for text, why in ((f"{verb} biopsy v3", "no reason"), (f"{verb} biopsy v3 in prod because it is old", "“in”")):
        found = read(text, KNOWN)
        assert isinstance(found, NotUnderstood), found
        assert why in found.reasons[0]
