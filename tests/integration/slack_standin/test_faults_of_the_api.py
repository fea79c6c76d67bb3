"""Ordered trouble of the Web API and of response URLs."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from demo.slack.client import Workspace

from .stands import ANA, BOT_TOKEN, DEPLOYS, button, endpoint, web_client
from .test_deliveries import Inbox


async def test_rate_limit_then_well(ws: Workspace, slack: AsyncWebClient) -> None:
    await ws.faults.rate_limit("chat.postMessage", retry_after=7, times=1)
    with pytest.raises(SlackApiError) as refused:
        await slack.chat_postMessage(channel=DEPLOYS, text="x")
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "7"
    assert refused.value.response["error"] == "ratelimited"
    assert (await slack.chat_postMessage(channel=DEPLOYS, text="x"))["ok"]
    assert len((await ws.seen()).messages("x")) == 1


async def test_server_error_and_error_code(ws: Workspace, slack: AsyncWebClient) -> None:
    await ws.faults.server_error("*", status=502)
    with pytest.raises(SlackApiError) as refused:
        await slack.users_info(user=ANA)
    assert refused.value.response.status_code == 502
    await ws.faults.error("users.info", "fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await slack.users_info(user=ANA)


async def test_dropped_answer_has_its_effect(ws: Workspace) -> None:
    await ws.faults.drop_answer("chat.postMessage")
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.post(ws.api_url + "chat.postMessage", data={"channel": DEPLOYS, "text": "posted anyway"})
    assert (await ws.seen()).message("posted anyway")


async def test_delay_holds_only_that_method(ws: Workspace, slack: AsyncWebClient) -> None:
    await ws.faults.delay("chat.postMessage", by=5)
    slow = asyncio.create_task(slack.chat_postMessage(channel=DEPLOYS, text="late"))
    assert (await slack.auth_test())["ok"]
    assert not slow.done()
    slow.cancel()


async def test_messages_to_one_channel_too_soon(ws: Workspace, slack: AsyncWebClient) -> None:
    await ws.timing(message_gap=600)
    await slack.chat_postMessage(channel=DEPLOYS, text="one")
    await slack.chat_postMessage(channel="C0SHARED", text="elsewhere")
    with pytest.raises(SlackApiError) as refused:
        await slack.chat_postMessage(channel=DEPLOYS, text="two")
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "1")


async def hook_of(ws: Workspace, inbox: Inbox, act: Any) -> str:
    await act
    last = (await ws.seen()).deliveries()[-1]
    return str(last["payload"]["response_url"])


async def test_response_url_five_times(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox), aiohttp.ClientSession() as http:
        url = await hook_of(ws, inbox, ws.person("ana").command("quiet", "/towpath", "status"))
        for n in range(5):
            async with http.post(url, json={"text": f"answer {n}"}) as answer:
                assert (answer.status, await answer.text()) == (200, "ok")
        async with http.post(url, json={"text": "one too many"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "used_url")
    assert len((await ws.seen()).ephemerals("answer", to=ANA)) == 5, "also where the app is not a member"


async def test_response_url_expires_and_checks_what_it_gets(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox), aiohttp.ClientSession() as http:
        url = await hook_of(ws, inbox, ws.person("ana").command("deploys", "/towpath", "status"))
        async with http.post(url, json={"blocks": [{"type": "hologram"}]}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (400, "invalid_blocks")
        await ws.timing(response_url_life=0)
        async with http.post(url, json={"text": "late"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "expired_url")


async def test_ephemeral_original_is_replaced_unless_told_otherwise(ws: Workspace) -> None:
    inbox = Inbox()
    blocks = [{"type": "actions", "elements": [button("Run", "run")]}]
    await web_client(ws).chat_postEphemeral(channel=DEPLOYS, user=ANA, text="hint", blocks=blocks)
    hint = await ws.until(lambda seen: seen.ephemeral("[Run]"))
    async with endpoint(ws, inbox), aiohttp.ClientSession() as http:
        url = await hook_of(ws, inbox, ws.person("ana").click(hint, "Run"))
        await http.post(url, json={"text": "another", "replace_original": False})
        await http.post(url, json={"text": "instead"})
    seen = await ws.seen()
    assert [row.text for row in seen.ephemerals(to=ANA)] == ["instead", "another"]
    assert seen.ephemerals("instead")[0].ts == hint.ts


async def test_trigger_is_used_once_and_expires(ws: Workspace, slack: AsyncWebClient) -> None:
    inbox = Inbox()
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [{"type": "divider"}]}
    async with endpoint(ws, inbox):
        await ws.person("ana").command("deploys", "/towpath", "one")
        trigger = (await ws.seen()).deliveries("command")[-1]["payload"]["trigger_id"]
        await slack.views_open(trigger_id=trigger, view=view)
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            await slack.views_open(trigger_id=trigger, view=view)
        await ws.timing(trigger_life=0)
        await ws.person("ana").command("deploys", "/towpath", "two")
        trigger = (await ws.seen()).deliveries("command")[-1]["payload"]["trigger_id"]
        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            await slack.views_open(trigger_id=trigger, view=view)
