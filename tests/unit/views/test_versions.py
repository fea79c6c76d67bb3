"""Images and deprecation wherever a version is shown."""

from __future__ import annotations

from dataclasses import replace

from bot.views import answer, card
from bot.views.forms import details
from workers.contract import outcomes as out
from workers.contract.names import ArtifactName, OutputRef
from workers.contract.promotion import Change, Deprecated

from .checks import check_post, whole
from .samples import COMMIT, IMAGE, LEA, NAMES, TIME, Pages, moved, placed, promotion, registered

BUILT = replace(registered(), outputs=(IMAGE,))
GONE = replace(BUILT, deprecated=Deprecated(LEA, TIME, "its labels <!channel> were *wrong*"))
SHORT = "`registry.example/team/bi__opsy@abababababab`"


def test_a_registration_shows_its_images() -> None:
    post = answer(out.Registered(BUILT, COMMIT, {"prod": ()}), Pages(), NAMES)
    check_post(post)
    assert f", 1 file, image {SHORT}." in whole(post)
    assert "prod: nothing stops it" in whole(post)


def test_versions_show_their_images_and_who_deprecated_them_and_why() -> None:
    post = answer(out.Versions(ArtifactName("biopsy"), (GONE, registered("v2.0.0")), {}, 2), Pages(), NAMES)
    check_post(post)
    text = whole(post)
    assert SHORT in text
    assert "*deprecated* by Léa" in text
    assert "its labels &lt;!channel&gt; were ∗wrong∗" in text
    assert post.text.count("*deprecated*") == 1


def test_registering_a_deprecated_version_again_says_so() -> None:
    post = answer(out.Registered(GONE), Pages(), NAMES)
    check_post(post)
    assert "*deprecated* by Léa" in whole(post)


def test_the_card_shows_which_image_comes_for_which_and_the_details_show_it_in_full() -> None:
    one = promotion(
        to=replace(placed("v3.0.0"), outputs=(IMAGE,)), changes=(Change(f"image {IMAGE.image}", "111111111111", IMAGE.digest.short),)
    )
    post = card(moved(one), Pages(), NAMES)
    check_post(post)
    assert f"*Goes live:* biopsy v3.0.0, digest `{one.to.digest.short}`, image {SHORT}" in whole(post)
    assert "111111111111 → abababababab" in whole(post)
    assert str(IMAGE) in str(details(moved(one), NAMES))


def test_ten_long_images_still_fit() -> None:
    many = tuple(OutputRef.read(f"{'a' * 60}.example/{'b' * 150}{n}@sha256:{'c' * 64}") for n in range(10))
    one = promotion(to=replace(placed("v3.0.0"), outputs=many))
    check_post(card(moved(one), Pages(), NAMES))
    shown = answer(out.Registered(replace(registered(), outputs=many)), Pages(), NAMES)
    check_post(shown)
    assert "(7 more)" in whole(shown)
    for block in details(moved(one), NAMES)["blocks"]:
        assert len(str(block.get("text", {}).get("text", ""))) <= 3_000
