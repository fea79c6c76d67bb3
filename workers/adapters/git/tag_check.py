"""Version and environment tags against what the ledger registered. A lasting difference of version tags is somebody's doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workers.adapters.git import gto
from workers.adapters.git.commits import signer
from workers.adapters.git.mirror import TAGS, Mirror
from workers.adapters.git.objects import Missing
from workers.contract.promotion import RegisteredVersion
from workers.contract.verified import Found
from workers.domain.listed import Listed, bare
from workers.domain.picture import Act, Picture

_BEGINS = b"-----BEGIN SSH SIGNATURE-----\n"


def against(mirror: Mirror, versions: Iterable[RegisteredVersion]) -> Iterator[Found]:
    """The version tags that were moved, or re-pointed so that the name inside is another's."""
    picture = gto.read(mirror)
    places = {event.name: event.commit for event in picture.events if event.act is Act.REGISTER}
    for version in versions:
        name = _name(picture, version)
        if name in picture.names and name not in places:
            text = f"The tag {name} is not the one that was made: it is not annotated, or the name inside is another."
            yield Found("tag-repointed", text)
        elif name in places and places[name] != version.commit:
            yield Found("tag-moved", f"The tag {name} is at {places[name][:12]}, but the ledger registered {version.commit[:12]}.")


def _name(picture: Picture, version: RegisteredVersion) -> str:
    return f"{picture.spelling(version.artifact)}@{version.version}"


def remarks(mirror: Mirror, versions: Iterable[RegisteredVersion], signers: Listed) -> Iterator[str]:
    """What may be somebody's doing or only late: tags that are missing, environment tags that the writer did not sign."""
    picture = gto.read(mirror)
    for version in versions:
        if _name(picture, version) not in picture.names:
            yield f"The tag {_name(picture, version)} is missing: it was deleted, or is not shown yet."
    ours = {signers.writer, *signers.retired} - signers.revoked
    for event in picture.events:
        if event.act in (Act.ASSIGN, Act.UNASSIGN) and _signer(mirror, event.tag) not in ours:
            yield f"The tag {event.name} is not signed by the ledger's writer: {TAGS}{event.name} is somebody else's and decides nothing."


def _signer(mirror: Mirror, tag: str) -> str:
    try:
        content = mirror.objects.read(tag, "tag")
    except Missing:
        return ""
    text, mark, armor = content.partition(_BEGINS)
    return bare(signer(text, (mark + armor).decode(errors="replace")) or "")
