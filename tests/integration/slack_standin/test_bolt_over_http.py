"""A real Bolt app over HTTP: commands, clicks, modals, events, response URLs; all signed, all verified by Bolt."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from demo.slack.client import Workspace
from demo.slack.shapes import CannotDo

from .stands import ANA, BOT, DEPLOYS, MIA, bolt, bolt_served, button, section

MODAL = {
    "type": "modal",
    "callback_id": "reject",
    "title": {"type": "plain_text", "text": "Reject P-1"},
    "submit": {"type": "plain_text", "text": "Reject"},
    "private_metadata": "P-1",
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


async def test_command_is_answered_ephemerally(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.command("/towpath")
    async def towpath(ack: Any, body: dict[str, Any], respond: Any) -> None:
        heard.append(body)
        await ack("Got it")
        await respond("Shown to all", response_type="in_channel")

    async with bolt_served(ws, app):
        ana = ws.person("ana")
        ack = await ana.command("deploys", "/towpath", "promote fraud v3 & ask @ben")
        seen = await ws.until(lambda seen: seen.message("Shown to all"))
    assert ack.ok
    assert seen.user == BOT
    assert (await ws.seen()).ephemeral("Got it", to=ANA)
    assert heard[0]["text"] == "promote fraud v3 &amp; ask <@U0BEN|ben>"
    assert heard[0]["user_id"] == ANA
    assert heard[0]["channel_name"] == "deploys"
    assert "thread_ts" not in heard[0]


async def test_command_in_a_thread_is_refused_by_the_client(ws: Workspace) -> None:
    ana = ws.person("ana")
    root = await ana.say("deploys", "hello")
    with pytest.raises(CannotDo, match="not supported in threads"):
        await ana.command("deploys", "/towpath", "status", thread_ts=root.ts)
    with pytest.raises(CannotDo, match="not a valid command"):
        await ana.command("deploys", "/other", "status")
    assert not (await ws.seen()).deliveries("command")


async def test_click_replaces_the_message_it_came_from(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        heard.append(body)
        await respond(text="Approved", blocks=[section("*Approved*")], replace_original=True)

    async with bolt_served(ws, app):
        card = await post_card(ws, app)
        await ws.person("mia").click(card, "Approve")
        after = await ws.until(lambda seen: seen.message("Approved", channel=DEPLOYS))
    assert after.ts == card.ts
    assert after.buttons == []
    body = heard[0]
    assert body["user"]["id"] == MIA
    assert body["user"]["team_id"] == "T0HOME"
    assert body["container"] == {"type": "message", "message_ts": card.ts, "channel_id": DEPLOYS, "is_ephemeral": False}
    assert body["message"]["ts"] == card.ts
    assert body["actions"][0]["value"] == "P-1 digest"
    assert body["actions"][0]["block_id"] == "decision"
    with pytest.raises(CannotDo, match="nothing here is called 'Approve'"):
        await ws.person("mia").click(card, "Approve")


async def post_card(ws: Workspace, app: AsyncApp) -> Any:
    buttons = [button("Approve", "approve", value="P-1 digest", style="primary"), button("Reject", "reject")]
    blocks = [section("Promote *fraud* v3"), {"type": "actions", "block_id": "decision", "elements": buttons}]
    await app.client.chat_postMessage(channel=DEPLOYS, text="Promote fraud v3", blocks=blocks)
    return await ws.until(lambda seen: seen.message("Promote fraud"))


async def test_a_late_click_reaches_the_app_with_what_the_person_saw(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.action("approve")
    async def approve(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body["actions"][0]["value"])

    async with bolt_served(ws, app):
        card = await post_card(ws, app)
        await app.client.chat_update(channel=DEPLOYS, ts=card.ts, text="done", blocks=[section("done")])
        assert (await ws.person("mia").click_as_seen(card, "Approve")).ok
    assert heard == ["P-1 digest"]


async def test_modal_opens_refuses_and_closes(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.action("reject")
    async def reject(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("reject")
    async def submitted(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        heard.append(view)
        text = view["state"]["values"]["reason"]["text"]["value"]
        await (ack() if len(text) > 5 else ack(response_action="errors", errors={"reason": "Say more"}))

    async with bolt_served(ws, app):
        mia = ws.person("mia")
        await mia.click(await post_card(ws, app), "Reject")
        modal = await ws.until(lambda seen: seen.modal(MIA))
        with pytest.raises(CannotDo, match="please fill in Reason"):
            await mia.submit(modal, {})
        short = await mia.submit(modal, {"Reason": "no"})
        assert (short.action, short.errors) == ("errors", {"reason": "Say more"})
        done = await mia.submit(modal, {"Reason": "metrics are worse"})
    assert done.action == "close"
    assert heard[-1]["private_metadata"] == "P-1"
    assert (await ws.seen()).modal(MIA) is None


async def test_mention_comes_twice_with_different_event_ids(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.event("app_mention")
    async def mentioned(body: dict[str, Any], say: Any, event: dict[str, Any]) -> None:
        heard.append(body)
        await say("on it", thread_ts=event.get("thread_ts") or event["ts"])

    @app.event("message")
    async def posted(body: dict[str, Any]) -> None:
        heard.append(body)

    async with bolt_served(ws, app):
        ana = ws.person("ana")
        root = await ana.say("deploys", "@towpath approve")
        reply = await ws.until(lambda seen: seen.message("on it", thread=root.ts))
        own = await ws.until(
            lambda seen: [row for row in seen.deliveries("event") if row["payload"]["event"]["ts"] == reply.ts],
        )
    about_root = [body for body in heard if body["event"]["ts"] == root.ts]
    assert {body["event"]["type"] for body in about_root} == {"app_mention", "message"}
    assert len({body["event_id"] for body in about_root}) == 2
    assert about_root[0]["event"]["text"] == f"<@{BOT}> approve"
    assert about_root[0]["authorizations"][0]["user_id"] == BOT
    assert reply.raw["parent_user_id"] == ANA
    assert own[0]["payload"]["event"]["bot_id"], "the app hears its own posts too"


async def test_ephemeral_buttons_carry_no_message_and_can_be_taken_away(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.action("run")
    async def run(ack: Any, body: dict[str, Any], respond: Any) -> None:
        await ack()
        heard.append(body)
        await respond(delete_original=True)

    async with bolt_served(ws, app):
        blocks = [{"type": "actions", "elements": [button("Run", "run", value="show status")]}]
        await app.client.chat_postEphemeral(channel=DEPLOYS, user=ANA, text="Did you mean?", blocks=blocks)
        hint = await ws.until(lambda seen: seen.ephemeral("Did you mean?", to=ANA))
        assert "Did you mean" not in await ws.person("ben").read("deploys")
        with pytest.raises(CannotDo, match="message_not_found"):
            await ws.person("ben").click(hint, "Run")
        await ws.person("ana").click(hint, "Run")
        await ws.until(lambda seen: not seen.ephemerals("Did you mean"))
    assert heard[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard[0]


async def test_menus_send_the_chosen_option(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.action("pick")
    @app.action("more")
    async def pick(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        heard.append(body["actions"][0])

    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("fraud", "churn")]
    more = [{"text": {"type": "plain_text", "text": "Cancel"}, "value": "cancel P-1"}]
    blocks = [
        section("Which?", accessory={"type": "static_select", "action_id": "pick", "options": options}),
        section("Else", accessory={"type": "overflow", "action_id": "more", "options": more}),
    ]
    async with bolt_served(ws, app):
        await app.client.chat_postMessage(channel=DEPLOYS, text="Which?", blocks=blocks)
        menu = await ws.until(lambda seen: seen.message("Which?"))
        assert menu.options == ["fraud", "churn", "Cancel"]
        await ws.person("ana").choose(menu, "churn")
        await ws.person("ana").choose(menu, "Cancel", menu="more")
    assert [action["selected_option"]["value"] for action in heard] == ["churn", "cancel P-1"]
    assert [action["type"] for action in heard] == ["static_select", "overflow"]


async def test_home_tab_and_message_shortcut(ws: Workspace) -> None:
    app, heard = bolt(ws), []

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any], client: Any) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Your approvals")]})

    @app.shortcut("explain")
    async def explain(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        heard.append(shortcut)

    async with bolt_served(ws, app):
        mia = ws.person("mia")
        await mia.open_home()
        await ws.until(lambda seen: seen.home(MIA, "Your approvals"))
        said = await mia.say("deploys", "what is this?")
        assert (await mia.shortcut(said, "explain")).ok
    assert heard[0]["message"]["ts"] == said.ts
    assert heard[0]["type"] == "message_action"
