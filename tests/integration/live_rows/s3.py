"""An object store over HTTP, as far as reading needs one: S3's listing, sizes and ranges, from a folder on disk."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: Path
    key: str
    seen: list[str]

    def do_GET(self) -> None:
        """A listing of a bucket, or (a range of) an object."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The size of an object."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        url = urlsplit(self.path)
        self.seen.append(f"{self.command} {unquote(url.path)}")
        bucket, _, name = unquote(url.path).lstrip("/").partition("/")
        place = self.root / bucket / name
        if f"Credential={self.key}/" not in self.headers.get("Authorization", ""):
            self._send(403, b"<Error><Code>AccessDenied</Code></Error>", with_body)
        elif not name and "list-type" in parse_qs(url.query, keep_blank_values=True):
            self._send(200, self._listing(bucket, parse_qs(url.query).get("prefix", [""])[0]).encode(), with_body)
        elif name and place.is_file():
            self._object(place, with_body)
        else:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", with_body)

    def _object(self, place: Path, with_body: bool) -> None:
        content = place.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and with_body:
            first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
            self._send(206, content[first : last + 1], with_body, {"Content-Range": f"bytes {first}-{last}/{len(content)}"})
        else:
            self._send(200, content, with_body, {"Last-Modified": formatdate(place.stat().st_mtime, usegmt=True)})

    def _listing(self, bucket: str, prefix: str) -> str:
        files = sorted(path for path in (self.root / bucket).rglob("*") if path.is_file())
        keys = [(path.relative_to(self.root / bucket).as_posix(), path.stat().st_size) for path in files]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{size}</Size><LastModified>2026-11-26T00:00:00.000Z</LastModified></Contents>"
            for key, size in keys
            if key.startswith(prefix)
        )
        return f"<?xml version='1.0'?><ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"

    def _send(self, status: int, body: bytes, with_body: bool, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Content-Type": "application/xml", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests say themselves what went wrong."""


@contextmanager
def serving(root: Path, key: str) -> Iterator[tuple[str, list[str]]]:
    """The folders below `root` as buckets, for who signs with this access key; the address, and the requests as they come."""
    seen: list[str] = []
    handler = type("Handler", (_Handler,), {"root": root, "key": key, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
