"""The Web API: what it accepts, what it refuses and with which of Slack's errors."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from demo.slack.client import Workspace

from .stands import (
    ANA,
    APP_TOKEN,
    BEN,
    BOT,
    BOT_TOKEN,
    DEPLOYS,
    QUIET,
    SHARED,
    STR,
    button,
    section,
    standing,
    web_client,
)

Call = Callable[[AsyncWebClient], Awaitable[Any]]
META = {"event_type": "towpath_record", "event_payload": {"record": 7}}
HOME = {"type": "home", "blocks": [section("hi")]}


def post(**arguments: Any) -> Call:
    return lambda slack: slack.chat_postMessage(**{"channel": DEPLOYS, **arguments})


REFUSALS: list[tuple[str, Call]] = [
    ("channel_not_found", post(channel="C0NOWHERE", text="x")),
    ("not_in_channel", post(channel=QUIET, text="x")),
    ("no_text", post(text="")),
    ("no_text", post(text="   ")),
    ("invalid_blocks_format", post(text="x", blocks="not json")),
    ("invalid_blocks_format", post(text="x", blocks={"type": "section"})),
    ("msg_blocks_too_long", post(text="x", blocks=[section("y" * 2990) for _ in range(5)])),
    ("msg_too_long", post(markdown_text="m" * 12_001)),
    ("markdown_text_conflict", post(markdown_text="m", blocks=[section("y")])),
    ("invalid_thread_ts", post(text="x", thread_ts="yesterday")),
    ("thread_not_found", post(text="x", thread_ts="1700000000.000100")),
    ("invalid_metadata_schema", post(text="x", metadata={"event_type": "t"})),
    ("metadata_too_large", post(text="x", metadata={"event_type": "t", "event_payload": {"k": "v" * 9000}})),
    ("too_many_attachments", post(text="x", attachments=[{"text": "a"}] * 101)),
    ("user_not_in_channel", lambda slack: slack.chat_postEphemeral(channel=DEPLOYS, user=STR, text="x")),
    ("not_in_channel", lambda slack: slack.chat_postEphemeral(channel=QUIET, user=ANA, text="x")),
    ("message_not_found", lambda slack: slack.chat_update(channel=DEPLOYS, ts="1700000000.000100", text="x")),
    ("message_not_found", lambda slack: slack.chat_getPermalink(channel=DEPLOYS, message_ts="1700000000.000100")),
    ("thread_not_found", lambda slack: slack.conversations_replies(channel=DEPLOYS, ts="1700000000.000100")),
    ("not_in_channel", lambda slack: slack.conversations_history(channel=QUIET)),
    ("invalid_limit", lambda slack: slack.conversations_history(channel=DEPLOYS, limit=1001)),
    ("invalid_cursor", lambda slack: slack.conversations_history(channel=DEPLOYS, cursor="x")),
    ("user_not_found", lambda slack: slack.users_info(user="U0NOBODY")),
    ("users_not_found", lambda slack: slack.users_lookupByEmail(email="nobody@example.com")),
    ("no_such_subteam", lambda slack: slack.usergroups_users_list(usergroup="S0NONE")),
    ("invalid_trigger_id", lambda slack: slack.views_open(trigger_id="1.2", view=modal())),
    ("invalid_arguments", lambda slack: slack.views_open(trigger_id="1.2", view=modal(title=None))),
    ("invalid_arguments", lambda slack: slack.views_publish(user_id=ANA, view=modal())),
    (
        "view_too_large",
        lambda slack: slack.views_publish(user_id=ANA, view={**HOME, "blocks": [section("y" * 251_000)]}),
    ),
    ("unknown_method", lambda slack: slack.api_call("chat.shout")),
    ("not_allowed_token_type", lambda slack: slack.apps_connections_open(app_token=BOT_TOKEN)),
    ("socket_mode_not_enabled", lambda slack: slack.apps_connections_open(app_token=APP_TOKEN)),
]


def modal(**changes: Any) -> dict[str, Any]:
    view: dict[str, Any] = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [section("x")]}
    return {key: value for key, value in (view | changes).items() if value is not None}


@pytest.mark.parametrize(("error", "call"), REFUSALS, ids=[f"{n}-{row[0]}" for n, row in enumerate(REFUSALS)])
async def test_refusals(slack: AsyncWebClient, error: str, call: Call) -> None:
    with pytest.raises(SlackApiError) as refused:
        await call(slack)
    assert refused.value.response["error"] == error


async def test_tokens(ws: Workspace) -> None:
    assert (await web_client(ws).auth_test())["user_id"] == BOT
    for token, error in (("xoxb-other", "invalid_auth"), (APP_TOKEN, "not_allowed_token_type")):
        with pytest.raises(SlackApiError) as refused:
            await web_client(ws, token).auth_test()
        assert refused.value.response["error"] == error
    async with aiohttp.ClientSession() as http:
        async with http.post(ws.api_url + "auth.test") as answer:
            assert (await answer.json())["error"] == "not_authed"
        async with http.post(ws.api_url + "auth.test", data={"token": BOT_TOKEN}) as answer:
            assert (await answer.json())["ok"] is True


async def test_missing_scope_says_which() -> None:
    async with standing(lambda given: given["app"].update(scopes=["chat:write"])) as ws:
        with pytest.raises(SlackApiError) as refused:
            await web_client(ws).usergroups_list()
    response = refused.value.response
    assert (response["error"], response["needed"], response["provided"]) == (
        "missing_scope",
        "usergroups:read",
        "chat:write",
    )


async def test_email_needs_its_scope(ws: Workspace, slack: AsyncWebClient) -> None:
    assert (await slack.users_info(user=ANA))["user"]["profile"]["email"] == "ana@example.com"
    await ws.configure(scopes=["users:read"])
    assert "email" not in (await slack.users_info(user=ANA))["user"]["profile"]


async def test_form_bodies_with_json_inside(ws: Workspace) -> None:
    form = {"channel": DEPLOYS, "text": "a & b <c>", "blocks": json.dumps([section("see https://example.com now")])}
    form["metadata"] = json.dumps(META)
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(ws.api_url + "chat.postMessage", data=form) as answer:
            message = (await answer.json())["message"]
        async with http.post(ws.api_url + "conversations.history", json={"channel": DEPLOYS}) as answer:
            assert (await answer.json())["error"] == "channel_not_found", "reading methods do not look into JSON"
    assert message["text"] == "a &amp; b &lt;c&gt;"
    assert message["blocks"][0]["text"]["text"] == "see <https://example.com> now"
    assert message["blocks"][0]["block_id"]


async def test_metadata_is_shown_only_when_asked_for(slack: AsyncWebClient) -> None:
    root = (await slack.chat_postMessage(channel=DEPLOYS, text="card", metadata=META))["ts"]
    await slack.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=root, metadata=META)
    plain = await slack.conversations_replies(channel=DEPLOYS, ts=root)
    full = await slack.conversations_replies(channel=DEPLOYS, ts=root, include_all_metadata=True)
    assert [row.get("metadata") for row in plain["messages"]] == [None, None]
    assert [row["metadata"] for row in full["messages"]] == [META, META]
    history = await slack.conversations_history(channel=DEPLOYS, include_all_metadata=True)
    assert [row["metadata"] for row in history["messages"]] == [META]
    assert history["messages"][0]["reply_count"] == 1


async def test_history_pages_newest_first(slack: AsyncWebClient) -> None:
    for n in range(5):
        await slack.chat_postMessage(channel=DEPLOYS, text=f"m{n}")
    found: list[str] = []
    cursor = ""
    while True:
        page = await slack.conversations_history(channel=DEPLOYS, limit=2, cursor=cursor)
        found += [row["text"] for row in page["messages"]]
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
    assert found == ["m4", "m3", "m2", "m1", "m0"]


async def test_update_keeps_what_is_not_given(ws: Workspace, slack: AsyncWebClient) -> None:
    ts = (await slack.chat_postMessage(channel=DEPLOYS, text="one", blocks=[section("b")], metadata=META))["ts"]
    kept = (await slack.chat_update(channel=DEPLOYS, ts=ts, text="two"))["message"]
    assert (kept["text"], kept["blocks"][0]["text"]["text"], kept["metadata"]) == ("two", "b", META)
    assert kept["edited"]["user"] == BOT
    bare = (await slack.chat_update(channel=DEPLOYS, ts=ts, text="three", blocks=[]))["message"]
    assert "blocks" not in bare
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await slack.chat_update(channel=DEPLOYS, ts=ts, text="x" * 4001)
    said = await ws.person("ana").say("deploys", "mine")
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await slack.chat_update(channel=DEPLOYS, ts=said.ts, text="yours")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await slack.chat_delete(channel=DEPLOYS, ts=said.ts)


async def test_archived_channel(ws: Workspace, slack: AsyncWebClient) -> None:
    await ws.change_channel("deploys", is_archived=True)
    with pytest.raises(SlackApiError, match="is_archived"):
        await slack.chat_postMessage(channel=DEPLOYS, text="x")


async def test_deleted_root_with_replies_is_a_tombstone(slack: AsyncWebClient) -> None:
    root = (await slack.chat_postMessage(channel=DEPLOYS, text="card"))["ts"]
    await slack.chat_postMessage(channel=DEPLOYS, text="reply", thread_ts=root)
    await slack.chat_delete(channel=DEPLOYS, ts=root)
    rows = (await slack.conversations_replies(channel=DEPLOYS, ts=root))["messages"]
    assert [row.get("subtype") for row in rows] == ["tombstone", None]
    with pytest.raises(SlackApiError, match="message_not_found"):
        await slack.chat_update(channel=DEPLOYS, ts=root, text="x")


async def test_direct_message(ws: Workspace, slack: AsyncWebClient) -> None:
    opened = await slack.conversations_open(users=ANA)
    sent = await slack.chat_postMessage(channel=ANA, text="for you")
    assert sent["channel"] == opened["channel"]["id"]
    assert (await slack.conversations_open(users=ANA))["already_open"]
    await ws.refresh()
    assert "for you" in await ws.person("ana").read(sent["channel"])


async def test_people_and_groups(ws: Workspace, slack: AsyncWebClient) -> None:
    stranger = (await slack.users_info(user=STR))["user"]
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "T0OTHER")
    assert (await slack.users_info(user="U0GIO"))["user"]["is_restricted"]
    assert STR not in [row["id"] for row in (await slack.users_list())["members"]]
    group = (await slack.usergroups_list())["usergroups"][0]
    await ws.change_group("ml-leads", add=["ben"])
    assert (await slack.usergroups_users_list(usergroup=group["id"]))["users"] == ["U0MIA", BEN]
    await ws.deactivate("mia")
    assert (await slack.users_info(user="U0MIA"))["user"]["deleted"]
    assert (await slack.usergroups_users_list(usergroup=group["id"]))["users"] == [BEN]
    assert (await slack.conversations_info(channel=SHARED))["channel"]["is_ext_shared"]


async def test_upload_in_three_steps(ws: Workspace, slack: AsyncWebClient) -> None:
    root = (await slack.chat_postMessage(channel=DEPLOYS, text="card"))["ts"]
    await slack.files_upload_v2(
        channel=DEPLOYS,
        thread_ts=root,
        filename="drift.png",
        title="Drift",
        content=b"\x89PNG not really",
        initial_comment="See",
    )
    reply = await ws.until(lambda seen: seen.message("See", thread=root))
    assert "(file: Drift)" in reply.plain
    async with aiohttp.ClientSession() as http, http.get(reply.raw["files"][0]["url_private"]) as answer:
        assert await answer.read() == b"\x89PNG not really"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_reactions_and_permalink(slack: AsyncWebClient) -> None:
    ts = (await slack.chat_postMessage(channel=DEPLOYS, text="card"))["ts"]
    await slack.reactions_add(channel=DEPLOYS, timestamp=ts, name="eyes")
    with pytest.raises(SlackApiError, match="already_reacted"):
        await slack.reactions_add(channel=DEPLOYS, timestamp=ts, name="eyes")
    link = (await slack.chat_getPermalink(channel=DEPLOYS, message_ts=ts))["permalink"]
    assert link.endswith(f"/archives/{DEPLOYS}/p{ts.replace('.', '')}")


async def test_view_stack_is_three_deep_and_hash_guards(ws: Workspace, slack: AsyncWebClient) -> None:
    view = (await slack.views_publish(user_id=ANA, view=HOME))["view"]
    await slack.views_publish(user_id=ANA, view=HOME, hash=view["hash"])
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await slack.views_publish(user_id=ANA, view=HOME, hash=view["hash"])


async def test_blocks_of_every_kind_pass(slack: AsyncWebClient) -> None:
    text = {"type": "plain_text", "text": "t"}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": text},
        section("s", fields=[{"type": "mrkdwn", "text": "*a*\nb"}]),
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}]},
        {"type": "markdown", "text": "**m**"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]},
        {"type": "image", "alt_text": "a picture", "image_url": "https://example.com/x.png"},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "r"}]}]},
        {
            "type": "actions",
            "elements": [button("b", "b", confirm={"title": text, "text": text, "confirm": text, "deny": text})],
        },
    ]
    stored = (await slack.chat_postMessage(channel=DEPLOYS, text="all", blocks=blocks))["message"]["blocks"]
    assert [row["type"] for row in stored] == [row["type"] for row in blocks]
