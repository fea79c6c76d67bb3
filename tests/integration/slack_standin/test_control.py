"""The control API: who may use it, what people cannot do, what each person sees, and what survives a restart."""

import asyncio
import sys
from pathlib import Path

import aiohttp
import pytest
import yaml

from demo.slack.client import Workspace
from demo.slack.server import build
from demo.slack.shapes import CannotDo
from demo.slack.workspace import BadWorkspace, read

from .stands import ANA, APP_TOKEN, BOT_TOKEN, DEPLOYS, SIGNING_SECRET, document, served, web_client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_other_sites_are_refused(ws: Workspace, headers: dict[str, str], status: int) -> None:
    root = ws.api_url.removesuffix("/api/")
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{root}/_/workspace", headers=headers) as answer:
            assert answer.status == status
        async with http.post(f"{root}/_/people/{ANA}/say", data='{"channel":"C0DEPLOYS","text":"x"}') as answer:
            assert answer.status == 415


async def test_no_secret_is_told(ws: Workspace) -> None:
    root = ws.api_url.removesuffix("/api/")
    await web_client(ws).chat_postMessage(channel=DEPLOYS, text="x")
    async with aiohttp.ClientSession() as http:
        for path in ("_/workspace", "_/events", f"_/channels/{DEPLOYS}?as={ANA}"):
            async with http.get(f"{root}/{path}") as answer:
                text = await answer.text()
            assert not [word for word in (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET) if word in text]


async def test_the_page_has_a_strict_policy(ws: Workspace) -> None:
    root = ws.api_url.removesuffix("/api/")
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{root}/") as answer:
            policy = answer.headers["Content-Security-Policy"]
            text = await answer.text()
        async with http.get(f"{root}/page/..%2fserver.py") as answer:
            assert answer.status == 404
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert '<script type="module" src="/page/' in text


async def test_what_people_cannot_do(ws: Workspace) -> None:
    with pytest.raises(CannotDo, match="not_in_channel"):
        await ws.person("mia").say("quiet", "x")
    with pytest.raises(CannotDo, match="not a valid command"):
        await ws.person("stranger").command("shared", "/towpath", "status")
    with pytest.raises(CannotDo, match="is_bot"):
        await ws.person("towpath").say("deploys", "x")
    said = await ws.person("ana").say("deploys", "mine")
    with pytest.raises(CannotDo, match="not_own_message"):
        await ws.person("ben").edit(said, "yours")
    with pytest.raises(CannotDo, match="user_not_found"):
        ws.person("nobody")
    await ws.deactivate("ana")
    with pytest.raises(CannotDo, match="account_inactive"):
        await ws.person("ana").say("deploys", "still here")


async def test_typed_text_is_escaped_and_mentions_are_made(ws: Workspace) -> None:
    typed = "@ben <@U0MIA> & @ml-leads: see https://x.example/a?b=1&c, @nobody #quiet"
    people, rest = "<@U0BEN> &lt;@U0MIA&gt; &amp; <!subteam^S0LEADS>", "@nobody <#C0QUIET>"
    said = await ws.person("ana").say("deploys", typed)
    assert said.text == f"{people}: see <https://x.example/a?b=1&amp;c>, {rest}"
    assert "@Ben Okoro <@U0MIA> & @ml-leads" in await ws.person("ben").read("deploys")


async def test_reading_a_channel(ws: Workspace) -> None:
    ana, ben = ws.person("ana"), ws.person("ben")
    root = await ana.say("deploys", "shall we?")
    await ben.reply(root, "yes")
    await ana.edit(root, "shall we ship?")
    await web_client(ws).chat_postEphemeral(channel=DEPLOYS, user=ben.id, text="for Ben only")
    look = await ana.look("deploys")
    assert look["messages"][0]["reply_count"] == 1
    assert look["threads"][root.ts][0]["text"] == "yes"
    assert await ana.read("deploys") == "Ana Lima (edited):\n  shall we ship?\n    Ben Okoro:\n      yes"
    assert "Towpath (only visible to you):\n  for Ben only" in await ben.read("deploys")
    with pytest.raises(CannotDo):
        await ws.person("mia").look("quiet")


async def test_each_page_is_told_only_its_own(ws: Workspace) -> None:
    await web_client(ws).chat_postEphemeral(channel=DEPLOYS, user="U0BEN", text="for Ben only")
    kinds = {who: [row["kind"] for row in (await ws.get("events", **{"as": who}))["events"]] for who in (ANA, "U0BEN")}
    assert kinds == {ANA: [], "U0BEN": ["ephemeral"]}


async def test_direct_messages_are_private(ws: Workspace) -> None:
    await web_client(ws).chat_postMessage(channel="U0BEN", text="between us")
    kinds = {who: [row["kind"] for row in (await ws.get("events", **{"as": who}))["events"]] for who in (ANA, "U0BEN")}
    assert kinds == {ANA: [], "U0BEN": ["message"]}


async def test_the_stream_tells_at_once(ws: Workspace) -> None:
    root = ws.api_url.removesuffix("/api/")
    async with aiohttp.ClientSession() as http, http.get(f"{root}/_/stream?as={ANA}") as stream:
        await ws.person("ben").say("deploys", "news")
        async with asyncio.timeout(5):
            async for line in stream.content:
                if b"news" in line:
                    break
    assert stream.content_type == "text/event-stream"


async def test_conversation_survives_a_restart(tmp_path: Path) -> None:
    async with served(build(read(document()), tmp_path)) as url, Workspace.at(url) as ws:
        root = await ws.person("ana").say("deploys", "before")
        await ws.person("ben").reply(root, "reply")
        await ws.change_group("ml-leads", add=["ana"])
        await ws.configure(events_url="http://127.0.0.1:1/in")
    async with served(build(read(document()), tmp_path)) as url, Workspace.at(url) as ws:
        assert "before" in await ws.person("ana").read("deploys")
        assert "reply" in await ws.person("ana").read("deploys")
        assert ANA in ws.about["groups"][0]["users"]
        again = await ws.person("ana").say("deploys", "after")
        assert again.ts > root.ts
    kept = (tmp_path / "conversation.json").read_text(encoding="utf-8")
    assert BOT_TOKEN not in kept
    assert SIGNING_SECRET not in kept


async def test_as_a_process(tmp_path: Path) -> None:
    file = tmp_path / "workspace.yaml"
    file.write_text(yaml.safe_dump(document()), encoding="utf-8")
    line = [sys.executable, "-m", "demo.slack", "--port", "0", "--workspace", str(file)]
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().rsplit(" ", 1)[1].strip()
        async with Workspace.at(url) as ws:
            assert (await web_client(ws).auth_test())["team"] == "Canal Works"
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"users": None}, "users is missing"),
        ({"channels": [{"id": "C1", "members": ["U1"]}]}, "unknown users"),
        ({"app": {"id": "A1"}}, "app: "),
        ({"team": {"id": "T1", "colour": "red"}}, "unknown"),
    ],
)
def test_a_bad_workspace_says_where(change: dict[str, object], words: str) -> None:
    with pytest.raises(BadWorkspace, match=words):
        read({**document(), **change})
