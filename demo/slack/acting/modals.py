"""Modals and the Home tab: submitting, closing, opening, and what the app answers to a submission."""

import json

from demo.slack.acting import filled
from demo.slack.acting.who import actor_json
from demo.slack.blockkit import check
from demo.slack.parcel import Parcel, Taken
from demo.slack.shapes import CannotDo, Json, Refused
from demo.slack.stage import Stage
from demo.slack.workspace import User, direct_channel


async def submit(stage: Stage, user: User, body: Json) -> Json:
    """Submit {view, values}: {action, errors, ack}. Raises CannotDo when an input is missing or wrong."""
    view = _open(stage, user, body)
    if not view.get("submit"):
        raise CannotDo("no_submit", "this modal has nothing to submit")
    given = body.get("values") or {}
    view["state"] = filled.state(view, given, view["state"]["values"])
    if empty := filled.missing(view, view["state"]["values"]):
        raise CannotDo("required", f"please fill in {', '.join(empty)}")
    payload = {"type": "view_submission", **actor_json(stage, user), "view": view, "response_urls": []}
    payload["trigger_id"] = stage.passes.new_trigger(user.id, view["id"])
    taken = await stage.courier.bring(Parcel("interactive", "view_submission", payload, ""))
    action, errors = _obey(stage, user, view, taken)
    return {"action": action, "errors": errors, "ack": taken.as_json()}


def _obey(stage: Stage, user: User, view: Json, taken: Taken) -> tuple[str, Json]:
    if not taken.ok:
        return "failed", {"": "We had some trouble connecting. Try again?"}
    try:
        said = json.loads(taken.body or b"{}")
        return _act(stage, user, view, said if isinstance(said, dict) else {})
    except (ValueError, Refused) as exc:
        return "failed", {"": f"The app's answer was not understood ({exc})."}


def _act(stage: Stage, user: User, view: Json, said: Json) -> tuple[str, Json]:
    action = said.get("response_action")
    if action == "errors":
        return "errors", _errors(view, said.get("errors"))
    if action == "clear":
        stage.screens.clear(user.id)
    elif action == "update":
        stage.screens.update(view["id"], check.view(said.get("view"), ("modal",)), None)
    elif action == "push":
        stage.screens.push(user.id, check.view(said.get("view"), ("modal",)))
    elif action is None:
        stage.screens.close(user.id)
    else:
        raise Refused(f"invalid response_action {action}")
    return action or "close", {}


def _errors(view: Json, given: object) -> Json:
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(given, dict) or not given or not set(given) <= inputs:
        raise Refused("errors must name input blocks of the view")
    return {str(key): str(value) for key, value in given.items()}


async def close(stage: Stage, user: User, body: Json) -> Json:
    """Close the modal on top: {view}; the app hears of it with notify_on_close."""
    view = _open(stage, user, body)
    if view.get("clear_on_close"):
        stage.screens.clear(user.id)
    else:
        stage.screens.close(user.id)
    if view.get("notify_on_close"):
        payload = {"type": "view_closed", **actor_json(stage, user), "view": view}
        payload["is_cleared"] = bool(view.get("clear_on_close"))
        await stage.courier.bring(Parcel("interactive", "view_closed", payload, ""))
    return {}


async def home(stage: Stage, user: User, body: Json) -> Json:
    """Open the app's Home tab: an `app_home_opened` event, if the app subscribed to it."""
    view = stage.screens.home(user.id)
    event: Json = {"type": "app_home_opened", "user": user.id, "tab": "home"}
    event["channel"] = direct_channel(stage.workspace, user.id).id
    if view:
        event["view"] = view
    stage.events.tell(event)
    subscribed = "app_home_opened" in stage.workspace.app.bot_events
    return {"outcome": "ok" if subscribed else "not_subscribed"}


def _open(stage: Stage, user: User, body: Json) -> Json:
    view = stage.screens.top(user.id)
    if view is None or view["id"] != body.get("view"):
        raise CannotDo("view_not_found", "that modal is not on top of this person's screen")
    return view
