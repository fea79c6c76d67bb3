"""`python -m bot`: run the bot. Ends with 2 when a setting is missing or wrong, with 1 when Slack refuses the token."""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog

from bot import log
from bot.app import run
from bot.identity import WrongToken
from bot.keys import BadKeysFolder, Keys
from bot.settings import BadSettings, Settings


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit status."""
    log.set_up()
    try:
        settings = Settings.load()
        keys = Keys.load(settings.towpath_keys)
    except BadSettings as exc:
        print(exc, file=sys.stderr)
        return 2
    except BadKeysFolder as exc:
        print(f"TOWPATH_KEYS is wrong: {exc}", file=sys.stderr)
        return 2
    return asyncio.run(_run(settings, keys))


async def _run(settings: Settings, keys: Keys) -> int:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    status = 0
    try:
        await run(settings, keys, stop)
    except* WrongToken as group:
        structlog.get_logger("bot").error("token_refused", codes=[str(exc) for exc in group.exceptions])
        print("SLACK_BOT_TOKEN is wrong: Slack does not accept it; install the app again and copy the new bot token", file=sys.stderr)
        status = 1
    except* OSError as group:
        print(f"TOWPATH_PORT cannot be listened at ({group.exceptions[0]}): choose another port", file=sys.stderr)
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
