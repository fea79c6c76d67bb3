"""Run the model server: `python -m demo.model_server --port N --name prod --store DIR`."""

from __future__ import annotations

from pathlib import Path

import click
from aiohttp import web

from demo.model_server.server import build
from demo.model_server.store import StoreInUse

STOP_WITHIN = 2.0


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--name", default="model-server", show_default=True, help="Name that the server tells about itself.")
@click.option("--store", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for its files.")
@click.option("--requests", type=click.Path(file_okay=False, path_type=Path), help="Folder for a log of what clients ask; none without it.")
def main(port: int, host: str, name: str, store: Path, requests: Path | None) -> None:
    """Serve ONNX models over the Open Inference Protocol V2."""
    app = build(store, name, requests)
    try:
        web.run_app(app, host=host, port=port, print=None, access_log=None, shutdown_timeout=STOP_WITHIN)
    except StoreInUse as exc:
        raise click.ClickException(f"{exc}; stop it, or give another --store") from exc


if __name__ == "__main__":
    main()
