"""Play a story: each line of `story.txt` is something a person does, or something that must be seen. What happens is printed as it happens."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from demo import outside
from demo.installation import Installation
from demo.scene import Stage, StoryFailed, fragments
from demo.slack.client import Workspace
from demo.slack.seen import Message, Transcript

__all__ = ["STORY", "StoryFailed", "play"]

STORY = Path(__file__).with_name("story.txt")
PATIENCE = 60.0
SHOWN_LINES = 14
DEBT = re.compile(r"\bD-[0-9]+")

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
        stage.scene = stage.workspace.mark()
        stage.say(f"\n== {line[2:]}\n")
        return 0
    for pattern, act, expects in LINES:
        if match := pattern.fullmatch(line):
            await act(stage, match)
            return int(expects)
    raise StoryFailed(f"nobody knows how to play: {line}")


async def _says(stage: Stage, match: re.Match[str]) -> None:
    """A person types a message or a slash command in a channel. `D-?` is the debt that was read of last."""
    person, channel, text = stage.workspace.person(match["who"]), match["channel"], match["text"].replace("D-?", stage.debt or "D-?")
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
    await person.reply(stage.shown(), match["text"])


async def _presses(stage: Stage, match: re.Match[str]) -> None:
    """A person presses a button of the card, named by all of its words or by the first with `...` behind them."""
    person, card = stage.workspace.person(match["who"]), stage.shown()
    stage.mark = stage.workspace.mark()
    stage.say(f"  {person.real_name} ({person.role}) presses [{match['text']}]")
    now, label = await stage.workspace.until(lambda seen: _button(seen, card, match["text"]), PATIENCE)
    await person.click(now, label)


async def _in_channel(stage: Stage, match: re.Match[str]) -> None:
    """A card (or other message) of the bot in a channel; it is the one people look at from now on.

    What comes by itself may have come at any time since the scene began; else it follows from what was done last.
    """
    since = stage.scene if match["itself"] else stage.mark
    channel, wanted = stage.workspace.channel(match["channel"]), fragments(match["text"])
    stage.card = await stage.workspace.until(
        lambda seen: _first([one for one in seen.messages(channel=channel) if _is_card(one)], wanted), PATIENCE, since
    )
    _quote(stage, stage.card, f"Towpath in #{match['channel']}")


async def _in_thread(stage: Stage, match: re.Match[str]) -> None:
    """A message of the bot in the card's thread."""
    card, wanted = stage.shown(), fragments(match["text"])
    found = await stage.workspace.until(lambda seen: _first(seen.messages(thread=card.ts), wanted), PATIENCE)
    _quote(stage, found, "  Towpath in the thread")


async def _in_reply(stage: Stage, match: re.Match[str]) -> None:
    """A message of the bot below the question."""
    wanted = fragments(match["text"])
    found = await stage.workspace.until(
        lambda seen: _first([one for one in seen.messages() if "bot_id" in one.raw and not _is_card(one)], wanted), PATIENCE, stage.mark
    )
    _quote(stage, found, "  Towpath in reply")


async def _only_to(stage: Stage, match: re.Match[str]) -> None:
    """A message that one person alone sees."""
    person, wanted = stage.workspace.person(match["who"]), fragments(match["text"])
    found = await stage.workspace.until(lambda seen: _first(seen.ephemerals(to=person.id), wanted), PATIENCE, stage.mark)
    _quote(stage, found, f"Towpath, only visible to {person.real_name}")


async def _card_says(stage: Stage, match: re.Match[str]) -> None:
    """The card, as it was edited."""
    card, wanted = stage.shown(), fragments(match["text"])
    stage.card = await stage.workspace.until(lambda seen: _first([one for one in seen.messages() if one.ts == card.ts], wanted), PATIENCE)
    state = stage.card.plain.splitlines()
    stage.say(f"  the card now says:  {state[0].strip()} / {state[1].strip() if len(state) > 1 else ''}")


LINES: tuple[tuple[re.Pattern[str], Act, bool], ...] = (
    (re.compile(r"Towpath in #(?P<channel>\w+)(?P<itself>, by itself)?: (?P<text>.+)"), _in_channel, True),
    (re.compile(r"Towpath in reply: (?P<text>.+)"), _in_reply, True),
    (re.compile(r"Towpath in the thread: (?P<text>.+)"), _in_thread, True),
    (re.compile(r"Towpath only to (?P<who>\w+): (?P<text>.+)"), _only_to, True),
    (re.compile(r"The card says: (?P<text>.+)"), _card_says, True),
    (re.compile(r"The audit page says: (?P<text>.+)"), outside.audit_page, True),
    (re.compile(r"The commit page opens"), outside.commit_page, True),
    (re.compile(r"The ledger verifies with stock git"), outside.verifies, True),
    (re.compile(r"Model server (?P<server>\w+) serves (?P<model>\S+) (?P<version>\S+)"), outside.serves, True),
    (re.compile(r"Couriers ask model server (?P<server>\w+) about a summer"), outside.ask_about_summer, False),
    (re.compile(r"(?P<who>\w+) writes into the policy: (?P<text>.+)"), outside.proposes, False),
    (re.compile(r"(?P<who>\w+) in #(?P<channel>\S+): (?P<text>.+)"), _says, False),
    (re.compile(r"(?P<who>\w+) in the thread: (?P<text>.+)"), _replies, False),
    (re.compile(r"(?P<who>\w+) presses (?P<text>.+)"), _presses, False),
)


def _first(messages: list[Message], wanted: list[str]) -> Message | None:
    return next((one for one in messages if all(words in one for words in wanted)), None)


def _is_card(message: Message) -> bool:
    """Whether the bot wrote it, and not in a thread."""
    return "bot_id" in message.raw and message.thread_ts in (None, message.ts)


def _button(seen: Transcript, card: Message, words: str) -> tuple[Message, str] | None:
    """The card as it is now, and its button of that name, once it has one."""
    now = next(one for one in seen.messages() if one.ts == card.ts)
    begins = words.endswith("...")
    named = (label for label in now.buttons if label == words or (begins and label.startswith(words[:-3])))
    return next(((now, label) for label in named), None)


def _quote(stage: Stage, message: Message, who: str) -> None:
    """Print a message the first time it is met, shortened."""
    if message.ts in stage.quoted:
        return
    stage.quoted.add(message.ts)
    stage.debt = ([stage.debt, *DEBT.findall(message.plain)])[-1]
    lines = [re.sub(r"\(http[^\s)]+\)", "(link)", line) for line in message.plain.splitlines()]
    cut = lines[:SHOWN_LINES] + ([f"... ({len(lines) - SHOWN_LINES} more lines)"] if len(lines) > SHOWN_LINES else [])
    indent = " " * (len(who) - len(who.lstrip()))
    stage.say("\n".join([f"{who}:", *(f"{indent}    | {line}" for line in cut)]))
