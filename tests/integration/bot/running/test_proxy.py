"""A host that reaches Slack through a proxy only, and trusts a certificate authority of its own: both come from the environment."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.clock import now

from .stage import ANA, promotion, stage

HOST = "slack.test"
"""No resolver knows it: only the proxy can reach it."""


def authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate that vouches for itself, as `SSL_CERT_FILE` names it, and the server's side of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "private.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context


@asynccontextmanager
async def proxy(port: int) -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that knows the way to `HOST` (this port here): its address, and the first lines of what it was asked."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.splitlines()[0])
        if not head.startswith(f"CONNECT {HOST}:"):
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pour(reader, back), _pour(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while found := await source.read(65536):
            sink.write(found)
            await sink.drain()
    with suppress(OSError):
        sink.close()


async def test_proxy_and_authority_come_from_the_environment(tmp_path: Path) -> None:
    certificate, context = authority(tmp_path)
    async with stage(tmp_path, socket_mode=True) as here:
        port = await here.over_tls(context)
        async with proxy(port) as (address, asked):
            environment = {
                "HTTPS_PROXY": address, "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": str(certificate),
                "SLACK_API_URL": f"https://{HOST}:{port}/api/", "SLACK_APP_TOKEN": "xapp-stand-in",
            }  # fmt: skip
            async with here.bot_process(**environment):
                await here.ws.person("ana").command("deploys", "/towpath", "no such words")
                await here.ws.until(lambda seen: seen.ephemeral("no such words", to=ANA))
                await here.move(promotion())
                await here.shown([1])
            assert {row["transport"] for row in (await here.ws.seen()).deliveries()} == {"socket"}
            assert set(asked) == {f"CONNECT {HOST}:{port} HTTP/1.1"}
            assert len(asked) >= 3
