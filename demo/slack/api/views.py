"""views.*: modals, which need a fresh trigger, and Home tabs."""

from demo.slack.api.call import Call, Method
from demo.slack.blockkit import check
from demo.slack.shapes import Json, Refused


async def open_view(call: Call) -> Json:
    """views.open."""
    view = _given(call, "modal")
    trigger = call.stage.passes.use_trigger(call.need("trigger_id", "invalid_trigger_id"))
    return {"view": call.stage.screens.open(trigger.user, view)}


async def push_view(call: Call) -> Json:
    """views.push: only with a trigger from inside a modal."""
    view = _given(call, "modal")
    trigger = call.stage.passes.use_trigger(call.need("trigger_id", "invalid_trigger_id"))
    if trigger.view is None or call.stage.screens.find(trigger.view) is None:
        raise Refused("not_found")
    return {"view": call.stage.screens.push(trigger.user, view)}


async def update_view(call: Call) -> Json:
    """views.update: by view_id or external_id, guarded by hash if given."""
    view = _given(call, "modal", "home")
    before = call.stage.screens.find(call.text("view_id"), call.text("external_id"))
    if before is None or before["type"] != view["type"]:
        raise Refused("not_found")
    return {"view": call.stage.screens.update(before["id"], view, call.text("hash"))}


async def publish(call: Call) -> Json:
    """views.publish: somebody's Home tab."""
    view = _given(call, "home")
    user = call.user("user_id")
    return {"view": call.stage.screens.publish(user.id, view, call.text("hash"))}


def _given(call: Call, *kinds: str) -> Json:
    return check.view(call.structured("view", "invalid_arguments"), kinds)


METHODS = (
    Method("views.open", open_view),
    Method("views.push", push_view),
    Method("views.update", update_view),
    Method("views.publish", publish),
)
