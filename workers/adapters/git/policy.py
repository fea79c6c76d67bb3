"""The policy that people propose: `towpath.yaml` at the source branch."""

from __future__ import annotations

from workers.adapters.git.contents import Contents, Refusals
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.trees import Trees
from workers.contract.names import CommitId
from workers.domain import strict_yaml
from workers.ports.errors import BadContent

FILE = "towpath.yaml"
STAGES = ".gto"
LARGEST = 256 * 1024


def read(mirror: Mirror, contents: Contents, trees: Trees, commit: CommitId, root: str) -> tuple[CommitId, str] | None:
    """The policy's text at a commit and the last commit that changed it; None when there is no such file. Raises BadContent."""
    if trees.find(root, FILE) is None:
        return None
    try:
        text = contents.small(root, FILE, LARGEST).decode()
    except Refusals as exc:
        raise BadContent(*exc.reasons) from exc
    except UnicodeDecodeError as exc:
        raise BadContent(f"{FILE} is not UTF-8.") from exc
    changed = mirror.git.must("rev-list", "--max-count=1", commit, "--", FILE).lines
    return CommitId.read(changed[0]), text


def stages(contents: Contents, trees: Trees, root: str) -> list[str]:
    """The stages that GTO's own file `.gto` allows; none when there is no such file or it cannot be read."""
    if trees.find(root, STAGES) is None:
        return []
    try:
        found = strict_yaml.read(contents.small(root, STAGES, LARGEST).decode()).data
    except (Refusals, UnicodeDecodeError, strict_yaml.BadYaml):
        return []
    listed = found.get("stages") if isinstance(found, dict) else None
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
