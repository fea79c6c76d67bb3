"""Play a story: each line of `story.txt` is something a person does, or something that must be seen. What happens is printed as it happens."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo.installation import Installation
from demo.slack.client import Workspace
from demo.slack.seen import Message, Transcript

STORY = Path(__file__).with_name("story.txt")
PATIENCE = 20.0
SHOWN_LINES = 14


class StoryFailed(AssertionError):
    """An expectation of the story did not hold; the text says which line, and what was seen instead."""


@dataclass
class Stage:
    """Where the story stands: the card that people look at, and since when we listen."""

    installation: Installation
    workspace: Workspace
    say: Callable[[str], None]
    card: Message | None = None
    mark: int = 0
    quoted: set[str] = field(default_factory=set)


Act = Callable[[Stage, re.Match[str]], Awaitable[None]]


async def play(installation: Installation, say: Callable[[str], None], story: str | None = None) -> int:
    """Play every line; how many expectations held. Raises StoryFailed at the first that did not."""
    held = 0
    async with Workspace.at(installation.slack_url) as workspace:
        stage = Stage(installation, workspace, say)
        for number, line in enumerate((story or STORY.read_text()).splitlines(), 1):
            if not line.strip():
                continue
            try:
                held += await _line(stage, line)
            except AssertionError as exc:
                raise StoryFailed(f"line {number} of the story did not hold: {line}\n{exc}") from exc
    return held


async def _line(stage: Stage, line: str) -> int:
    if line.startswith("# "):
        stage.say(f"\n== {line[2:]}\n")
        return 0
    for pattern, act, expects in LINES:
        if match := pattern.fullmatch(line):
            await act(stage, match)
            return int(expects)
    raise StoryFailed(f"nobody knows how to play: {line}")


async def _says(stage: Stage, match: re.Match[str]) -> None:
    """A person types a message or a slash command in a channel."""
    person, channel, text = stage.workspace.person(match["who"]), match["channel"], match["text"]
    stage.mark, stage.card = stage.workspace.mark(), None
    stage.say(f"{person.real_name} ({person.role}) in #{channel}:  {text}")
    if text.startswith("/"):
        command, _, rest = text.partition(" ")
        await person.command(channel, command, rest)
    else:
        await person.say(channel, text)


async def _replies(stage: Stage, match: re.Match[str]) -> None:
    """A person answers in the card's thread."""
    person = stage.workspace.person(match["who"])
    stage.mark = stage.workspace.mark()
    stage.say(f"  {person.real_name} ({person.role}) in the thread:  {match['text']}")
    await person.reply(_card(stage), match["text"])


async def _presses(stage: Stage, match: re.Match[str]) -> None:
    """A person presses a button of the card."""
    person, card = stage.workspace.person(match["who"]), _card(stage)
    stage.mark = stage.workspace.mark()
    stage.say(f"  {person.real_name} ({person.role}) presses [{match['text']}]")
    now = await stage.workspace.until(lambda seen: _same(seen, card), PATIENCE)
    await person.click(now, match["text"])


async def _in_channel(stage: Stage, match: re.Match[str]) -> None:
    """A card (or other message) of the bot in a channel; it is the one people look at from now on."""
    channel, wanted = stage.workspace.channel(match["channel"]), _fragments(match["text"])
    stage.card = await stage.workspace.until(
        lambda seen: _first(seen.messages(channel=channel), wanted, lambda one: one.thread_ts in (None, one.ts)), PATIENCE, stage.mark
    )
    _quote(stage, stage.card, f"Towpath in #{match['channel']}")


async def _in_thread(stage: Stage, match: re.Match[str]) -> None:
    """A message of the bot in the card's thread."""
    card, wanted = _card(stage), _fragments(match["text"])
    found = await stage.workspace.until(lambda seen: _first(seen.messages(thread=card.ts), wanted), PATIENCE)
    _quote(stage, found, "  Towpath in the thread")


async def _only_to(stage: Stage, match: re.Match[str]) -> None:
    """A message that one person alone sees."""
    person, wanted = stage.workspace.person(match["who"]), _fragments(match["text"])
    found = await stage.workspace.until(lambda seen: _first(seen.ephemerals(to=person.id), wanted), PATIENCE, stage.mark)
    _quote(stage, found, f"Towpath, only visible to {person.real_name}")


async def _card_says(stage: Stage, match: re.Match[str]) -> None:
    """The card, as it was edited."""
    card, wanted = _card(stage), _fragments(match["text"])
    stage.card = await stage.workspace.until(lambda seen: _first([one for one in seen.messages() if one.ts == card.ts], wanted), PATIENCE)
    state = stage.card.plain.splitlines()
    stage.say(f"  the card now says:  {state[0].strip()} / {state[1].strip() if len(state) > 1 else ''}")


