"""What others changed in the tags: recorded once, told once, then adopted, reverted, or settled by itself. Nothing of it is ever followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.externals import Around, External
from workers.contract.names import VersionAsk
from workers.contract.outcomes import Externals, Reason, Receipt
from workers.contract.promotion import RegisteredVersion
from workers.contract.wire import plain
from workers.domain import decision as d
from workers.domain import layout, reconciliation, rights, subject
from workers.domain.decide import promote
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_over

Denied = Callable[[World, d.Case, Rules], Reason | None]


def seen(world: World, case: d.Case, report: ask.ExternalsSeen) -> d.Decision:
    """Recorded once and shown in the channel. What the ledger has come to agree with meanwhile is left out."""
    found = tuple(one for one in reconciliation.news(world, report.found) if not _agrees(world, one))
    if not found or is_over(case):
        return d.NOTHING
    return replace(_told(found, "external", "changed around Towpath"), documents=found, announce=(Externals(found),))


def _agrees(world: World, one: External) -> bool:
    if one.artifact not in world.versions:
        return True
    if one.what is not Around.ASSIGNED or one.environment is None:
        return False
    release = world.release(one.environment, one.artifact)
    return release is not None and release.live is not None and release.live.commit == one.commit


def settled(world: World, case: d.Case, report: ask.ExternalsSettled) -> d.Decision:
    """The tags agree again: what is on record of it goes, if it still is what was looked at."""
    found = tuple(one for one in report.found if world.externals.get(layout.external(one)) == one)
    if not found or is_over(case):
        return d.NOTHING
    gone = tuple(layout.external(one) for one in found)
    return replace(_told(found, "external_settled", "agree again"), deleted=gone, announce=(Externals(found, settled=True),))


def _told(found: tuple[External, ...], event: str, words: str) -> d.Decision:
    one = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    about = (one.artifact, one.version, one.environment) if len(found) == 1 else (None, None, None)
    return d.Decision(event=event, subject=f"tag {one.tag}{more}: {words}", about=about, detail={"found": [plain(one) for one in found]})


def adopt(world: World, case: d.Case, wanted: ask.Adopt) -> d.Decision:
    """The version that somebody assigned is requested as any other: nothing is passed over because it is in the tags already."""
    found = _meant(world, case, wanted, rights.may_request)
    if isinstance(found, d.Decision):
        return found
    if reason := _unfit(world, wanted, found):
        return d.refuse(world, case, _what(wanted), reason, suggestions=(f"revert {wanted.artifact} in {wanted.environment}",))
    version = _at(world, wanted, found)
    assert version is not None, "it is fit to be requested"
    again = ask.Promote(VersionAsk.read(str(version.version)), wanted.environment, wanted.artifact, because=wanted.because)
    return promote.promote(world, case, again)


def _unfit(world: World, wanted: ask.Adopt, found: External) -> Reason | None:
    if found.what is Around.RETIRED:
        text = f"{found.tag} takes {wanted.artifact} out of {wanted.environment}, and Towpath empties no environment."
        return Reason("nothing-to-promote", text)
    if _at(world, wanted, found) is None:
        where = f"{found.tag} lies on {str(found.commit)[:12]}"
        return Reason("not-registered", f"{where}, where no version of {wanted.artifact} is registered. Register one there first.")
    return None


def _at(world: World, wanted: ask.Adopt, found: External) -> RegisteredVersion | None:
    return next((one for one in world.versions.get(wanted.artifact, {}).values() if one.commit == found.commit), None)


def revert(world: World, case: d.Case, wanted: ask.Revert) -> d.Decision:
    """The ledger stays; from now on the tags that show it may retire what others assigned. It is settled when the tags agree."""
    found = _meant(world, case, wanted, rights.may_run)
    if isinstance(found, d.Decision):
        return found
    if found.reverted:
        return d.answer(Receipt(f"{found.tag} is being undone already."))
    return d.Decision(
        event="external_reverted",
        subject=f"{wanted.artifact} in {wanted.environment}: the ledger stays",
        documents=(replace(found, reverted=case.actor.id),),
        about=(found.artifact, found.version, found.environment),
        detail={"found": plain(found)},
        outcomes=(Receipt(f"{found.tag} is being undone in the tags; what runs in {wanted.environment} stays."),),
    )


def _meant(world: World, case: d.Case, wanted: ask.Adopt | ask.Revert, denied: Denied) -> External | d.Decision:
    """What was changed around us in the lane that is named, or the answer when somebody may not ask for it, or there is nothing."""
    rules = subject.rules_of(world, wanted.environment, wanted.artifact)
    if isinstance(rules, Reason):
        return d.refuse(world, case, _what(wanted), rules)
    if reason := denied(world, case, rules):
        return d.refuse(world, case, _what(wanted), reason)
    if found := reconciliation.in_lane(world, wanted.artifact, rules.name):
        return found
    nothing = f"Nothing was changed around Towpath for {wanted.artifact} in {rules.name}"
    if isinstance(wanted, ask.Adopt):
        return d.refuse(world, case, _what(wanted), Reason("nothing-external", f"{nothing}."))
    text, back = f"{nothing}; to go back to an earlier version, say rollback.", f"rollback {wanted.artifact} in {rules.name}"
    return d.refuse(world, case, _what(wanted), Reason("nothing-to-revert", text), suggestions=(back,))


def _what(wanted: ask.Adopt | ask.Revert) -> str:
    return f"{type(wanted).__name__.lower()} {wanted.artifact} in {wanted.environment}"
