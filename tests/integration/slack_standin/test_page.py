"""The page in a real browser: what people see and press, live, and that no text of anybody becomes HTML."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from demo.slack.client import Workspace

from .stands import DEPLOYS, MIA, bolt, bolt_served, button, section, web_client
from .test_bolt_over_http import MODAL

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EVIL = "<img src=x onerror=window.hacked=1> <script>window.hacked=1</script>"
Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browse(ws: Workspace) -> AsyncIterator[Open]:
    """Opens the page as somebody; the test fails if any page wrote an error to its console."""
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM if CHROMIUM.exists() else None, args=QUIET)

        async def open_page(who: str, width: int = 1200) -> Page:
            page = await browser.new_page(viewport={"width": width, "height": 800})
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
            await page.goto(ws.api_url.removesuffix("api/") + f"?as={who}&in=deploys")
            await expect(page.get_by_role("heading", name="# deploys")).to_be_visible()
            return page

        yield open_page
        await browser.close()
    assert problems == []


async def test_two_people_and_an_approval(ws: Workspace, browse: Open) -> None:
    app, heard = bolt(ws), []
    app.event("message")(_nothing)

    @app.command("/towpath")
    async def towpath(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"Got it: {command['text']}")
        plain = {"type": "plain_text", "text": "Sure?"}
        asked = {"title": plain, "text": plain, "confirm": {**plain, "text": "Yes, go"}, "deny": plain}
        buttons = [button("Approve", "approve", confirm=asked), button("Reject", "reject")]
        blocks = [section("*Promote fraud v3*"), {"type": "actions", "elements": buttons}]
        await app.client.chat_postMessage(channel=DEPLOYS, text="card", blocks=blocks)

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        heard.append(body["user"]["id"])
        await respond(text="Approved", blocks=[section("Approved by *Mia*")], replace_original=True)

    async with bolt_served(ws, app):
        ana, mia = await browse("ana"), await browse("mia")
        await ana.get_by_label("Message #deploys").fill("/towpath promote fraud v3 to prod")
        await ana.keyboard.press("Enter")
        await expect(ana.get_by_text("Got it: promote fraud v3 to prod")).to_be_visible()
        await expect(ana.get_by_text("Only visible to you")).to_be_visible()
        await mia.get_by_role("button", name="Approve").click()
        await mia.get_by_role("button", name="Yes, go").click()
        await expect(ana.get_by_text("Approved by Mia")).to_be_visible()
        await expect(ana.get_by_text("(edited)")).to_be_visible()
        await expect(mia.get_by_text("Got it")).to_have_count(0)
    assert heard == [MIA]


async def _nothing() -> None:
    """An event nobody acts on."""


async def test_who_says_yes_after_the_message_was_edited_is_heard_all_the_same(ws: Workspace, browse: Open) -> None:
    app, heard = bolt(ws), []
    plain = {"type": "plain_text", "text": "Sure?"}
    asked = {"title": plain, "text": plain, "confirm": {**plain, "text": "Yes, go"}, "deny": plain}

    def blocks(text: str) -> list[dict[str, Any]]:
        return [section(text), {"type": "actions", "elements": [button("Approve", "approve", confirm=asked)]}]

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body["user"]["id"])

    async with bolt_served(ws, app):
        posted = await app.client.chat_postMessage(channel=DEPLOYS, text="card", blocks=blocks("*Promote fraud v3*"))
        mia = await browse("mia")
        await mia.get_by_role("button", name="Approve").click()
        yes = mia.get_by_role("button", name="Yes, go")
        await expect(yes).to_be_visible()
        await app.client.chat_update(channel=DEPLOYS, ts=posted["ts"], text="card", blocks=blocks("*Promote fraud v3*, record 13"))
        await expect(mia.get_by_text("record 13")).to_have_count(1)
        async with mia.expect_response(lambda answer: answer.url.endswith("/click")) as told:
            await yes.click()
        assert (await told.value).ok
    assert heard == [MIA]


async def test_modal_with_errors(ws: Workspace, browse: Open) -> None:
    app = bolt(ws)

    @app.action("reject")
    async def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reject")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        said = view["state"]["values"]["reason"]["text"]["value"]
        await (ack() if len(said) > 5 else ack(response_action="errors", errors={"reason": "Say more"}))

    async with bolt_served(ws, app):
        blocks = [{"type": "actions", "elements": [button("Reject", "reject")]}]
        await app.client.chat_postMessage(channel=DEPLOYS, text="card", blocks=blocks)
        page = await browse("mia")
        await page.get_by_role("button", name="Reject").click()
        dialog = page.get_by_role("dialog", name="Reject P-1")
        await expect(dialog.get_by_label("Reason")).to_be_focused()
        await dialog.get_by_role("button", name="Reject").click()
        await expect(dialog.get_by_text("Please fill this in")).to_be_visible()
        await dialog.get_by_label("Reason").fill("no")
        await dialog.get_by_role("button", name="Reject").click()
        await expect(dialog.get_by_text("Say more")).to_be_visible()
        await dialog.get_by_label("Reason").fill("metrics are worse")
        await dialog.get_by_role("button", name="Reject").click()
        await expect(dialog).to_have_count(0)


async def test_text_never_becomes_html(ws: Workspace, browse: Open) -> None:
    link = {"type": "mrkdwn", "text": "<javascript:alert(1)|press me> <https://x.example|*ok*>"}
    blocks: list[dict[str, Any]] = [
        section(EVIL, fields=[link]),
        {"type": "header", "text": {"type": "plain_text", "text": EVIL[:150]}},
        {"type": "markdown", "text": EVIL + " [x](javascript:alert(1))"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": EVIL}]]},
        {"type": "actions", "elements": [button("<b>bold</b>", "b")]},
    ]
    await web_client(ws).chat_postMessage(channel=DEPLOYS, text=EVIL, blocks=blocks)
    await ws.person("ben").say("deploys", EVIL)
    await ws.change_user("ben", real_name=EVIL)
    page = await browse("ana")
    await expect(page.get_by_text("onerror=window.hacked=1").first).to_be_visible()
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("#messages img, #messages script, #messages b").count() == 0
    assert await page.locator("a[href^='javascript']").count() == 0


async def test_thread_on_a_narrow_screen(ws: Workspace, browse: Open) -> None:
    root = await ws.person("ben").say("deploys", "shall we?")
    await ws.person("ana").reply(root, "yes")
    page = await browse("mia", width=360)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("complementary", name="Thread")
    await thread.get_by_label("Reply…").fill("/towpath approve")
    await expect(thread.get_by_text("Slash commands are not supported in threads")).to_be_visible()
    await expect(thread.get_by_role("button", name="Send")).to_be_disabled()
    await thread.get_by_label("Reply…").fill("@towpath approve")
    await thread.get_by_role("button", name="Send").click()
    await ws.until(lambda seen: seen.message("@Towpath approve", thread=root.ts))
    await expect(thread.get_by_text("2 replies")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Channels and people").click()
    await page.get_by_role("button", name="Ana Lima").click()
    await expect(page.get_by_text("You are Ana Lima, data scientist")).to_be_visible()
