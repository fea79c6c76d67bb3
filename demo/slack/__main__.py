"""`python -m demo.slack --port N --workspace FILE.yaml [--state-dir DIR]`: serve a stand-in Slack on this machine."""

import asyncio
import signal
from pathlib import Path

import click
from aiohttp import web

from demo.slack.server import build
from demo.slack.stage import STAGE
from demo.slack.workspace import BadWorkspace, load


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    help="0 lets the system choose.",
)
@click.option(
    "--workspace",
    "file",
    type=click.Path(path_type=Path),
    required=True,
    help="People, channels and the app.",
)
@click.option("--state-dir", type=click.Path(path_type=Path), help="Keep the conversation here over a restart.")
def main(port: int, file: Path, state_dir: Path | None) -> None:
    """Serve a stand-in Slack on 127.0.0.1; the first line printed is its address."""
    try:
        asyncio.run(_serve(port, file, state_dir))
    except BadWorkspace as exc:
        raise click.ClickException(str(exc)) from exc
    except KeyboardInterrupt:
        pass


async def _serve(port: int, file: Path, state_dir: Path | None) -> None:
    app = build(load(file), state_dir)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, bound = runner.addresses[0][:2]
    app[STAGE].origin = f"http://{host}:{bound}"
    click.echo(f"stand-in Slack at http://{host}:{bound}/")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
