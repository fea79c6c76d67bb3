"""Where an act takes place: the rules of a lane, or every reason why there are none."""

from __future__ import annotations

from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.outcomes import Reason
from workers.domain import subject
from workers.domain.policy import Rules
from workers.domain.state import World


def rules_at(world: World, environment: EnvironmentName, artifact: ArtifactName) -> Rules | list[Reason]:
    """The rules in force for a registered artifact in an environment."""
    rules, name = subject.rules_of(world, environment), subject.artifact_of(world, artifact)
    kind = subject.kind_of(world, artifact)
    if isinstance(rules, Reason) or isinstance(name, Reason) or kind is None:
        return [one for one in (rules, name) if isinstance(one, Reason)]
    return world.policy.rules_for(environment, name, kind) or rules
