"""File upload in three steps: ask for an address, send the bytes there, complete it in a channel or thread."""

import asyncio
from collections.abc import Callable

from aiohttp import BodyPartReader, web

from demo.slack import talk
from demo.slack.api.call import Call, Method
from demo.slack.api.trouble import troubled
from demo.slack.clock import new_id, new_secret
from demo.slack.markup import tidy
from demo.slack.shapes import Json, Refused
from demo.slack.stage import STAGE

PICTURES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif"}
MOST_BYTES = 20_000_000
SHARED_AFTER = 0.05
"""So many seconds after an upload was completed its message is there: Slack looks at files first."""


async def get_upload_url(call: Call) -> Json:
    """files.getUploadURLExternal: filename and length."""
    name = call.need("filename")
    length = call.need("length")
    if not length.isdigit() or not 0 < int(length) <= MOST_BYTES:
        raise Refused("invalid_arguments")
    kind = name.rpartition(".")[2].lower()
    file: Json = {"id": new_id("F"), "name": name, "title": name, "size": int(length), "filetype": kind}
    file |= {"mimetype": PICTURES.get(kind, "application/octet-stream"), "user": call.stage.bot().id}
    file |= {"ticket": new_secret(), "alt_txt": call.text("alt_txt") or "", "complete": False}
    call.stage.store.files[file["id"]] = file
    return {"upload_url": f"{call.origin}/upload/v1/{file['ticket']}", "file_id": file["id"]}


async def uploaded(request: web.Request) -> web.StreamResponse:
    """Where the bytes go: raw, or as the first part of a multipart form. A token has no business here."""
    stage = request.app[STAGE]
    ticket = request.match_info["ticket"]
    file = next((row for row in stage.store.files.values() if row.get("ticket") == ticket), None)
    content = await _bytes(request)

    async def act() -> tuple[int, Json]:
        if file is None or file["id"] in stage.store.bytes:
            return 404, {"ok": False, "error": "unknown upload address"}
        if len(content) != file["size"]:
            return 400, {"ok": False, "error": f"{len(content)} bytes came, {file['size']} were announced"}
        stage.store.bytes[file["id"]] = content
        return 200, {"ok": True}

    answer = await troubled(request, stage, "files.upload", {"bytes": len(content)}, act)
    return web.Response(text=f"OK - {len(content)}") if answer.status == web.HTTPOk.status_code else answer


async def _bytes(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    part = await (await request.multipart()).next()
    return bytes(await part.read()) if isinstance(part, BodyPartReader) else b""


async def complete_upload(call: Call) -> Json:
    """files.completeUploadExternal: shows the files in a channel or thread, or keeps them for `slack_file`."""
    given = call.structured("files", "invalid_arguments")
    if not isinstance(given, list) or not given or not all(isinstance(row, dict) for row in given):
        raise Refused("invalid_arguments")
    for row in given:
        _uploaded(call, row)
    share = _share_into(call)
    found = [_completed(call, row) for row in given]
    if share:
        asyncio.get_running_loop().call_later(SHARED_AFTER, share, [{**row} for row in found])
    return {"files": [{"id": row["id"], "title": row["title"]} for row in found]}


def _uploaded(call: Call, row: Json) -> Json:
    file: Json | None = call.stage.store.files.get(str(row.get("id")))
    if file is None or file["complete"] or file["id"] not in call.stage.store.bytes:
        raise Refused("file_not_found")
    return file


def _completed(call: Call, row: Json) -> Json:
    file = _uploaded(call, row)
    link = f"{call.origin}/_/files/{file['id']}"
    file |= {"complete": True, "title": str(row.get("title") or file["title"]), "url_private": link, "permalink": link}
    file.pop("ticket")
    return file


def _share_into(call: Call) -> Callable[[list[Json]], None] | None:
    """What shows the files in a channel or thread; nothing when they stay the app's own. As in Slack that comes after the answer."""
    name = call.text("channel_id") or call.text("channels")
    if name is None:
        return None
    channel = call.stage.workspace.channels.get(name)
    if channel is None:
        raise Refused("channel_not_found")
    if not call.stage.bot_is_in(channel):
        raise Refused("not_in_channel")
    place = {"thread_ts": call.text("thread_ts")} if call.text("thread_ts") else {}
    talk.in_thread(call.stage, channel, place)
    comment = tidy(call.text("initial_comment") or "")

    def share(found: list[Json]) -> None:
        shown = [{key: value for key, value in row.items() if key != "complete"} for row in found]
        talk.post(call.stage, channel, talk.as_app(call.stage, {"text": comment, "files": shown, "upload": False}) | place)

    return share


_WRITE = ("files:write",)
METHODS = (
    Method("files.getUploadURLExternal", get_upload_url, _WRITE, takes_json=False),
    Method("files.completeUploadExternal", complete_upload, _WRITE),
)
