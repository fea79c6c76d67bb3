"""The front door: what is Slack's is kept before it is answered, what is not is turned away, and nobody is told what is not so."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.consumer import DEAD
from bot.log import strike_out
from bot.settings import Settings
from bot.signature import Signer
from workers.contract import lanes
from workers.contract.actors import Origin

from .stage import ANA, BOT_USER, DEPLOYS, SECRET, TEAM, Stage, grown, make_keys, promotion, stage, until

COMMAND = {"command": "/towpath", "text": "cancel P-3", "user_id": ANA, "team_id": TEAM, "channel_id": DEPLOYS, "trigger_id": "1.2.3"}


async def send(here: Stage, body: bytes, **headers: str) -> tuple[int, str]:
    """POST a body to the door, well signed unless the headers say otherwise."""
    timestamp = headers.pop("timestamp", str(int(time.time())))
    signature = headers.pop("signature", Signer(SECRET).sign(timestamp, body))
    form = headers.pop("form", "application/x-www-form-urlencoded")
    path = headers.pop("path", "/slack/events")
    sent = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature, "Content-Type": form, **headers}
    async with aiohttp.ClientSession() as http, http.post(here.url + path, data=body, headers=sent) as answer:
        return answer.status, await answer.text()


def command(**changes: str) -> bytes:
    return urlencode({**COMMAND, **changes}).encode()


async def test_only_what_slack_signed_just_now_comes_in(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        old = str(int(time.time()) - 301)
        body = command()
        for wrong in (
            {"signature": "v0=" + "0" * 64},
            {"signature": ""},
            {"signature": "v0=\xe9\xe9"},
            {"signature": Signer("another secret").sign(str(int(time.time())), body)},
            {"timestamp": old},
            {"timestamp": "soon"},
            {"timestamp": ""},
            {"timestamp": "-1"},
            {"timestamp": "1e9"},
            {"timestamp": "\u0661\u0662\u0663", "signature": "v0=1"},
            {"timestamp": "9" * 400},
        ):
            status, _ = await send(here, body, **wrong)
            assert status == 401, wrong
        assert (await send(here, body + b"&x=1", signature=Signer(SECRET).sign(str(int(time.time())), body)))[0] == 401
        assert await here.redis.xlen(lanes.INTAKE) == 0
        assert (await send(here, b"x" * (1024 * 1024 + 1)))[0] == 413
        assert await here.envelopes() == []


async def test_every_path_leads_in(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        for number, path in enumerate(("/slack/events", "/slack/commands", "/slack/interactive")):
            assert await send(here, command(trigger_id=f"1.2.{number}", text=f"cancel P-{number + 1}"), path=path) == (200, "")

        async def all_three() -> bool:
            return len(await here.envelopes("Cancel")) == 3

        await until(all_three)


async def test_address_is_verified(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        assert (await here.ws.verify_events_url()).ok


async def test_same_body_twice_is_one_act(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        assert [await send(here, command()) for _ in range(4)] == [(200, "")] * 4
        await send(here, command(trigger_id="9.9.9", text="cancel P-4"))

        async def both() -> bool:
            return len({envelope.request_id for envelope in await here.envelopes("Cancel")}) == 2

        await until(both)
        assert len(await here.envelopes("Cancel")) == 2
        await send(here, command(trigger_id="8.8.8", text="no such words"))
        await send(here, command(trigger_id="8.8.8", text="no such words"))
        await here.ws.until(lambda seen: seen.ephemeral("no such words", to=ANA))
        await empty(here)
        assert len((await here.ws.seen()).ephemerals("no such words")) == 1


async def test_redelivered_events_are_one_act(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("mia").say_markup("deploys", f"<@{BOT_USER}> cancel P-3")
        await here.envelope("Cancel")
        await here.ws.faults.redeliver(3, kind="event")
        await empty(here)
        assert len(await here.envelopes("Cancel")) == 1


async def test_without_redis_nothing_is_promised(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        here.server.kill()
        begun = time.monotonic()
        ack = await here.ws.person("ana").command("deploys", "/towpath", "promote biopsy v3 to prod")
        assert time.monotonic() - begun < 3.0
        assert ack.status == 200 and "Nothing was changed" in ack.json()["text"] and ack.json()["response_type"] == "ephemeral"
        body = json.dumps({"type": "event_callback", "team_id": TEAM, "event": {"type": "message"}}).encode()
        assert (await send(here, body, form="application/json"))[0] == 503
        click = await here.ws.person("mia").click(card, "Approve")
        assert click.status == 503
        await here.ws.until(lambda seen: seen.ephemeral("Nothing was changed"))
        await here.restart_redis()
        await here.well()
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-3")
        await here.envelope("Cancel")


async def test_a_redis_that_hangs_leaves_it_open(tmp_path: Path) -> None:
    """Who cannot know whether a request was taken does not say that it was not."""
    async with stage(tmp_path) as here, here.bot():
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-3")
        await here.envelope("Cancel")
        os.kill(here.server.pid, signal.SIGSTOP)
        try:
            ack = await here.ws.person("ana").command("deploys", "/towpath", "cancel P-4")
            assert ack.status == 200 and "otherwise nothing was changed" in ack.json()["text"]
        finally:
            os.kill(here.server.pid, signal.SIGCONT)


async def test_flushed_intake_is_made_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        await here.redis.flushall()
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-3")
        await here.envelope("Cancel")


async def test_words_put_into_redis_are_not_slacks(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        now = str(int(time.time()))
        for signature in ("", "v0=" + "1" * 64, Signer("guess").sign(now, command())):
            fields = {"body": command(), "form": "application/x-www-form-urlencoded", "at": now, "signature": signature}
            await here.redis.xadd(lanes.INTAKE, fields)  # type: ignore[arg-type]
        await here.redis.xadd(lanes.INTAKE, {"nonsense": "1"})

        async def laid_aside() -> bool:
            return await here.redis.xlen(DEAD) == 4

        await until(laid_aside)
        assert await here.envelopes() == []


async def test_torn_payloads_stop_nobody(tmp_path: Path) -> None:
    async with stage(tmp_path) as here, here.bot():
        for body in (b"payload=%7Bnot+json", b"payload=[]", b"\xff\xfe\x00", b"payload=" + b"[" * 5000, command(channel_id="")):
            assert (await send(here, body))[0] == 200
        await here.ws.person("ana").command("deploys", "/towpath", "cancel P-5")
        await here.envelope("Cancel")


async def test_what_fails_is_tried_again_elsewhere(tmp_path: Path) -> None:
    """A delivery that a dead bot had taken is done by the next one."""
    async with stage(tmp_path) as here:
        await here.redis.xgroup_create(lanes.INTAKE, "bot", id="0", mkstream=True)
        async with here.bot():
            pass
        now = str(int(time.time()))
        body = command()
        fields: dict[Any, Any] = {"body": body, "form": "application/x-www-form-urlencoded", "at": now}
        await here.redis.xadd(lanes.INTAKE, {**fields, "signature": Signer(SECRET).sign(now, body)})
        await here.redis.xreadgroup("bot", "a bot that died", {lanes.INTAKE: ">"})
        rows: list[Any] = await here.redis.xrange(lanes.INTAKE) or []
        await here.redis.xclaim(lanes.INTAKE, "bot", "a bot that died", 0, [rows[0][0]], idle=60_000)
        async with here.bot():
            await here.envelope("Cancel")
            await empty(here)


async def test_socket_mode_end_to_end(tmp_path: Path) -> None:
    async with stage(tmp_path, socket_mode=True) as here, here.bot(SLACK_APP_TOKEN="xapp-stand-in", SLACK_SIGNING_SECRET=None):
        await here.ws.person("ana").command("deploys", "/towpath", "rollback biopsy in prod")
        await here.envelope("Rollback")
        await here.move(promotion())
        card = await here.ws.until(lambda seen: seen.message("biopsy", by=BOT_USER))
        await here.ws.person("mia").click(card, "Approve")
        assert (await here.envelope("Approve")).conversation.origin is Origin.BUTTON  # type: ignore[union-attr]
        await here.ws.person("mia").say_markup("deploys", f"<@{BOT_USER}> cancel P-3")
        await here.envelope("Cancel")
        await here.ws.disconnect_sockets()
        await here.well()
        await here.ws.person("mia").reply(card, "reject because the card names no limits")
        await here.envelope("Reject")
        assert {row["transport"] for row in (await here.ws.seen()).deliveries()} == {"socket"}
        await here.move(grown(promotion(), "approved"))
        await here.shown([1, 2])


@pytest.mark.parametrize("setting", ["SLACK_BOT_TOKEN", "REDIS_URL", "TOWPATH_KEYS", "TOWPATH_PUBLIC_URL", "SLACK_SIGNING_SECRET"])
async def test_missing_setting_stops_the_start(tmp_path: Path, setting: str) -> None:
    status, said = await start({name: value for name, value in settings(tmp_path).items() if name != setting})
    assert status == 2 and said.startswith(setting) and len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-very-secret"), ("SLACK_APP_TOKEN", "very-secret"), ("REDIS_URL", "http://very-secret"), ("TOWPATH_PORT", "99999"),
        ("TOWPATH_PUBLIC_URL", "ftp://very-secret"), ("TOWPATH_GIT_WEB", "svn very-secret"), ("SLACK_BOT_TOKEN_FILE", "/nowhere/very-secret"),
    ],
)  # fmt: skip
async def test_wrong_setting_is_named_and_not_shown(tmp_path: Path, setting: str, value: str) -> None:
    given = {**settings(tmp_path), setting: value}
    if setting.endswith("_FILE"):
        del given[setting.removesuffix("_FILE")]
    status, said = await start(given)
    assert status == 2 and said.startswith(setting) and "very-secret" not in said


async def test_secrets_may_lie_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings(tmp_path)
    del given["SLACK_BOT_TOKEN"]
    for name, value in {**given, "SLACK_BOT_TOKEN_FILE": str(tmp_path / "token")}.items():
        monkeypatch.setenv(name, value)
    found = Settings.load()
    assert found.slack_bot_token.get_secret_value() == "xoxb-from-a-file"
    assert "from-a-file" not in repr(found)


def test_logs_strike_secrets_out() -> None:
    text = "xoxb-1-2-abc xapp-1-A-2-f redis://:hunter2@host/0 https://hooks.slack.com/commands/T1/2/abc"
    assert not [word for word in ("1-2-abc", "1-A-2", "hunter2", "T1/2") if word in strike_out(text)]


async def test_open_key_is_refused(tmp_path: Path) -> None:
    given = settings(tmp_path)
    (tmp_path / "keys" / "bot").chmod(0o644)
    status, said = await start(given)
    assert status == 2 and "chmod 600" in said


def settings(folder: Path) -> dict[str, str]:
    make_keys(folder / "keys")
    token = folder / "token"
    token.write_text("xoxb-from-a-file\n")
    return {
        "SLACK_BOT_TOKEN": "xoxb-1234", "SLACK_SIGNING_SECRET": "s3cret", "REDIS_URL": "redis://127.0.0.1:1/0", "TOWPATH_KEYS": str(folder / "keys"),
        "TOWPATH_PUBLIC_URL": "https://towpath.example.com", "TOWPATH_PORT": "0",
    }  # fmt: skip


async def start(given: dict[str, str]) -> tuple[int | None, str]:
    """Start the bot with just these settings; its exit status and what it said."""
    env = {"PATH": os.environ["PATH"], **given}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", env=env, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, said.decode()


async def empty(here: Stage) -> None:
    """Wait until the intake holds nothing."""

    async def look() -> bool:
        return await here.redis.xlen(lanes.INTAKE) == 0

    await until(look)
