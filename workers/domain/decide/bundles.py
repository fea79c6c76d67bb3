"""`promote fraud v3 and checkout v41 to prod`: several promotions opened as one decision, or none of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from workers.contract import requests as ask
from workers.contract.envelope import stamp
from workers.contract.names import Instant, PromotionId
from workers.contract.outcomes import Choose, Reason
from workers.contract.promotion import Promotion, RegisteredVersion, State
from workers.domain import bundle, gates, lane, rights, subject
from workers.domain import decision as d
from workers.domain.decide import evidence, promote
from workers.domain.policy import Rules
from workers.domain.state import World

Found = RegisteredVersion | Reason | None


def open_all(world: World, case: d.Case, wanted: ask.Promote) -> d.Decision:
    """Every item is judged; if one is refused, nothing is opened and every reason is listed."""
    asked = list(_each(wanted))
    what = f"promote {' and '.join(f'{one.artifact or one.kind} {one.version}' for one in asked)} to {wanted.environment}"
    rules = subject.rules_of(world, wanted.environment)
    if isinstance(rules, Reason):
        return d.refuse(world, case, what, rules)
    if wanted.via:
        return d.refuse(
            world, case, what, Reason("via", "Several that move together go to one environment; ask for each environment by itself.")
        )
    if reasons := list(promote.unfit(case, wanted.at)):
        return d.refuse(world, case, what, *reasons)
    found = [_version(world, case, one) for one in asked]
    unknown = next((one for one, version in zip(asked, found, strict=True) if version is None), None)
    if unknown and unknown.artifact and unknown.version and not case.looked:
        return d.answer(effects=(d.Inspect(unknown.artifact, unknown.version, case.wire),))
    reasons = list(_refused(world, case, rules, zip(asked, found, strict=True)))
    versions = [version for version in found if isinstance(version, RegisteredVersion)]
    return d.refuse(world, case, what, *reasons) if reasons else _open(world, case, _Asked(what, rules, wanted.at), versions)


def _each(wanted: ask.Promote) -> Iterator[ask.Promote]:
    yield replace(wanted, also=())
    yield from (replace(wanted, artifact=one.artifact, version=one.version, kind=one.kind, also=()) for one in wanted.also)


def _version(world: World, case: d.Case, wanted: ask.Promote) -> Found:
    """The registered version of one item. Several promotions are never opened on a guess: what would be a menu is a reason."""
    artifact = subject.find_artifact(world, case, wanted)
    if isinstance(artifact, Reason):
        return None if artifact.code == "unknown-artifact" and not case.looked else artifact
    if isinstance(artifact, Choose):
        return Reason("which-artifact", "Say the name of each artifact that is to move together.")
    version = subject.find_version(world, wanted, artifact)
    if isinstance(version, Choose):
        return Reason("which-version", f"{version.question} {', '.join(option.label for option in version.options[:10])}")
    return version


def _refused(world: World, case: d.Case, rules: Rules, items: Iterable[tuple[ask.Promote, Found]]) -> Iterator[Reason]:
    seen = set()
    for wanted, version in items:
        if version is None:
            assert wanted.artifact and wanted.version, "what is not known was named"
            yield subject.unknown_version(world, wanted.artifact, wanted.version)
        elif isinstance(version, Reason):
            yield version
        elif version.artifact in seen:
            yield Reason("twice", f"{version.artifact} stands twice; one artifact moves once.")
        elif there := promote.already(world, rules, version):
            yield Reason("already", there.text)
        elif reason := rights.may_request(world, case, _rules_of(world, rules, version)):
            yield reason
        if isinstance(version, RegisteredVersion):
            seen.add(version.artifact)


@dataclass(frozen=True)
class _Asked:
    """What was asked, for a refusal; the rules of the environment; and the instant before which it does not begin."""

    what: str
    rules: Rules
    at: Instant | None


def _rules_of(world: World, rules: Rules, version: RegisteredVersion) -> Rules:
    return world.policy.rules_for(rules.name, version.artifact, version.kind) or rules


def _open(world: World, case: d.Case, asked: _Asked, versions: list[RegisteredVersion]) -> d.Decision:
    lanes = [_rules_of(world, asked.rules, version) for version in versions]
    opened = _judged(world, case, asked, versions)
    if first := evidence.gather_first(world, case, *zip(opened, lanes, strict=True)):
        return first
    lead, rest = bundle.joined(opened[0], opened[1:]), opened[1:]
    if stopped := gates.stops(lead.gates):
        return d.refuse(world, case, asked.what, *(Reason(gate.gate, gate.text) for gate in stopped))
    state, text = (State.WAITING, "Asked for approval of all together.") if lead.quorum else (State.QUEUED, "No approval is needed.")
    until = {"expires_at": stamp(case.now + min(rules.expires for rules in lanes))} if lead.quorum else {"look_at": case.time}
    followers = [replace(one, quorum=None, also_needed=()) for one in rest]
    moved = [d.move(world, case, one, state, "requested", f"Together with {lead.id}.") for one in followers]
    begun = d.move(world, case, lead, state, "requested", text, **until)
    members = tuple(bundle.member(one) for one in (begun, *moved))
    return d.moved(replace(begun, members=members), *moved)


def _judged(world: World, case: d.Case, asked: _Asked, versions: list[RegisteredVersion]) -> list[Promotion]:
    ids = tuple(PromotionId.read(f"P-{world.last_promotion + number}") for number, _ in enumerate(versions, 1))
    opened = []
    for id_, version in zip(ids, versions, strict=True):
        rules = _rules_of(world, asked.rules, version)
        bare = promote.new(world, case, rules, version, replace(promote.by(case), start_at=asked.at))
        one = replace(bare, id=id_, bundle=ids, to=replace(bare.to, promotion=id_))
        opened.append(lane.alone(world, one, rules, case.now))
    return opened
