"""GTO's tags as they stand in the mirror, read in one pass; a tag that cannot count is told with its reason and a fix.

Only annotated tags on commits count. A version is its commit; an environment is held by every commit whose last event there is an assignment,
and shown with the one that was assigned last. `NAME` and the environment must be names of ours: GTO's grammar is wider.
"""

from __future__ import annotations

from typing import TypeVar

from workers.adapters.git import gto_names
from workers.adapters.git.gto_names import TagName
from workers.adapters.git.mirror import TAGS, Mirror
from workers.contract.names import ArtifactName, BadName, CommitId, EnvironmentName, Name, Version
from workers.domain.picture import Act, Event, Oddity, Picture

N = TypeVar("N", bound=Name)

_FIELDS = ("refname", "objecttype", "objectname", "object", "type", "tag", "taggerdate:unix")
_FORM = "--format=" + "%00".join(f"%({name})" for name in _FIELDS)
_LATEST = 1 << 33
_SHOWN = 120
_AGAIN = "Make an annotated tag on the commit under a free name (`git tag -a`), or leave it."


def read(mirror: Mirror, *names: str) -> Picture:
    """What the mirror's tags say (or those of these names alone), by one `git for-each-ref` whose answer is never held as a whole."""
    reading = _Reading()
    for line in mirror.git.lines("for-each-ref", _FORM, *([TAGS + name for name in names] or [TAGS])):
        reading.take(line)
    return reading.picture()


class _Reading:
    """One pass over the tags. What is said of a name is worked out once for each distinct name."""

    def __init__(self) -> None:
        self._picture = Picture()
        self._artifacts: dict[str, ArtifactName | str] = {}
        self._versions: dict[str, Version | str] = {}
        self._environments: dict[str, EnvironmentName | str] = {}
        self._commits: dict[str, CommitId] = {}
        self._spelled: dict[str, dict[str, int]] = {}

    def take(self, line: str) -> None:
        refname, kind, tag, commit, of, inner, time = line.split("\0")
        name = refname[len(TAGS) :]
        self._picture.names[name] = tag
        said = gto_names.parse(name)
        if said is None:
            if gto_names.is_near(name):
                self._pass_over(
                    name, "is not in GTO's grammar", "Write a version as name@v1.2.3 and an assignment as name#prod#1, or leave it."
                )
            return
        artifact = self._artifact(said)
        if said.counter:
            self._picture.counters[artifact] = max(self._picture.counters.get(artifact, 0), said.counter)
        if found := _fault(name, kind, of, inner, time):
            self._pass_over(name, *found)
            return
        seconds = int(time)
        if seconds > self._picture.times.get(artifact, 0):
            self._picture.times[artifact] = seconds
        self._event(name, said, tag, commit, seconds)

    def _artifact(self, said: TagName) -> str:
        """The artifact by our name, or as it is written when it can be none of ours."""
        found = self._artifacts.get(said.artifact)
        if found is None:
            found = self._artifacts[said.artifact] = _read(ArtifactName, said.artifact.replace("=", "/", 1))
        return found if isinstance(found, ArtifactName) else said.artifact

    def _event(self, name: str, said: TagName, tag: str, oid: str, seconds: int) -> None:
        artifact, version, environment = self._artifacts[said.artifact], None, None
        if said.version:
            version = self._versions.get(said.version) or self._versions.setdefault(said.version, _read(Version, said.version))
        if said.environment:
            known = self._environments
            environment = known.get(said.environment) or known.setdefault(said.environment, _read(EnvironmentName, said.environment))
        for part in (artifact, version, environment):
            if part is not None and not isinstance(part, Name):
                self._pass_over(
                    name, f"is GTO's and not one of ours: {part}", "Use names of ours for what Towpath shall promote, or leave it."
                )
                return
        if said.act is None:
            self._pass_over(name, "only says that an artifact was created, which changes nothing", "Leave it, or delete it.")
            return
        if said.act is Act.REGISTER and said.counter is not None:
            self._pass_over(name, "registers a version with a counter, which GTO never writes", f"Tag it as {name.rpartition('#')[0]}.")
            return
        self._keep(Event(name, tag, self._commit(oid), seconds, said.counter or 0, said.act, artifact, version, environment), said)  # type: ignore[arg-type]  # each was found to be a name

    def _commit(self, oid: str) -> CommitId:
        return self._commits.get(oid) or self._commits.setdefault(oid, CommitId.read(oid))

    def _keep(self, event: Event, said: TagName) -> None:
        self._picture.events.append(event)
        spelled = self._spelled.setdefault(event.artifact, {})
        spelled[said.artifact] = spelled.get(said.artifact, 0) + 1

    def _pass_over(self, name: str, why: str, fix: str) -> None:
        self._picture.oddities.append(Oddity(f"The tag {name[:_SHOWN]!r} was passed over: it {why}.", fix))

    def picture(self) -> Picture:
        """What was taken, in order."""
        picture = self._picture
        strays: set[str] = set()
        for artifact, spelled in self._spelled.items():
            chosen = max(spelled, key=lambda one: (spelled[one], one == artifact))
            if chosen != artifact:
                picture.spellings[artifact] = chosen
            if others := spelled.keys() - {chosen}:
                strays |= others
                picture.oddities += [_clash(artifact, chosen, other) for other in sorted(others)]
        if strays:
            picture.events = [event for event in picture.events if _spelling_of(event) not in strays]
        picture.events.sort(key=lambda event: (event.time, event.counter, event.act is Act.UNASSIGN))
        return picture


def _clash(artifact: str, chosen: str, other: str) -> Oddity:
    what = f"The artifact {artifact} is written in tags both as {chosen} and as {other}: the tags of {other} were passed over."
    return Oddity(what, f"Let all tags of it be written as {chosen}; GTO takes the two for two artifacts.")


def _spelling_of(event: Event) -> str:
    found = gto_names.parse(event.name)
    return found.artifact if found else ""


def _read(kind: type[N], text: str) -> N | str:
    """The name, or why the text is none."""
    try:
        return kind.read(text)
    except BadName as exc:
        build = " (what follows the + has no order, so two such versions could not be told apart)" if "+" in text else ""
        return f"{exc}{build}"


def _fault(name: str, kind: str, of: str, inner: str, time: str) -> tuple[str, str] | None:
    """Why a tag in GTO's grammar cannot count, and what to do."""
    if kind != "tag":
        return (
            "is not annotated",
            f"Annotate it: git tag -f -a -m registered '{name[:_SHOWN]}' '{name[:_SHOWN]}^{{}}', and push it with --force.",
        )
    if of != "commit":
        return f"names a {of} and not a commit", _AGAIN
    if inner != name:
        return f"calls itself {inner[:80]!r}: somebody put it under another name", _AGAIN
    if not time.isdigit() or int(time) > _LATEST:
        return "has no tagger or no time that can be", _AGAIN
    return None
