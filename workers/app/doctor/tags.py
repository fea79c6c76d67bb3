"""The tags: what is odd in them, what was changed around Towpath, and which versions cannot be registered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.source import GitSource
from workers.app.doctor.finding import Finding, Patient
from workers.contract.externals import Around, External
from workers.domain import reconciliation, tag_oddities
from workers.domain.picture import Oddity, Picture
from workers.domain.policy import Policy
from workers.domain.state import World
from workers.effects.reading import LedgerView
from workers.ports.errors import BadContent
from workers.tasks.wiring import now

MOST = 20
"""So many of each sort are listed; the others are counted."""


def look(patient: Patient) -> Iterator[Finding]:
    """What is to be said of the tags, each with its fix."""
    seen = seen_in(patient.source, GitLedger(patient.mirror, None), patient.public, patient.rules)
    return (Finding("tags", says, fix) for says, fix in seen)


def seen_in(source: GitSource, ledger: GitLedger, public: str, rules: Policy | None) -> Iterator[tuple[str, str | None]]:
    """Words and fixes; None: all is well. `rules` is the policy of the source branch, if it is valid."""
    source.fetch()
    picture = source.picture()
    head = ledger.fetch()
    world = LedgerView(ledger, public).world(head, "") if head else None
    known = world.policy if world else rules
    yield f"{len(picture.names)} tags: {sum(1 for _ in picture.registered())} versions, {len(picture.assigned)} assignments", None
    odd = [*source.oddities(), *tag_oddities.oddities(picture, known.environments if known else ())]
    yield from _listed(odd, "other oddities in tags")
    if world:
        found = reconciliation.tags_against(world, picture, lambda event: source.is_signed(event, public), now())
        yield from _listed([_against(one) for one in found], "other changes around Towpath")
        yield from _listed(list(islice(unregistrable(source, picture, world), MOST)), "")


def _listed(odd: list[Oddity], others: str) -> Iterator[tuple[str, str | None]]:
    for one in odd[:MOST]:
        yield one.what, one.fix
    if len(odd) > MOST:
        yield f"and {len(odd) - MOST} {others}", "Mend those above, then ask again."


def _against(one: External) -> Oddity:
    where = f"{one.artifact} in {one.environment}" if one.environment else f"{one.artifact} {one.version or ''}".strip()
    fixes = {
        Around.ASSIGNED: f"Say in Slack: adopt {where}, or revert {where}.",
        Around.RETIRED: f"Say in Slack: revert {where}.",
        Around.MOVED: f"git push origin ':refs/tags/{one.tag}', then Towpath makes the right one.",
        Around.REPLACED: "Leave it: the ledger keeps the tag that was registered; and let the host protect its tags.",
        Around.GONE: "Leave it: Towpath makes it again, where the host takes its tags; and let the host protect them.",
        Around.WITHDRAWN: "Leave it; the ledger keeps the version.",
        Around.DEPRECATED: "Leave it; the ledger keeps its versions.",
    }
    return Oddity(f"{one.tag}: {one.what.value} around Towpath ({where}); the ledger says otherwise", fixes[one.what])


def unregistrable(source: GitSource, picture: Picture, world: World) -> Iterator[Oddity]:
    """Versions in tags that the ledger does not hold and cannot take up, with the reasons that inspection gives."""
    for event in picture.registered():
        version = event.version
        assert version is not None, "what registers has a version"
        if world.version(event.artifact, version):
            continue
        taken = [one.version for one in world.versions.get(event.artifact, {}).values() if one.commit == event.commit]
        if taken:
            yield Oddity(f"{event.name} cannot be registered: its commit is {taken[0]} already", "Give it a commit of its own.")
            continue
        try:
            source.inspect(event.artifact, version, event.commit, None)
        except BadContent as exc:
            fix = "Mend it in a new commit, and tag that as a new version."
            yield Oddity(f"{event.name} cannot be registered: {'; '.join(exc.reasons)}"[:600], fix)
