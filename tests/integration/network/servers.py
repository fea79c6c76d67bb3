"""A company's network on loopback: a Git host over HTTPS, a proxy that must be asked with CONNECT, and an authority that nobody else trusts."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "git.test"
"""No resolver knows it: only the proxy can reach it."""


def authority(folder: Path, *hosts: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate of one's own for these hosts: the file that names whom to trust, and the server's side."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "authority.pem", folder / "authority.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on a free port of this host; the port."""

    class Server(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            super().finish_request(context.wrap_socket(request, server_side=True) if context else request, client_address)

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever does not trust us breaks off; the test sees it on the other side."""

    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@dataclass
class GitHost:
    """Git's own smart HTTP (git-http-backend) over every repository in `folder`. `admits` judges the login; `logins` are those that came."""

    folder: Path
    admits: Callable[[str, str], bool] = lambda user, password: True
    logins: list[tuple[str, str]] = field(default_factory=list)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                user, password = _login(self.headers.get("Authorization"))
                if user:
                    host.logins.append((user, password))
                if not host.admits(user, password):
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                host.answer(self)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        return Handler

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        url = urlsplit(asked.path)
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": asked.command,
            "REMOTE_USER": "somebody",
            "CONTENT_TYPE": asked.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": asked.headers.get("Content-Encoding", ""),
        }
        given = asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
        done = subprocess.run(["git", "http-backend"], input=given, env=environ, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        asked.send_response(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(body)))
        asked.end_headers()
        asked.wfile.write(body)


def _login(header: str | None) -> tuple[str, str]:
    if not header or not header.startswith("Basic "):
        return "", ""
    user, _, password = base64.b64decode(header[6:]).decode().partition(":")
    return user, password


@contextmanager
def proxy(ways: Mapping[str, int], login: str = "") -> Iterator[tuple[str, list[str]]]:
    """A proxy that knows the way to some `host:port` (a port here each): its address, and the first lines of what it was asked.

    With a `login` (user:password) it answers 407 to whoever does not bring it.
    """
    asked: list[str] = []
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            asked.append(self.requestline)
            if login and self.headers.get("Proxy-Authorization") != wanted:
                self.send_response(407)
                self.send_header("Proxy-Authenticate", 'Basic realm="company"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if self.path not in ways:
                self.send_error(403)
                return
            self.send_response(200)
            self.end_headers()
            with socket.create_connection(("127.0.0.1", ways[self.path])) as there:
                back = threading.Thread(target=_pour, args=(there, self.connection))
                back.start()
                _pour(self.connection, there)
                back.join()
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as port:
        yield f"http://{login + '@' if login else ''}127.0.0.1:{port}", asked


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while found := source.recv(65536):
            sink.sendall(found)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
