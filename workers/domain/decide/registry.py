"""`register`, `unhold`, `adopt policy`, and what the source branch proposes."""

from __future__ import annotations

import difflib

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.names import Digest, VersionAsk
from workers.contract.outcomes import Choose, Notice, Option, PolicyAdopted, PolicyWaits, Reason, Receipt
from workers.contract.signatures import fingerprint
from workers.domain import decision as d
from workers.domain import layout, policy, rights, subject
from workers.domain.state import WRITER, World
from workers.domain.times import is_over

LONGEST = 8000
SHORTEST = 7
"""So many digits of a commit's id must be named to adopt its policy."""


def register(world: World, case: d.Case, wanted: ask.Register) -> d.Decision:
    """Ask for the facts of a version; they are recorded when they have been read. Whoever may request anywhere may register."""
    what = f"register {wanted.artifact} {wanted.version}"
    kind = subject.kind_of(world, wanted.artifact) or wanted.kind
    lanes = (world.policy.rules_for(name, wanted.artifact, kind) for name in world.policy.environments)
    denied = [rights.may_request(world, case, rules) for rules in lanes if rules]
    if denied and all(denied):
        return d.refuse(
            world, case, what, Reason("right-request", "You may not request promotions of it to any environment, so you may not register.")
        )
    if len(set(wanted.outputs)) < len(wanted.outputs) or len(wanted.outputs) > ask.MOST_OUTPUTS:
        return d.refuse(world, case, what, Reason("outputs", f"A version has at most {ask.MOST_OUTPUTS} images, each named once."))
    asked = VersionAsk.read(str(wanted.version))
    look = d.Inspect(wanted.artifact, asked, case.wire, wanted.at, wanted.kind, wanted.version)
    return d.answer(effects=(look,))


def unhold(world: World, case: d.Case, wanted: ask.Unhold) -> d.Decision:
    """A named person lifts a hold, with a reason."""
    what = f"lift the hold on {wanted.artifact} {wanted.version} in {wanted.environment}"
    rules = subject.rules_of(world, wanted.environment, wanted.artifact)
    if isinstance(rules, Reason):
        return d.refuse(world, case, what, rules)
    if reason := rights.may_run(world, case, rules):
        return d.refuse(world, case, what, reason)
    if not wanted.because:
        return d.refuse(world, case, what, Reason("because", "Lifting a hold needs a reason: because ..."))
    found = [
        hold
        for (environment, artifact, _), hold in world.holds.items()
        if (environment, artifact) == (rules.name, wanted.artifact) and wanted.version.matches(hold.version)
    ]
    if not found:
        return d.refuse(world, case, what, Reason("no-hold", f"{wanted.artifact} {wanted.version} is not on hold in {rules.name}."))
    if len(found) > 1:
        asked = ((one.version, f"unhold {one.artifact} {one.version} in {one.environment} because {wanted.because}") for one in found)
        return d.answer(Choose("Several versions are on hold there. Which one?", tuple(Option(label, words) for label, words in asked)))
    (hold,) = found
    return d.Decision(
        event="hold_lifted",
        subject=f"{hold.artifact} {hold.version} in {hold.environment}: hold lifted",
        deleted=(layout.path_of(hold),),
        about=(hold.artifact, hold.version, hold.environment),
        detail={"hold": wire.plain(hold)},
        outcomes=(Receipt(f"The hold on {hold.artifact} {hold.version} in {hold.environment} is lifted; it may be promoted there again."),),
    )


