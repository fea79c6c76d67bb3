"""What an app may answer to a modal, the stack of modals, menus inside them, and closing."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError

from demo.slack.client import Workspace
from demo.slack.seen import View
from demo.slack.shapes import CannotDo

from .stands import ANA, button, endpoint, section, web_client


def modal(title: str, **more: Any) -> dict[str, Any]:
    plain = {"type": "plain_text", "text": "ok"}
    reason = {"type": "plain_text_input", "action_id": "text"}
    blocks = [{"type": "input", "block_id": "reason", "label": {**plain, "text": "Reason"}, "element": reason}]
    words = {"title": {**plain, "text": title}, "submit": plain}
    return {"type": "modal", "callback_id": "m", "blocks": blocks, **words, **more}


class App:
    """Answers submissions with the next body; keeps every interactive payload."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.payloads: list[dict[str, Any]] = []
        self._answers = list(answers)

    async def __call__(self, request: web.Request) -> web.Response:
        form = parse_qs((await request.read()).decode())
        if "payload" not in form:
            return web.Response()
        self.payloads.append(json.loads(form["payload"][0]))
        submitted = self.payloads[-1]["type"] == "view_submission"
        return web.json_response(self._answers.pop(0)) if submitted and self._answers else web.Response()


async def opened(ws: Workspace, view: dict[str, Any]) -> View:
    await ws.person("ana").command("deploys", "/towpath", "open")
    trigger = (await ws.seen()).deliveries("command")[-1]["payload"]["trigger_id"]
    await web_client(ws).views_open(trigger_id=trigger, view=view)
    return await ws.until(lambda seen: seen.modal(ANA))


async def test_update_push_and_clear(ws: Workspace) -> None:
    app = App(
        {"response_action": "update", "view": modal("Two")},
        {"response_action": "push", "view": modal("Three")},
        {"response_action": "clear"},
    )
    async with endpoint(ws, app):
        view = await opened(ws, modal("One"))
        for title in ("Two", "Three"):
            done = await ws.person("ana").submit(view, {"reason": "because"})
            view = await ws.until(lambda seen, title=title: seen.modal(ANA, title))  # type: ignore[misc]
            assert done.action in {"update", "push"}
        assert view.raw["previous_view_id"]
        assert (await ws.person("ana").submit(view, {"reason": "because"})).action == "clear"
    assert (await ws.seen()).modal(ANA) is None
    assert [row["view"]["title"]["text"] for row in app.payloads] == ["One", "Two", "Three"]


async def test_closing_is_told_if_asked_for(ws: Workspace) -> None:
    app = App()
    async with endpoint(ws, app):
        await ws.person("ana").close(await opened(ws, modal("Quiet")))
        await ws.person("ana").close(await opened(ws, modal("Told", notify_on_close=True)))
    assert [(row["type"], row["view"]["title"]["text"]) for row in app.payloads] == [("view_closed", "Told")]


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"no-such-block": "x"}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "dance"},
    ],
)
async def test_a_wrong_answer_leaves_the_modal_open(ws: Workspace, answer: dict[str, Any]) -> None:
    async with endpoint(ws, App(answer)):
        view = await opened(ws, modal("One"))
        done = await ws.person("ana").submit(view, {"reason": "because"})
    assert done.action == "failed"
    assert (await ws.seen()).modal(ANA)


async def test_three_deep_and_no_deeper(ws: Workspace) -> None:
    app = App()
    blocks = [{"type": "actions", "block_id": "b", "elements": [button("More", "more")]}]
    async with endpoint(ws, app):
        view = await opened(ws, modal("1", blocks=blocks))
        for title in ("2", "3"):
            await ws.person("ana").click(view, "More")
            await web_client(ws).views_push(trigger_id=app.payloads[-1]["trigger_id"], view=modal(title, blocks=blocks))
            view = await ws.until(lambda seen, title=title: seen.modal(ANA, f"[{title}]"))  # type: ignore[misc]
        await ws.person("ana").click(view, "More")
        with pytest.raises(SlackApiError, match="push_limit_reached"):
            await web_client(ws).views_push(trigger_id=app.payloads[-1]["trigger_id"], view=modal("4"))
        await ws.person("ana").close(view)
        assert await ws.until(lambda seen: seen.modal(ANA, "[2]"))


async def test_menus_inside_are_remembered_until_submission(ws: Workspace) -> None:
    options = [{"text": {"type": "plain_text", "text": name}, "value": name.lower()} for name in ("Staging", "Prod")]
    menu = {"type": "static_select", "action_id": "env", "options": options}
    rows = [section("Where?", block_id="where", accessory=menu), *modal("x")["blocks"]]
    app = App()
    async with endpoint(ws, app):
        view = await opened(ws, modal("One", blocks=rows))
        await ws.person("ana").choose(view, "Prod")
        await ws.person("ana").submit(view, {"Reason": "because"})
    action, submission = app.payloads
    assert action["type"] == "block_actions"
    assert action["container"] == {"type": "view", "view_id": view.id}
    assert "response_url" not in action
    values = submission["view"]["state"]["values"]
    assert values["where"]["env"]["selected_option"]["value"] == "prod"
    assert values["reason"]["text"] == {"type": "plain_text_input", "value": "because"}


async def test_what_cannot_be_filled_in(ws: Workspace) -> None:
    async with endpoint(ws, App()):
        view = await opened(ws, modal("One"))
        for values, words in (
            ({}, "please fill in Reason"),
            ({"reason": "x", "colour": "red"}, "nothing here is called"),
        ):
            with pytest.raises(CannotDo, match=words):
                await ws.person("ana").submit(view, values)
        with pytest.raises(CannotDo, match="not on top"):
            await ws.person("ben").submit(view, {"reason": "x"})
