"""What a decision brings with it: the next promotion of a way that was asked for, and the promotions that the policy wants of a new version.

They are opened in the same commit as what they follow from, so each is opened exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.contract.outcomes import Notice, Registered
from workers.contract.promotion import Promotion, RegisteredVersion, State
from workers.domain import decision as d
from workers.domain import gates, lane, rights
from workers.domain.decide import promote
from workers.domain.policy import Rules
from workers.domain.state import World, supposing


def extended(world: World, case: d.Case, decision: d.Decision) -> d.Decision:
    """The decision with the promotions that follow from it."""
    for document in decision.documents:
        if isinstance(document, Promotion) and document.then_to and _just_succeeded(world, document):
            return _gone_on(world, case, decision, document)
        if isinstance(document, RegisteredVersion) and decision.event == "registered":
            return _wanted(world, case, decision, document)
    return decision


def _just_succeeded(world: World, promotion: Promotion) -> bool:
    """Whether it is this decision that ends it: later ones write it too, such as where its card was posted."""
    before = world.promotions.get(promotion.id)
    return promotion.state is State.SUCCEEDED and (before is None or before.state is not State.SUCCEEDED)


def _gone_on(world: World, case: d.Case, decision: d.Decision, done: Promotion) -> d.Decision:
    """The second part of `promote ... to ENV via ENV`: asked for by whom the first was, judged by the rules of its own environment."""
    assert done.then_to is not None, "there is a way on"
    after = supposing(world, decision.documents)
    rules = after.policy.rules_for(done.then_to, done.artifact, done.kind)
    if rules is None:
        gone = f"{done.id} was to go on to {done.then_to}, which the policy no longer has."
        return replace(decision, announce=(*decision.announce, Notice(gone)))
    version = lane.version_of(after, done)
    if promote.already(after, rules, version):
        return decision
    asker = promote.Asker(done.requester, done.channel, done.because)
    bare = promote.new(after, case, rules, version, asker)
    return opened(after, case, _pointing(decision, done, bare), rules, bare, f"{done.id} has succeeded in {done.environment}.")


def _pointing(decision: d.Decision, done: Promotion, onwards: Promotion) -> d.Decision:
    """The first promotion says which one goes on, so that its thread leads there."""
    *before, last = done.events
    said = replace(done, events=(*before, replace(last, text=f"{last.text} {onwards.id} takes it on to {onwards.environment}.")))
    return replace(decision, promotion=said, documents=tuple(said if one is done else one for one in decision.documents))


def _wanted(world: World, case: d.Case, decision: d.Decision, version: RegisteredVersion) -> d.Decision:
    """Each environment that wants every new version of the kind (`on_register`) gets one promotion, or the reason why not is told."""
    asked = {one.environment for one in decision.documents if isinstance(one, Promotion)}
    for rules in (one for one in _lanes(world, version) if one.name not in asked):
        after = supposing(world, decision.documents)
        if why := _why_not(world, case, rules, version):
            decision = _told(decision, f"{version.artifact} {version.version} was not promoted to {rules.name} by itself: {why}")
        elif not promote.already(after, rules, version):
            bare = promote.new(after, case, rules, version, _asker(world, case, version))
            decision = opened(after, case, decision, rules, bare, f"The policy promotes each new {version.kind.value} to {rules.name}.")
    return decision


def _lanes(world: World, version: RegisteredVersion) -> Iterator[Rules]:
    for name, written in world.policy.environments.items():
        if version.kind in written.on_register and (rules := world.policy.rules_for(name, version.artifact, version.kind)):
            yield rules


def _asker(world: World, case: d.Case, version: RegisteredVersion) -> promote.Asker:
    """Who registered it. A tag that was found has nobody: our process stands for it, and the authors may not approve what they made."""
    if case.actor.id.is_person:
        return promote.by(case)
    return promote.Asker(case.actor.id, world.policy.channel_of(version.artifact) or "")


def _why_not(world: World, case: d.Case, rules: Rules, version: RegisteredVersion) -> str | None:
    known = world.versions.get(version.artifact, {}).values()
    if newer := [one.version for one in known if one.version.order > version.version.order]:
        return f"{max(newer, key=lambda one: one.order)} is newer."
    if case.actor.id.is_person:
        return denied(world, case, rules)
    if not version.authors or any(world.policy.person_of(author) is None for author in version.authors):
        return "nobody asked for it, and the policy does not know everybody who made it (add the commit's e-mail address to `people`)."
    return None


def denied(world: World, case: d.Case, rules: Rules) -> str | None:
    """Why the person behind the case may not request a promotion there, if so."""
    reason = rights.may_request(world, case, rules)
    return f"{reason.text} ({reason.clears})" if reason else None


def _told(decision: d.Decision, text: str) -> d.Decision:
    """To the person who registered it, else to the channel."""
    outcomes = tuple(replace(one, notes=(*one.notes, text)) if isinstance(one, Registered) else one for one in decision.outcomes)
    return replace(decision, outcomes=outcomes, announce=decision.announce if outcomes else (*decision.announce, Notice(text)))


def opened(after: World, case: d.Case, decision: d.Decision, rules: Rules, bare: Promotion, why: str) -> d.Decision:
    """The decision with one more promotion, that is judged on the state after it."""
    judged = lane.judged(after, bare, rules)
    begun = promote.opened(after, case, judged, rules, why, _later(after, judged, rules))
    ids = [*decision.detail.get("opened", ()), bare.id]
    outcomes = tuple(
        replace(one, notes=(*one.notes, f"{bare.id} promotes it to {rules.name}.")) if isinstance(one, Registered) else one
        for one in decision.outcomes
    )
    return replace(
        decision,
        documents=(*decision.documents, *begun.documents),
        effects=(*decision.effects, *begun.effects),
        outcomes=outcomes,
        detail={**decision.detail, "opened": ids},
    )


def _later(after: World, judged: Promotion, rules: Rules) -> frozenset[str]:
    """Gates whose evidence nobody has gathered, as nobody asks here: it is gathered when somebody approves, if somebody must."""
    if not judged.quorums:
        return frozenset()
    live = after.version(judged.artifact, judged.live.version) if judged.live else None
    return gates.not_looked_at(gates.Candidate(after, rules, lane.version_of(after, judged), live))