def proposed(world: World, case: d.Case, report: ask.PolicyProposed) -> d.Decision:
    """The source branch holds another policy: checked, recorded once, shown in the channel. It takes force only when somebody adopts it."""
    digest = Digest.read(wire.sha256(report.text.encode()))
    if is_over(case) or (world.proposal and world.proposal.digest == digest):
        return d.NOTHING
    if digest == world.policy.digest:
        return _withdrawn(world.proposal) if world.proposal else d.NOTHING
    proposal = layout.Proposal(report.commit, digest, report.text)
    diff = difference(world.policy_text, report.text)
    try:
        policy.read(report.text)
    except policy.BadPolicy as exc:
        waits = PolicyWaits(report.commit, diff, errors=exc.errors)
        event, subject_ = "policy_refused", f"policy {report.commit[:12]} on the source branch is invalid"
    else:
        waits = PolicyWaits(report.commit, diff, world.policy.adopters)
        event, subject_ = "policy_proposed", f"policy {report.commit[:12]} proposed"
    return d.Decision(
        event=event, subject=subject_, documents=(proposal,), detail={"errors": list(waits.errors), "diff": diff}, announce=(waits,)
    )


def _withdrawn(proposal: layout.Proposal) -> d.Decision:
    """The source branch holds the policy in force again: what it proposed before can no longer be adopted."""
    text = f"The policy {proposal.commit[:12]} is no longer proposed: the source branch holds the one in force again."
    return d.Decision(
        event="policy_withdrawn",
        subject=f"policy {proposal.commit[:12]} withdrawn",
        deleted=(layout.PROPOSED,),
        detail={"commit": proposal.commit, "digest": proposal.digest},
        announce=(Notice(text),),
    )


def adopt(world: World, case: d.Case, wanted: ask.AdoptPolicy) -> d.Decision:
    """The proposed policy takes force by the word of somebody who may run every environment of the one in force."""
    proposal, what = world.proposal, "adopt the policy"
    if proposal is None:
        return d.refuse(world, case, what, Reason("nothing-proposed", "The policy on the source branch is the one in force."))
    if not wanted.commit or len(wanted.commit) < SHORTEST or not proposal.commit.startswith(wanted.commit.lower()):
        named = f", not {wanted.commit}" if wanted.commit else ""
        text = f"The source branch proposes {proposal.commit[:12]} now{named}. Read its difference, then name it."
        return d.refuse(world, case, what, Reason("other-proposal", text), suggestions=(f"adopt policy {proposal.commit[:12]}",))
    if not world.policy.may_adopt(case.actor):
        text = "Adopting a policy needs the right to run in every environment."
        return d.refuse(
            world, case, what, Reason("right-run", text, f"may: {' or '.join(world.policy.adopters) or 'nobody by one role alone'}")
        )
    try:
        new = policy.read(proposal.text)
    except policy.BadPolicy as exc:
        return d.refuse(world, case, what, *(Reason("invalid", error) for error in exc.errors))
    if not any(rules.run for rules in new.environments.values()):
        return d.refuse(world, case, what, Reason("locked", "Nobody may run anything by it, so nobody could ever adopt another policy."))
    first = world.policy.trust or fingerprint(world.signers[WRITER])
    if new.trust != first and (new.trust or world.policy.trust):
        return d.refuse(world, case, what, Reason("trust", "It names another `trust` fingerprint; the ledger's first key never changes."))
    diff = difference(world.policy_text, proposal.text)
    return d.Decision(
        event="policy_changed",
        subject=f"policy {proposal.commit[:12]} adopted",
        documents=(layout.Adoption(proposal.commit, new.digest, case.actor.id, case.time, world.seq + 1),),
        deleted=(layout.PROPOSED,),
        texts={layout.POLICY: proposal.text},
        detail={"commit": proposal.commit, "before": world.policy.digest, "after": new.digest, "diff": diff},
        announce=(PolicyAdopted(proposal.commit, diff, case.actor.id),),
    )


def difference(old: str, new: str) -> str:
    """What changes, as a unified diff of about 8,000 characters at most; one that is longer says so at its head, where it is read."""
    text = "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "in force", "proposed", lineterm="", n=2))
    if len(text) <= LONGEST:
        return text
    return f"The first {LONGEST:,} of {len(text):,} characters; read the whole in the repository.\n{text[:LONGEST]}"
