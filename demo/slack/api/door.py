"""The door of the Web API: token, method, arguments, scopes; then the method, then its answer."""

import hmac
import json

from aiohttp import web

from demo.slack.api import chat, conversations, files, people, sundry, views
from demo.slack.api.call import Call, Method
from demo.slack.api.trouble import TOO_MANY, troubled
from demo.slack.shapes import Json, Refused
from demo.slack.stage import STAGE, Stage

METHODS: dict[str, Method] = {
    row.name: row
    for row in (
        *sundry.METHODS,
        *chat.METHODS,
        *conversations.METHODS,
        *people.METHODS,
        *views.METHODS,
        *files.METHODS,
    )
}


def add_routes(app: web.Application) -> None:
    """`/api/<method>` by GET and POST, and where files are uploaded to."""
    app.router.add_route("*", "/api/{method}", _called)
    app.router.add_post("/upload/v1/{ticket}", files.uploaded)


async def _called(request: web.Request) -> web.StreamResponse:
    stage = request.app[STAGE]
    name = request.match_info["method"]
    given, is_json = await _arguments(request)
    token = _token(request, given)
    shown = {key: value for key, value in given.items() if key != "token"}

    async def act() -> tuple[int, Json]:
        try:
            method = _method(name, token, stage)
            seen = shown if method.takes_json or not is_json else dict(request.query)
            answer = await method.run(Call(stage, name, seen, str(request.url.origin())))
        except Refused as no:
            return (TOO_MANY if no.error == "ratelimited" else 200), no.answer()
        return 200, {"ok": True, **answer} | _warnings(request)

    answer = await troubled(request, stage, name, shown, act)
    if answer.status == TOO_MANY:
        answer.headers.setdefault("Retry-After", "1")
    answer.headers["X-OAuth-Scopes"] = ",".join(stage.workspace.app.scopes)
    return answer


async def _arguments(request: web.Request) -> tuple[Json, bool]:
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            found = json.loads(await request.text() or "{}")
        except ValueError:
            found = {}
        return given | (found if isinstance(found, dict) else {}), True
    form = await request.post()
    return given | {key: value for key, value in form.items() if isinstance(value, str)}, False


def _warnings(request: web.Request) -> Json:
    if request.content_type == "application/json" and not request.charset:
        return {"warning": "missing_charset", "response_metadata": {"warnings": ["missing_charset"]}}
    return {}


def _token(request: web.Request, given: Json) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else str(given.get("token") or "")


def _method(name: str, token: str, stage: Stage) -> Method:
    method = METHODS.get(name)
    if method is None:
        raise Refused("unknown_method", {"req_method": name})
    if method.token == "none":  # noqa: S105  # A kind of token, not one.
        return method
    if not token:
        raise Refused("not_authed")
    app = stage.workspace.app
    kinds = {"bot": app.bot_token, "app": app.app_token}
    kind = next((k for k, known in kinds.items() if hmac.compare_digest(known.encode(), token.encode())), None)
    if kind is None:
        raise Refused("invalid_auth")
    if kind != method.token:
        raise Refused("not_allowed_token_type")
    provided = app.scopes if kind == "bot" else app.app_scopes
    if method.scopes and not set(method.scopes) & set(provided):
        raise Refused("missing_scope", {"needed": ",".join(method.scopes), "provided": ",".join(provided)})
    return method
