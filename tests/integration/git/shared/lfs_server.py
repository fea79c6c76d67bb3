"""An LFS server on the loopback for tests: the batch API, downloads and uploads over real HTTP, with faults on demand."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEDIA = "application/vnd.git-lfs+json"
Fault = Callable[["Answering"], None]


@dataclass
class LfsServer:
    """Objects by their SHA-256. `batch`, `download` and `upload` replace an answer once and are then spent; `other` is where hrefs lead if
    not here. `verified` are the objects that somebody asked after once they were put.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    login: str | None = None
    other: LfsServer | None = None
    header: dict[str, str] = field(default_factory=dict)
    batch: list[Fault] = field(default_factory=list)
    download: list[Fault] = field(default_factory=list)
    upload: list[Fault] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""

    def hold(self, content: bytes) -> str:
        """Keep an object; the pointer that stands for it in Git."""
        self.objects[sha256(content).hexdigest()] = content
        return pointer(content)

    def asked(self, method: str) -> list[dict[str, str]]:
        """The headers of every request of that method, by lower-case name."""
        return [headers for found, _, headers, _ in self.seen if found == method]


def pointer(content: bytes) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content).hexdigest()}\nsize {len(content)}\n"


@contextmanager
def serving(server: LfsServer) -> Iterator[LfsServer]:
    """The server, answering until the end; its `url` is the address of the repository that it belongs to."""
    door = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Answering,), {"lfs": server}))
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{door.server_port}/bank/models"
    try:
        yield server
    finally:
        door.shutdown()
        door.server_close()
        thread.join()


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    lfs: LfsServer
    said: Any = None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_POST(self) -> None:
        self.said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note("POST")
        if self.lfs.batch:
            self.lfs.batch.pop(0)(self)
        elif not self._known():
            self.answer(401, {"message": "Credentials needed"})
        elif self.path.endswith("/verify"):
            self.lfs.verified.append(self.said["oid"])
            whole = len((self.lfs.other or self.lfs).objects.get(self.said["oid"], b"")) == self.said["size"]
            self.answer(200 if whole else 422, {"message": "verified" if whole else "not whole"})
        elif self.path != "/bank/models.git/info/lfs/objects/batch" or self.headers["Accept"] != MEDIA:
            self.answer(404, {"message": "no such repository"})
        else:
            found = self._wanted if self.said["operation"] == "upload" else self._found
            self.answer(200, {"transfer": "basic", "objects": [found(**one) for one in self.said["objects"]]})

    def do_PUT(self) -> None:
        content = self._taken()
        self._note("PUT")
        oid = self.path.rpartition("/")[2]
        if self.lfs.upload:
            self.lfs.upload.pop(0)(self)
        elif sha256(content).hexdigest() != oid:
            self.answer(422, {"message": "the content is another"})
        else:
            self.lfs.objects[oid] = content
            self.answer(200, {})

    def _taken(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def do_GET(self) -> None:
        self._note("GET")
        content = self.lfs.objects.get(self.path.rpartition("/")[2])
        if self.lfs.download:
            self.lfs.download.pop(0)(self)
        elif content is None:
            self.answer(404, {})
        else:
            self.give(content)

    def give(self, content: bytes, length: int | None = None) -> None:
        """A whole object, or the rest of it that was asked for; a `length` that is longer than the content breaks the connection off."""
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str((len(content) if length is None else length) - begin))
        self.end_headers()
        self.wfile.write(content[begin:])
        self.close_connection = length is not None

    def answer(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Content-Type": MEDIA, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _note(self, method: str) -> None:
        self.lfs.seen.append((method, self.path, {name.lower(): value for name, value in self.headers.items()}, self.said))

    def _known(self) -> bool:
        wanted = base64.b64encode((self.lfs.login or "").encode()).decode()
        return self.lfs.login is None or self.headers.get("Authorization") == f"Basic {wanted}"

    def _wanted(self, oid: str, size: int) -> dict[str, Any]:
        place = self.lfs.other or self.lfs
        if oid in place.objects:
            return {"oid": oid, "size": size}
        at = f"{place.url}.git/info/lfs/objects"
        upload = {"href": f"{at}/{oid}", "header": self.lfs.header}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": {"href": f"{self.lfs.url}.git/info/lfs/verify"}}}

    def _found(self, oid: str, size: int) -> dict[str, Any]:
        place = self.lfs.other or self.lfs
        if oid not in place.objects:
            return {"oid": oid, "size": size, "error": {"code": 404, "message": "Object does not exist"}}
        href = f"{place.url}.git/info/lfs/objects/{oid}"
        return {"oid": oid, "size": size, "actions": {"download": {"href": href, "header": self.lfs.header}}}


def says(status: int, body: Any, **headers: str) -> Fault:
    """Answer that."""
    return lambda answering: answering.answer(status, body, **{name.replace("_", "-"): value for name, value in headers.items()})


def sends_to(href: str, **header: str) -> Fault:
    """A batch answer that names that address."""

    def fault(answering: Answering) -> None:
        (one,) = answering.said["objects"]
        answering.answer(200, {"objects": [{**one, "actions": {"download": {"href": href, "header": header}}}]})

    return fault


def denies(code: int, message: str) -> Fault:
    """A batch answer with an error for the object."""

    def fault(answering: Answering) -> None:
        (one,) = answering.said["objects"]
        answering.answer(200, {"objects": [{**one, "error": {"code": code, "message": message}}]})

    return fault


def gives(content: bytes) -> Fault:
    """Another content in place of the object."""
    return lambda answering: answering.give(content)


def breaks_off(content: bytes, whole: int) -> Fault:
    """The beginning of an object, then the connection breaks."""
    return lambda answering: answering.give(content, whole)
