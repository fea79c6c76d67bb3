"""Where a version came from, and what came from it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.blocks import post, section
from bot.views.post import Links, Names, Post
from bot.views.text import safe, told, when
from workers.contract import outcomes as out
from workers.contract.promotion import Kind, RegisteredVersion

_LONG = 2_900


def lineage(outcome: out.Lineage, links: Links, names: Names) -> Post:
    """The answer to `show lineage`."""
    kind = f" ({outcome.kind.value})" if outcome.kind else ""
    title = f"Lineage of {safe(outcome.artifact)}{kind}"
    lines = [line for one in outcome.versions for line in _version(outcome, one)] or ["Nothing is known of it yet."]
    left = outcome.total - len(outcome.versions)
    more = [f"… ({left} more versions: name one)"] if left > 0 else []
    note = [f"_{told(outcome.note, 200)}_"] if outcome.note else []
    return post("\n".join([f"{title}:", *note, *lines, *more]), section([*note, f"*{title}*", *lines, *more], _LONG))


def _version(outcome: out.Lineage, one: out.Descent) -> Iterator[str]:
    registered = _live(one.live) if one.commit else ", not registered: known only by what was made from it"
    yield f"*{safe(outcome.artifact)} {safe(one.version)}*{registered}"
    for line in details(one):
        yield f"• {line}"
    if not one.parents and outcome.kind is Kind.MODEL:
        yield "• nothing says what it was trained on"
    if not one.children and outcome.kind is Kind.DATASET:
        yield "• no registered model was made from it"


def details(one: out.Descent) -> Iterator[str]:
    """A line for the code, for each version it came from, and for each that came from it."""
    if one.commit:
        own = "" if one.code and one.code != one.commit else " (the version's own)"
        yield f"code at commit `{(one.code or one.commit)[:12]}`{own}, made by {people(one.authors)}"
    if one.retraining:
        yield f"trained by {one.retraining}{parameters(one)}"
    for kin in one.parents:
        yield f"{safe(kin.how, 40)} {_kin(kin)}"
    for kin in one.children:
        yield _kin(kin, f" was {safe(kin.how, 40)} it")
    if left := one.total - len(one.children):
        yield f"… ({left} more)"


def parameters(one: out.Descent) -> str:
    """What a retraining was run with, after a comma; nothing when it was run without."""
    given = [f"{safe(name, 60)} {safe(value, 60)}" for name, value in list(one.parameters.items())[:8]]
    return f", with {', '.join(given)}" if given else ""


def people(number: int) -> str:
    """How many made it: who they are is not in the ledger."""
    return "somebody who is not known" if not number else f"{number} {'person' if number == 1 else 'people'}"


def _kin(kin: out.Kin, how: str = "") -> str:
    name = f"{safe(kin.artifact)} {safe(kin.version)}{how}"
    if not kin.registered:
        return f"{name} (not registered)"
    return f"{name}{_live(kin.live) or _succeeded(kin)}"


def _live(live: tuple[out.Standing, ...]) -> str:
    said = [
        f"{safe(one.environment, 40)} {f'by {one.promotion}' if one.promotion else '(external)'} since {when(one.since)}"
        for one in live[:8]
    ]
    return f", *live in* {'; '.join(said)}" if said else ""


def _succeeded(kin: out.Kin) -> str:
    where = ", ".join(safe(name, 40) for name in list(kin.succeeded_in)[:8])
    return f", succeeded in {where}, not live now" if where else ", nowhere live"


def shape(version: RegisteredVersion) -> str:
    """Rows and columns of a dataset, or how much a model takes and gives, in a few words; nothing when neither is known."""
    said = [f"{table.rows:,} rows × {table.total} columns{_of(version, table.name)}" for table in version.tables[:3]]
    if len(version.tables) > 3:
        said.append(f"{len(version.tables) - 3} more tables")
    if version.signature:
        said.append(f"{version.signature.total} inputs and outputs, by {safe(version.signature.source, 80)}")
    return ", ".join(said)


def _of(version: RegisteredVersion, name: str) -> str:
    return f" in {safe(name, 80)}" if len(version.tables) > 1 else ""
