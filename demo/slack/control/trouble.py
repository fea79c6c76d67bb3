"""Planning trouble, delivering again, and delivering whatever a test makes up."""

from aiohttp import web

from demo.slack.control.guard import body_of
from demo.slack.parcel import KINDS, Parcel
from demo.slack.shapes import CannotDo
from demo.slack.stage import STAGE


def add_routes(app: web.Application) -> None:
    """POST faults/api, faults/delivery, faults/redeliver, faults/clear, deliver."""
    app.router.add_post("/_/faults/api", _api)
    app.router.add_post("/_/faults/delivery", _delivery)
    app.router.add_post("/_/faults/redeliver", _redeliver)
    app.router.add_post("/_/faults/clear", _clear)
    app.router.add_post("/_/deliver", _deliver)


async def _api(request: web.Request) -> web.Response:
    request.app[STAGE].faults.plan(await body_of(request))
    return web.json_response({})


async def _delivery(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    stage.faults.deliveries(await body_of(request))
    if stage.faults.flow == "open":
        stage.courier.release()
    return web.json_response({})


async def _clear(request: web.Request) -> web.Response:
    stage = request.app[STAGE]
    stage.faults.clear()
    stage.courier.release()
    return web.json_response({})


async def _redeliver(request: web.Request) -> web.Response:
    body = await body_of(request)
    taken = await request.app[STAGE].courier.again(int(body.get("times") or 1), body.get("kind"))
    if not taken:
        raise CannotDo("nothing_delivered", "nothing of that kind was delivered yet")
    return web.json_response({"acks": [row.as_json() for row in taken]})


async def _deliver(request: web.Request) -> web.Response:
    body = await body_of(request)
    kind, payload = body.get("kind"), body.get("payload")
    if kind not in KINDS or not isinstance(payload, dict):
        raise CannotDo("bad_delivery", f"kind is one of {KINDS}, payload an object")
    taken = await request.app[STAGE].courier.bring(Parcel(kind, "made up", payload, ""))
    return web.json_response(taken.as_json())
