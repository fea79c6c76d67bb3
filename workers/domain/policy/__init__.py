"""The policy: who may do what where. Read from YAML with a reason, a line and a fix for each thing that is wrong."""

from workers.domain.policy.reading import FILE, BadPolicy, in_force, read
from workers.domain.policy.rules import Policy, Refined, Refinement, Role, Rules, TargetRule, email_digest

__all__ = ["FILE", "BadPolicy", "Policy", "Refined", "Refinement", "Role", "Rules", "TargetRule", "email_digest", "in_force", "read"]
