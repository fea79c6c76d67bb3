"""What somebody changed in Git around Towpath, for the channel, with what can be said about it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.blocks import actions, context, post, section
from bot.views.buttons import run
from bot.views.post import Links, Names, Post
from bot.views.text import code, safe, when
from workers.contract import outcomes as out
from workers.contract.externals import Around, External

_MOST = 10


def externals(outcome: out.Externals, links: Links, names: Names) -> Post:
    """Each change in a line; buttons for those that somebody can decide on."""
    title = "✅ *Tags and ledger agree again.*" if outcome.settled else "⚠️ *Changed in Git around Towpath.* Nothing of it was followed."
    lines = [f"• {_settled(one) if outcome.settled else _said(one)}" for one in outcome.found[:_MOST]]
    more = [f"… ({len(outcome.found) - _MOST} more)"] if len(outcome.found) > _MOST else []
    sentences = [] if outcome.settled else [sentence for one in outcome.found[:_MOST] for sentence in _sentences(one)]
    records = "" if outcome.settled else "What runs, and what the ledger says, is unchanged."
    blocks = [*section([title, *lines, *more], 2_900), *actions(run(sentences)), *context([records])]
    return post(" ".join([title.replace("*", ""), *lines, *more]), blocks)


def _said(one: External) -> str:
    tag, what = code(one.tag, 100), _what(one)
    since = f", dated {when(one.time)}" if one.time else ""
    where = f" ({code(one.commit[:12])})" if one.commit else ""
    match one.what:
        case Around.ASSIGNED:
            version = safe(one.version) if one.version else "a commit without a version"
            holds = f"the ledger has {code(one.expected[:12])} there" if one.expected else "the ledger has nothing there"
            do = "Adopting asks for its promotion, reverting undoes the tag; until then the tags there are left alone."
            return f"{tag}{since} assigns {version}{where} to {what}; {holds}. {do}"
        case Around.RETIRED:
            return f"{tag}{since} takes {what} away, which runs there. Reverting undoes the tag; until then the tags there are left alone."
        case Around.MOVED:
            mend = code(f"git push origin :refs/tags/{one.tag}", 200)
            return f"{tag}{where} was moved; {what} stays what was registered. Whoever may delete tags says {mend}; then Towpath makes the right one."
        case Around.REPLACED:
            return f"{tag}{since} was made anew on the same commit: what it says, and who signed it, is not what was registered. {what} stays as it was."
        case Around.GONE:
            return f"{tag} was deleted; {what} stays registered. Towpath makes the tag again."
        case Around.WITHDRAWN:
            return f"{tag}{since} withdraws {what} in the tags; it stays registered in the ledger."
        case Around.DEPRECATED:
            return f"{tag}{since} deprecates {what} in the tags; its versions stay registered in the ledger."


def _settled(one: External) -> str:
    return f"{_what(one)}: {code(one.tag, 100)}"


def _what(one: External) -> str:
    if one.environment:
        return f"{safe(one.artifact)} in {safe(one.environment)}"
    return f"{safe(one.artifact)} {safe(one.version)}" if one.version else safe(one.artifact)


def _sentences(one: External) -> Iterator[str]:
    if one.what is Around.ASSIGNED:
        yield f"adopt {one.artifact} in {one.environment}"
    if one.environment:
        yield f"revert {one.artifact} in {one.environment}"
