"""What a Git host's API says of the rules of a repository, in our words; one module for each kind of host. Nothing is ever changed there."""

from __future__ import annotations

from workers.adapters.hosts.gitea import Gitea
from workers.adapters.hosts.github import GitHub
from workers.adapters.hosts.gitlab import GitLab
from workers.adapters.hosts.place import HostPlace, find
from workers.adapters.hosts.rules import BranchRules, HostSaidNo, Pattern, TagRules

KINDS: dict[str, type[GitHub] | type[GitLab] | type[Gitea]] = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}

__all__ = ["KINDS", "BranchRules", "GitHub", "GitLab", "Gitea", "HostPlace", "HostSaidNo", "Pattern", "TagRules", "find"]
