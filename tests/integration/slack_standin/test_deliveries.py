"""Deliveries: signatures, retries with their headers, timeouts, and the trouble that can be ordered."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from demo.slack.client import NeverHappened, Workspace

from .stands import ANA, BOT, DEPLOYS, QUIET, SIGNING_SECRET, bolt, bolt_served, endpoint

Answer = Callable[[web.Request], Awaitable[web.Response]]


class Inbox:
    """An endpoint that keeps what came and answers with the next status (the last one for ever)."""

    def __init__(self, *statuses: int, headers: dict[str, str] | None = None, text: str = "") -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self._statuses = statuses or (200,)
        self._headers = headers
        self._text = text

    async def __call__(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        status = self._statuses[min(len(self.got), len(self._statuses)) - 1]
        return web.Response(status=status, headers=self._headers, text=self._text)


def signed_by(secret: str, headers: dict[str, str], body: bytes) -> bool:
    base = b"v0:" + headers["X-Slack-Request-Timestamp"].encode() + b":" + body
    wanted = "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, headers["X-Slack-Signature"])


def attempts(count: int) -> Callable[[Any], Any]:
    return lambda seen: len(seen.deliveries("event")) >= count


async def test_raw_body_is_signed(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        await ws.person("ana").command("deploys", "/towpath", "show status")
    headers, body = inbox.got[0]
    assert signed_by(SIGNING_SECRET, headers, body)
    form = {key: value[0] for key, value in parse_qs(body.decode()).items()}
    assert form["command"] == "/towpath"
    assert form["user_id"] == ANA
    assert form["is_enterprise_install"] == "false"


async def test_an_event_is_retried_three_times_with_the_same_id(ws: Workspace) -> None:
    inbox = Inbox(500)
    await ws.timing(retry_delays=[0, 0, 0])
    async with endpoint(ws, inbox):
        await ws.person("ana").say("deploys", "hello")
        await ws.until(attempts(4))
    assert [headers.get("X-Slack-Retry-Num") for headers, _ in inbox.got] == [None, "1", "2", "3"]
    assert {headers.get("X-Slack-Retry-Reason") for headers, _ in inbox.got[1:]} == {"http_error"}
    assert len({json.loads(body)["event_id"] for _, body in inbox.got}) == 1


async def test_no_retry_header_stops_retries(ws: Workspace) -> None:
    inbox = Inbox(500, headers={"X-Slack-No-Retry": "1"})
    await ws.timing(retry_delays=[0, 0, 0])
    async with endpoint(ws, inbox):
        await ws.person("ana").say("deploys", "one")
        await ws.until(attempts(1))
        await ws.person("ana").say("deploys", "two")
        await ws.until(attempts(2))
    assert all("X-Slack-Retry-Num" not in headers for headers, _ in inbox.got)


async def test_a_slow_app_is_timed_out_and_the_person_is_told(ws: Workspace) -> None:
    done = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await done.wait()
        return web.Response()

    await ws.timing(ack_deadline=0.1, retry_delays=[0])
    async with endpoint(ws, slow):
        ack = await ws.person("ana").command("deploys", "/towpath", "status")
        await ws.person("ana").say("deploys", "hello")
        await ws.until(attempts(2))
        done.set()
    seen = await ws.seen()
    assert ack.outcome == "http_timeout"
    assert seen.ephemeral('failed with the error "operation_timeout"', to=ANA)
    assert [(row["attempt"], row["reason"]) for row in seen.deliveries("event")] == [(0, ""), (1, "http_timeout")]


async def test_nobody_listening(ws: Workspace) -> None:
    ack = await ws.person("ana").command("deploys", "/towpath", "status")
    assert ack.outcome == "connection_failed"
    assert (await ws.seen()).ephemeral('failed with the error "dispatch_failed"', to=ANA)


async def test_bolt_refuses_wrong_signatures(ws: Workspace) -> None:
    async with bolt_served(ws, bolt(ws)):
        for how in ("wrong_secret", "old_timestamp", "no_signature", "other_body"):
            await ws.faults.sign(how)
            ack = await ws.person("ana").command("deploys", "/towpath", "status")
            assert (ack.outcome, ack.status) == ("http_error", 401), how


async def test_url_verification(ws: Workspace) -> None:
    async with bolt_served(ws, bolt(ws)):
        assert (await ws.verify_events_url()).ok


async def test_the_app_hears_only_what_it_may(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        await ws.person("ana").say("quiet", "@towpath hello")
        await ws.configure(bot_events=["app_mention"])
        await ws.person("ana").say("deploys", "no mention")
        await ws.person("ana").say("deploys", "@towpath mention")
        await ws.until(attempts(1))
    (got,) = inbox.got
    assert json.loads(got[1])["event"]["type"] == "app_mention"
    assert (await ws.seen()).ephemeral("it is not in this channel", to=ANA, channel=QUIET)


async def test_edits_and_deletions_are_events(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        ana = ws.person("ana")
        said = await ana.say("deploys", "helo")
        await ana.edit(said, "hello")
        await ana.delete(said)
        await ws.until(attempts(3))
    events = {row.get("subtype"): row for row in (json.loads(body)["event"] for _, body in inbox.got)}
    assert set(events) == {None, "message_changed", "message_deleted"}
    assert events["message_changed"]["message"]["text"] == "hello"
    assert events["message_changed"]["previous_message"]["text"] == "helo"
    assert events["message_deleted"]["deleted_ts"] == said.ts


async def test_copies_and_redelivery(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        await ws.faults.copies(3)
        await ws.person("ana").say("deploys", "hello")
        await ws.until(attempts(3))
        await ws.faults.copies(1)
        acks = await ws.faults.redeliver(2, kind="event")
        await ws.person("ana").command("deploys", "/towpath", "status")
        await ws.faults.redeliver(kind="command")
    assert [ack.ok for ack in acks] == [True, True]
    assert len({json.loads(body)["event_id"] for _, body in inbox.got[:5]}) == 1
    assert inbox.got[5][1] == inbox.got[6][1]


async def test_held_events_come_later_and_lost_ones_never(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        ana = ws.person("ana")
        await ws.faults.hold()
        await ana.say("deploys", "held")
        assert (await ana.command("deploys", "/towpath", "status")).outcome == "withheld"
        await ws.faults.lose()
        await ana.say("deploys", "lost")
        await ws.faults.clear()
        await ws.until(lambda seen: [row for row in seen.deliveries("event") if row["outcome"] == "ok"])
    assert [json.loads(body)["event"]["text"] for _, body in inbox.got] == ["held"]


async def test_anything_can_be_delivered_signed(ws: Workspace) -> None:
    inbox = Inbox(text="fine")
    async with endpoint(ws, inbox):
        ack = await ws.deliver("interactive", {"type": "block_actions", "user": {"id": "U0FORGED"}})
    headers, body = inbox.got[0]
    assert (ack.ok, ack.body) == (True, "fine")
    assert signed_by(SIGNING_SECRET, headers, body)
    assert json.loads(parse_qs(body.decode())["payload"][0])["user"]["id"] == "U0FORGED"


async def test_joining_and_leaving(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        await ws.change_channel("quiet", add=[BOT])
        await ws.until(attempts(1))
        await ws.deactivate("mia")
        await ws.until(attempts(2))
    events = [json.loads(body)["event"] for _, body in inbox.got]
    assert [row["type"] for row in events] == ["member_joined_channel", "user_change"]
    assert events[0]["user"] == BOT
    assert events[1]["user"] == {"id": "U0MIA", "team_id": "T0HOME", "name": "mia", "deleted": True}


async def test_a_shared_channel_says_so_and_names_the_stranger_s_team(ws: Workspace) -> None:
    inbox = Inbox()
    async with endpoint(ws, inbox):
        await ws.person("stranger").say("shared", "@towpath approve")
        await ws.until(attempts(2))
    outer = json.loads(inbox.got[0][1])
    assert outer["is_ext_shared_channel"] is True
    assert (outer["team_id"], outer["event"]["team"], outer["event"]["user_team"]) == ("T0HOME", "T0OTHER", "T0OTHER")


async def test_waiting_in_vain_shows_the_transcript(ws: Workspace) -> None:
    await ws.person("ana").say("deploys", "hello there")
    with pytest.raises(NeverHappened, match="Ana Lima: hello there"):
        await ws.until(lambda seen: seen.message("never", channel=DEPLOYS), deadline=0.05)
