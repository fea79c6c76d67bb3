"""The picture of drift: the same bytes for the same report, small, for every report that there can be, and told in words as well."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace

import pytest
from PIL import Image

from tests.unit.views.drifts import AREA, HIGHER, RADIUS, SCANNER, report
from workers.contract.drift import Bars, ColumnDrift, DriftReport, Level
from workers.effects import picture

MANY = tuple(replace(AREA, column=f"a_rather_long_name_{n}", psi=str(0.5 / (n + 1))) for n in range(20))
FULL = Bars(
    "a_rather_long_name_0", tuple(f"{n}.25 to {n + 1}.25" for n in range(25)), ("0.04",) * 25, tuple(f"{n / 300:.4f}" for n in range(25))
)


def drawn(one: DriftReport) -> Image.Image:
    png = picture.draw(one)
    assert png is not None and len(png) < 60_000
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (800, 1000) and image.format == "PNG"
        return image.convert("RGB")


@pytest.mark.parametrize(
    "one",
    [
        report(),
        report(columns=MANY, bars=(FULL,)),
        report(columns=(AREA,), bars=()),
        report(columns=(replace(AREA, psi="93.4"), RADIUS), alert="0.25"),
        report(columns=(replace(AREA, psi="0"),), bars=(Bars("mean_area", ("a",), ("0",), ("0",)),)),
        report(columns=(replace(AREA, column="$\\frac{x}{", verdict=Level.BROKEN), replace(SCANNER, column="面積 \u202e\n\t" * 9)), warning=None, alert=None),
    ],
    ids=["usual", "many", "one", "far", "nothing", "odd names"],
)  # fmt: skip
def test_every_report_has_a_picture(one: DriftReport) -> None:
    image = drawn(one)
    colours = image.getcolors(256)
    assert colours and len(colours) > 3
    assert picture.draw(one) == picture.draw(one)


def test_another_process_draws_the_same() -> None:
    code = "import sys; sys.path.insert(0, '.'); from tests.unit.effects import test_picture as t; sys.stdout.buffer.write(t.picture.draw(t.report()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == picture.draw(report())


def test_the_levels_of_the_policy_are_drawn() -> None:
    assert picture.draw(report(alert="0.25")) != picture.draw(report(alert="0.3"))


def test_without_a_number_there_is_no_picture() -> None:
    bare = report(columns=(ColumnDrift("id", "other", Level.NONE),))
    assert picture.draw(bare) is None and picture.draw(report(columns=())) is None
    assert picture.words(bare) == ""


def test_the_words_say_what_the_picture_shows() -> None:
    assert picture.words(report()) == (
        "Bars of PSI, biopsy v3.0.0 in prod: mean_area 0.41 alert, scanner 0.12 warning, mean_radius 0.02; warning from 0.1, alert from 0.25. "
        "Below, shares of mean_area, reference then live: below 400 33 % then 10 %, 400 to 800 33 % then 20 %, above 800 34 % then 70 %."
    )
    assert "Below" not in picture.words(report(bars=()))


def test_of_many_bins_those_are_drawn_that_differ_most() -> None:
    words = picture.words(report(columns=MANY, bars=(FULL,)))
    assert "0.25 to 1.25" in words and "24.25 to 25.25" in words and "12.25 to 13.25" not in words
    assert len(words) <= 1900


def test_the_bars_are_of_the_worst_column_that_has_some() -> None:
    other = Bars("mean_radius", ("x",), ("1",), ("1",))
    assert "shares of mean_area" in picture.words(report(bars=(other, HIGHER)))


def test_nobody_pays_for_it_who_draws_nothing() -> None:
    """The tasks of all lanes are one module: importing them imports no matplotlib."""
    code = "import sys, workers.app.doors; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr[-500:]


def test_it_can_be_warmed() -> None:
    picture.warm()
