"""A model server on a loopback port, and the requests that the tests send to it."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from yarl import URL

from demo.model_server.server import build


@dataclass(frozen=True)
class Answer:
    """Status and JSON of one answer."""

    status: int
    body: Any

    @property
    def result(self) -> str:
        """The word in `parameters.result`."""
        return str(self.body["parameters"]["result"])

    @property
    def data(self) -> list[Any]:
        """The values of the first output."""
        found: list[Any] = self.body["outputs"][0]["data"]
        return found


@dataclass(frozen=True)
class Asker:
    """Asks the server at `url`; `model` is the one that most requests are about."""

    session: ClientSession
    url: str
    model: str = "fraud"

    async def ask(self, method: str, path: str, body: Any = None, content: bytes | None = None) -> Answer:
        sent = json.dumps(body).encode() if body is not None else content
        async with self.session.request(method, URL(self.url + path, encoded=True), data=sent) as answer:
            return Answer(answer.status, await answer.json())

    async def get(self, path: str) -> Answer:
        return await self.ask("GET", path)

    async def post(self, path: str, body: Any = None) -> Answer:
        return await self.ask("POST", path, body)

    async def load(self, version: str, files: Mapping[str, bytes] | bytes, **parameters: Any) -> Answer:
        named = {"model.onnx": files} if isinstance(files, bytes) else files
        sent = {f"file:{version}/{path}": base64.b64encode(content).decode() for path, content in named.items()}
        path = f"/v2/repository/models/{quote(self.model, safe='')}/load"
        return await self.post(path, {"parameters": {**sent, **parameters}})

    async def default(self, version: str, **parameters: Any) -> Answer:
        path = f"/v2/repository/models/{quote(self.model, safe='')}/versions/{version}/default"
        return await self.post(path, {"parameters": parameters})

    async def unload(self, version: str | None = None, **parameters: Any) -> Answer:
        named = {} if version is None else {"version": version}
        path = f"/v2/repository/models/{quote(self.model, safe='')}/unload"
        return await self.post(path, {"parameters": {**named, **parameters}})

    async def infer(self, row: tuple[float, float] = (1.0, 2.0), version: str | None = None) -> Answer:
        tensor = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": list(row)}
        return await self.post(f"{self.address(version)}/infer", {"inputs": [tensor]})

    async def metadata(self, version: str | None = None) -> Answer:
        return await self.get(self.address(version))

    async def faults(self, **faults: Any) -> Answer:
        return await self.ask("PUT", "/_/faults", faults)

    async def log(self) -> list[tuple[str, str | None, str]]:
        """Return `(op, version, result)` of everything that was asked."""
        answer = await self.get("/_/log")
        return [(entry["op"], entry["version"], entry["result"]) for entry in answer.body["log"]]

    def address(self, version: str | None = None) -> str:
        model = f"/v2/models/{quote(self.model, safe='')}"
        return model if version is None else f"{model}/versions/{version}"


@asynccontextmanager
async def standing(store: Path, requests: Path | None = None) -> AsyncIterator[Asker]:
    """Run a server called `here` over `store`, which logs what clients ask in the folder `requests`."""
    async with TestServer(build(store, "here", requests)) as server, ClientSession() as session:
        yield Asker(session, str(server.make_url("")).rstrip("/"))
