"""`python -m bot`: run the bot. Ends with 2 when a setting is missing or wrong, with 1 when Slack refuses the token."""

from __future__ import annotations

import asyncio
import signal
import sys

import structlog

from bot import log
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
    from bot.app import run  # noqa: PLC0415  A wrong setting is told before everything else is loaded.
    from bot.identity import WrongToken  # noqa: PLC0415

    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    try:
        await run(settings, keys, stop)
    except WrongToken as exc:
        structlog.get_logger("bot").error("token_refused", code=str(exc))
        print("SLACK_BOT_TOKEN is wrong: Slack does not accept it; install the app again and copy the new bot token", file=sys.stderr)
        return 1
    except OSError as exc:
        print(f"TOWPATH_PORT cannot be listened at ({exc.strerror}): choose another port", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
