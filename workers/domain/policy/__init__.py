"""The policy: who may do what where. Read from YAML with a reason, a line and a fix for each thing that is wrong."""

from workers.domain.policy.making import duration
from workers.domain.policy.reading import FILE, BadPolicy, read
from workers.domain.policy.rules import Bound, Policy, Refined, Refinement, Role, Rules, TargetRule, email_digest, is_number

__all__ = [
    "FILE", "BadPolicy", "Bound", "Policy", "Refined", "Refinement", "Role", "Rules", "TargetRule",
    "duration", "email_digest", "is_number", "read",
]  # fmt: skip
