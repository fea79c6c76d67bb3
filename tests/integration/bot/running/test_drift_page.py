"""The page of a drift report: for who holds a link that we signed, every kept number in it, inert whatever a file holds, readable on a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from bot.links import Links, Verdict
from tests.unit.views.drifts import AREA, SNOOZED, earlier, report
from workers.contract import lanes, wire
from workers.contract.drift import Bars, DriftReport, DriftWatch, Watching
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId

from .stage import COMMIT, Stage, stage, until
from .test_pages import HOSTILE, get, links

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PROD, BIOPSY, NESTED = EnvironmentName("prod"), ArtifactName("biopsy"), ArtifactName("vision/lesions")


async def published(here: Stage, found: DriftReport | None, artifact: ArtifactName = BIOPSY) -> None:
    """A lane's document, as the workers publish it."""
    watch = DriftWatch(artifact, PROD, found, earlier() if found else None, 2, found.at if found else None, SNOOZED)
    await here.redis.set(lanes.document(f"drift:{PROD}:{artifact}"), wire.canonical(Watching(watch, COMMIT)).decode())
    await here.redis.set(lanes.document("head"), COMMIT)


async def test_a_signed_link_shows_the_whole_report(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await published(here, report())
        status, text, headers = await get(links(here).drift(PROD, BIOPSY))
        assert status == 200
        for part in (
            "Alert: biopsy v3.0.0 in prod", "12,345 rows", "426 rows", "2 of 30 features", "mean_area", "0.412 alert", "warning from 0.1",
            "alert from 0.25", "live rows lie higher", "400 to 800", "33.0%", "0.00001", "estimated", "malignant (prediction)",
            "git log towpath -- drift/prod/biopsy.yaml", report().digest, f"https://github.com/org/repo/commit/{COMMIT}", "parquet biopsy/",
            "2 in a row", "snoozed by", "Warning", "2026-11-22 08:00:00 UTC",
        ):  # fmt: skip
            assert part in text, part
        assert headers["Referrer-Policy"] == "no-referrer" and "unsafe" not in headers["Content-Security-Policy"]
        assert "style=" not in text and "<script" not in text


async def test_nothing_that_a_file_holds_is_live(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        column = replace(AREA, column=HOSTILE, notes=(HOSTILE,), ks=HOSTILE, psi="inf")
        bad = replace(
            report(), text=HOSTILE, columns=(column,), prediction=column, bars=(Bars(HOSTILE, (HOSTILE,), ("nan",), (HOSTILE,)),),
            problems=(HOSTILE,), source=HOSTILE, approximate=HOSTILE, warning=HOSTILE, alert="-1",
        )  # fmt: skip
        await published(here, bad)
        status, text, _ = await get(links(here).drift(PROD, BIOPSY))
        assert status == 200
        assert "<script>" not in text and "<img" not in text and "\u202e" not in text and "{{ 7*7 }}" in text


async def test_a_name_with_a_folder_has_a_page_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await published(here, replace(report(), artifact=NESTED), NESTED)
        status, text, _ = await get(links(here).drift(PROD, NESTED))
        assert status == 200 and "vision/lesions v3.0.0 in prod" in text


async def test_no_other_link_opens_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await published(here, report())
        ours = links(here)
        other = Links(here.url, "another secret of thirty-two char", None).drift(PROD, BIOPSY)
        audit = ours.audit(PromotionId("P-1")).partition("?")[2]
        for url in (
            other,
            f"{here.url}/drift/prod/biopsy?{audit}",
            ours.drift(EnvironmentName("staging"), BIOPSY).replace("staging", "prod"),
        ):
            status, text, _ = await get(url)
            assert status == 403 and "show drift biopsy in prod" in text and "mean_area" not in text
        assert (await get(f"{here.url}/drift/prod/..%2fetc"))[0] == 404
        token = ours.drift(PROD, BIOPSY).partition("token=")[2]
        assert ours.check_drift(PROD, BIOPSY, token) is Verdict.HOLDS
        assert ours.check(PromotionId("P-1"), token) is Verdict.FORGED


async def test_what_is_not_kept_yet_is_said_and_a_lost_projection_is_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await published(here, None)
        status, text, _ = await get(links(here).drift(PROD, BIOPSY))
        assert status == 404 and "keeps no report of this model yet" in text
        await here.redis.flushall()
        assert (await get(links(here).drift(PROD, BIOPSY)))[0] == 404

        async def asked() -> bool:
            return any(task == lanes.REBUILD for task, _ in await here.tasks("changes"))

        await until(asked)


@pytest.fixture
async def browser() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM if CHROMIUM.exists() else None, args=QUIET)
        yield await chromium.new_page()
        await chromium.close()


async def test_it_fits_a_desk_and_a_phone(tmp_path: Path, browser: Page) -> None:
    problems: list[str] = []
    browser.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    browser.on("pageerror", lambda error: problems.append(str(error)))
    async with stage(tmp_path) as here, here.bot():
        await published(here, report())
        for width in (1200, 390):
            await browser.set_viewport_size({"width": width, "height": 900})
            await browser.goto(links(here).drift(PROD, BIOPSY))
            assert await browser.evaluate("document.documentElement.scrollWidth") <= width
            bars = await browser.locator("svg .bar.bad").first.bounding_box()
            assert bars and bars["width"] > 40
            await browser.screenshot(path=tmp_path / f"drift-{width}.png", full_page=True)
    assert problems == []


async def test_a_torn_document_is_no_page(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.redis.set(lanes.document(f"drift:{PROD}:{BIOPSY}"), '{"watch": 3}')
        assert (await get(links(here).drift(PROD, BIOPSY)))[0] == 404
