"""`scripts/demo`: one address to open, or `--play` for the written story."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from demo.installation import Installation, Ports
from demo.play import StoryFailed, play
from demo.processes import Child, ChildFailed


@click.command()
@click.option("--play", "plays", is_flag=True, help="Play the story of demo/story.txt against the same processes, without a browser.")
@click.option("--port", default=0, help="The port of the page (default: a free one).")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Use this folder and leave it; default: a temporary one.")
@click.option("--socket-mode", is_flag=True, help="Let the bot connect to Slack by Socket Mode instead of HTTP.")
def main(plays: bool, port: int, keep: Path | None, socket_mode: bool) -> None:  # noqa: FBT001  # flags of the command line
    """Start everything that Towpath needs on this machine, and Towpath itself."""
    folder = keep or Path(tempfile.mkdtemp(prefix="towpath-demo-"))
    began = time.monotonic()
    try:
        with Installation(folder, Ports(slack=port), socket_mode=socket_mode) as installation:
            click.echo(f"Towpath runs after {time.monotonic() - began:.1f} s; logs are in {folder / 'logs'}.")
            if plays:
                held = asyncio.run(play(installation, click.echo))
                click.echo(f"\nThe story holds: {held} expectations, {time.monotonic() - began:.1f} s.")
            else:
                _wait(installation)
    except (StoryFailed, ChildFailed) as exc:
        click.echo(f"\n{exc}", err=True)
        keep = folder
        click.echo(f"The logs are kept in {folder / 'logs'}.", err=True)
        sys.exit(1)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _wait(installation: Installation) -> None:
    click.echo(
        f"\n  Open {installation.slack_url}\n\n"
        "You are Ana, a data scientist. Type for instance:  /towpath promote model v3 to staging\n"
        "Then switch to Mia, a manager, to approve.\n\n"
        "Once  /towpath promote delay v1 to prod via staging  has succeeded, couriers ask that model about a summer, and it knows only winters:\n"
        "see  /towpath show drift delay in prod  and press Retrain. Ctrl-C ends it all."
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    couriers = [sys.executable, "-m", "demo.traffic", installation.servers["prod"].url]
    with Child(couriers, installation.folder / "logs" / "traffic.log"):
        stop.wait()


if __name__ == "__main__":
    main()
