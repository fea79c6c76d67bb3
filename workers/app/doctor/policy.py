"""The policy on the source branch: there, valid, and pinning this ledger's key."""

from __future__ import annotations

from collections.abc import Iterator

from workers.adapters import agent
from workers.app.doctor.finding import Finding, Patient
from workers.app.doctor.ledger import Looking
from workers.app.rotation import trust_root
from workers.domain import policy


def look(patient: Patient) -> Iterator[Finding]:
    """Every error of towpath.yaml, by file and line."""
    branch = patient.settings.towpath_source_branch
    source = patient.source
    source.fetch()
    found = source.policy()
    if found is None:
        yield Finding("policy", f"the branch {branch} has no towpath.yaml", "Add one; docs/policy.md shows the smallest.")
        return
    try:
        patient.rules = policy.read(found[1])
    except policy.BadPolicy as exc:
        for error in exc.errors:
            yield Finding("policy", error, f"Correct towpath.yaml on the branch {branch}; the policy in force stays until then.")
        return
    yield Finding("policy", f"towpath.yaml is valid: {', '.join(patient.rules.environments)}")
    writer = agent.signer(patient.settings.towpath_keys, "writer").public
    yield from _signers(patient.rules)
    yield from _trust(patient.rules, trust_root(Looking(patient.mirror, None), writer))


def _signers(rules: policy.Policy) -> Iterator[Finding]:
    """Whose approval must be signed, and cannot be."""
    places: dict[str, list[str]] = {}
    for one in rules.every_rules():
        for user in (user for quorum in one.approve for user in rules.without_key(quorum)):
            places.setdefault(user, []).append(one.name)
    for user, environments in places.items():
        where = ", ".join(dict.fromkeys(environments))
        fix = f'Add it to towpath.yaml: people: {{{user}: {{ssh: "ssh-ed25519 AAAA..."}}}}; docs/cli.md shows how they sign.'
        yield Finding("policy", f"approvals of {user} for {where} count only when signed, and `people` has no ssh key of theirs", fix)


def _trust(rules: policy.Policy, fingerprint: str) -> Iterator[Finding]:
    if rules.trust != fingerprint:
        says = f"it pins {rules.trust}, which is not this writer's key" if rules.trust else "it pins no ledger key"
        yield Finding("policy", says, f'If the ledger is yours, write in towpath.yaml: trust: "{fingerprint}"')