async def _serves(stage: Stage, match: re.Match[str]) -> None:
    """Ask a model server itself what it answers with by default."""
    url = f"{stage.installation.servers[match['server']].url}/v2/models/{match['model']}"
    live = json.loads(await asyncio.to_thread(_get, url))["parameters"]["default_version"]
    if not live.startswith(f"{match['version']}-"):
        raise StoryFailed(f"it serves {live}")
    stage.say(f"  (model server {match['server']} serves {match['model']} {live})")


async def _audit_page(stage: Stage, match: re.Match[str]) -> None:
    """Open the audit link of the card as a browser would."""
    url = _link(_card(stage), "/audit/")
    page = await asyncio.to_thread(_get, url)
    if missing := [one for one in _fragments(match["text"]) if one not in page]:
        raise StoryFailed(f"the audit page lacks {missing}")
    stage.say(f"  (the audit page opens: {url.partition('?')[0]})")


async def _commit_page(stage: Stage, _: re.Match[str]) -> None:
    """Open the link to the ledger commit on the Git web view."""
    url = _link(_card(stage), "/commit/")
    page = await asyncio.to_thread(_get, url)
    if "P-" not in page:
        raise StoryFailed(f"{url} does not show the commit")
    stage.say(f"  (the commit page opens: {url})")


async def _verifies(stage: Stage, _: re.Match[str]) -> None:
    """Clone the ledger and check it with git alone, as its own README says."""
    folder = stage.installation.folder / f"auditor-{time.time_ns()}"
    clone = ["git", "clone", "-q", "--branch", "towpath", "--single-branch", str(stage.installation.remote), str(folder)]
    await asyncio.to_thread(subprocess.run, clone, check=True)
    signers = f"gpg.ssh.allowedSignersFile={folder / 'allowed_signers'}"
    log = ["git", "-C", str(folder), "--no-replace-objects", "-c", signers, "log", "--format=%G? %GS %P"]
    done = await asyncio.to_thread(subprocess.run, log, check=True, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if bad := [line for line in lines if not re.fullmatch(r"G writer@towpath( [0-9a-f]{40})?\s*", line)]:
        raise StoryFailed(f"git does not verify {bad[:3]}")
    stage.say(f"  (git verifies all {len(lines)} commits of the ledger)")


LINES: tuple[tuple[re.Pattern[str], Act, bool], ...] = (
    (re.compile(r"Towpath in #(?P<channel>\S+): (?P<text>.+)"), _in_channel, True),
    (re.compile(r"Towpath in the thread: (?P<text>.+)"), _in_thread, True),
    (re.compile(r"Towpath only to (?P<who>\w+): (?P<text>.+)"), _only_to, True),
    (re.compile(r"The card says: (?P<text>.+)"), _card_says, True),
    (re.compile(r"The audit page says: (?P<text>.+)"), _audit_page, True),
    (re.compile(r"The commit page opens"), _commit_page, True),
    (re.compile(r"The ledger verifies with stock git"), _verifies, True),
    (re.compile(r"Model server (?P<server>\w+) serves (?P<model>\S+) (?P<version>\S+)"), _serves, True),
    (re.compile(r"(?P<who>\w+) in #(?P<channel>\S+): (?P<text>.+)"), _says, False),
    (re.compile(r"(?P<who>\w+) in the thread: (?P<text>.+)"), _replies, False),
    (re.compile(r"(?P<who>\w+) presses (?P<text>.+)"), _presses, False),
)


def _fragments(text: str) -> list[str]:
    return [part.strip() for part in text.split("|")]


def _first(messages: list[Message], wanted: list[str], fits: Callable[[Message], bool] = lambda _: True) -> Message | None:
    return next((one for one in messages if fits(one) and all(words in one for words in wanted)), None)


def _same(seen: Transcript, card: Message) -> Message | None:
    return next((one for one in seen.messages() if one.ts == card.ts), None)


def _card(stage: Stage) -> Message:
    if stage.card is None:
        raise StoryFailed("no card has been seen yet in this scene")
    return stage.card


def _link(card: Message, part: str) -> str:
    found = re.search(rf"https?://[^\s|>)\"]*{re.escape(part)}[^\s|>)\"]*", json.dumps(card.raw, ensure_ascii=False))
    if found is None:
        raise StoryFailed(f"the card has no link with {part}")
    return found[0].replace("&amp;", "&")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  an address of our own processes
        return str(answer.read().decode())


def _quote(stage: Stage, message: Message, who: str) -> None:
    """Print a message the first time it is met, shortened."""
    if message.ts in stage.quoted:
        return
    stage.quoted.add(message.ts)
    lines = [re.sub(r"\(http[^\s)]+\)", "(link)", line) for line in message.plain.splitlines()]
    cut = lines[:SHOWN_LINES] + ([f"... ({len(lines) - SHOWN_LINES} more lines)"] if len(lines) > SHOWN_LINES else [])
    indent = " " * (len(who) - len(who.lstrip()))
    stage.say("\n".join([f"{who}:", *(f"{indent}    | {line}" for line in cut)]))
