"""Who asks: Slack's word on a user and on the user groups that hold them. What cannot be looked up denies.

The answers are kept in this process, and not in Redis: whoever can write to Redis must not be able to make somebody a manager. They are kept for a
moment only, because Slack tells of a change to one bot, and there may be several.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import structlog

from bot.grammar.times import zone
from bot.identity import Home
from bot.kept import Allowance, Kept
from bot.slack import Later, SaidNo, Slack, SlackTrouble
from bot.views.text import users_in
from workers.contract.actors import Actor, Standing
from workers.contract.names import ActorId, BadName
from workers.contract.outcomes import Moved

log = structlog.get_logger("bot.people")

SHORTEST_WAIT = 2.5
LONGEST_WORDS = 1_000
"""No view shows more of a text of the core than so many characters."""
NAMES_A_MINUTE = 40
"""So often Slack is asked for a name to show. Whoever writes many ids into a reason must not use up the calls that tell who may approve."""
_NO_GROUPS_HERE = {"plan_upgrade_required", "not_paid", "paid_teams_only"}
_NOBODY = {"user_not_found", "user_not_visible"}


@dataclass(frozen=True)
class Ages:
    """How old, in seconds, Slack's word may be: on who a user is, on who is in which group, on what somebody is called.

    Slack allows about 100 `users.info` and 20 `usergroups.list` a minute, for all bots of a workspace together.
    """

    users: float = 30.0
    groups: float = 60.0
    names: float = 600.0


class People:
    """Looks people up."""

    def __init__(self, slack: Slack, home: Home, ages: Ages | None = None) -> None:
        self._slack = slack
        self._home = home
        self._ages = ages or Ages()
        self._users: Kept[dict[str, Any]] = Kept(self._ask_user)
        self._groups: Kept[Mapping[str, tuple[str, ...]]] = Kept(self._ask_groups)
        self._names = Allowance(NAMES_A_MINUTE)

    async def actor(self, user: str, claimed_team: str | None) -> Actor:
        """The user as the core judges them. `claimed_team` is the workspace that the delivery names. Raises BadName for no user id."""
        info, groups = await asyncio.gather(self._user(user, self._ages.users), self._groups_of(user))
        standing = self._standing(info, claimed_team)
        return Actor(self._id(user, info, claimed_team, standing), standing, groups)

    async def standing(self, user: str, claimed_team: str | None) -> Standing:
        """What Slack says the user is."""
        return self._standing(await self._user(user, self._ages.users), claimed_team)

    async def names(self, users: Iterable[str]) -> dict[str, str]:
        """Display names by user id; who cannot be looked up (or not now) keeps the id."""
        wanted = sorted(set(users))
        found = await asyncio.gather(*(self._shown(user) for user in wanted))
        return {user: _name(info) or user for user, info in zip(wanted, found, strict=True)}

    async def zone(self, user: str) -> tzinfo:
        """The time zone in which the user lives, as their Slack profile has it; UTC if nobody can say."""
        return zone(str((await self._shown(user) or {}).get("tz") or ""))

    def forget(self, user: str | None = None) -> None:
        """Slack says that a user changed (or, without one, a group): look again next time."""
        if user:
            self._users.forget(user)
        else:
            self._groups.forget()

    async def _shown(self, user: str) -> dict[str, Any] | None:
        known = self._users.known(user, self._ages.names)
        if known is not None or not (self._users.is_asked(user) or self._names.take()):
            return known
        return await self._user(user, self._ages.names)

    async def _user(self, user: str, age: float) -> dict[str, Any] | None:
        try:
            return await self._users.get(user, age)
        except SlackTrouble as exc:
            log.warning("user_unknown", user=user, trouble=type(exc).__name__)
            return None

    async def _groups_of(self, user: str) -> tuple[str, ...] | None:
        try:
            return (await self._groups.get("all", self._ages.groups)).get(user, ())
        except SlackTrouble as exc:
            log.warning("groups_unknown", trouble=str(exc) if isinstance(exc, SaidNo) else type(exc).__name__)
            return None

    async def _ask_user(self, user: str) -> dict[str, Any]:
        try:
            found = (await self._patiently("users.info", user=user)).get("user")
        except SaidNo as exc:
            if exc.code in _NOBODY:
                return {}
            raise
        return found if isinstance(found, dict) else {}

    async def _ask_groups(self, _: str) -> Mapping[str, tuple[str, ...]]:
        try:
            answer = await self._patiently("usergroups.list", include_users="true")
        except SaidNo as exc:
            if exc.code in _NO_GROUPS_HERE:
                return {}
            raise
        holds: dict[str, list[str]] = {}
        for group in answer.get("usergroups") or ():
            if not group.get("date_delete"):
                for user in group.get("users") or ():
                    holds.setdefault(str(user), []).append(str(group["id"]))
        return {user: tuple(sorted(ids)) for user, ids in holds.items()}

    async def _patiently(self, method: str, **arguments: str) -> dict[str, Any]:
        """Ask, and once more if Slack wants only a short wait."""
        try:
            return await self._slack.call(method, **arguments)
        except Later as exc:
            if exc.seconds > SHORTEST_WAIT:
                raise
            await asyncio.sleep(exc.seconds)
            return await self._slack.call(method, **arguments)

    def _standing(self, info: dict[str, Any] | None, claimed_team: str | None) -> Standing:
        if not info:
            return Standing.UNKNOWN
        if info.get("deleted"):
            return Standing.DEACTIVATED
        if info.get("is_bot") or info.get("is_workflow_bot") or info.get("id") == "USLACKBOT":
            return Standing.BOT
        if info.get("is_stranger") or not self._is_ours(info, claimed_team):
            return Standing.STRANGER
        if info.get("is_restricted") or info.get("is_ultra_restricted"):
            return Standing.GUEST
        return Standing.MEMBER

    def _is_ours(self, info: dict[str, Any], claimed_team: str | None) -> bool:
        of_enterprise = (info.get("enterprise_user") or {}).get("enterprise_id")
        lives_here = self._home.is_home(info.get("team_id"), of_enterprise)
        claims_here = claimed_team is None or self._home.is_home(claimed_team) or claimed_team == info.get("team_id")
        return lives_here and claims_here

    def _id(self, user: str, info: dict[str, Any] | None, claimed_team: str | None, standing: Standing) -> ActorId:
        team = self._home.realm
        if standing is Standing.STRANGER:
            team = str((info or {}).get("team_id") or claimed_team or team)
        try:
            return ActorId.read(f"{user}@{team}")
        except BadName:
            return ActorId.read(f"{user}@{self._home.realm}")


def _name(info: dict[str, Any] | None) -> str:
    profile = (info or {}).get("profile") or {}
    found = profile.get("display_name") or (info or {}).get("real_name") or profile.get("real_name") or (info or {}).get("name")
    return str(found or "")


def people_in(moved: Moved) -> set[str]:
    """The Slack user ids of everybody that a promotion speaks of."""
    promotion = moved.promotion
    words = [*(gate.text for gate in promotion.gates), *promotion.reasons, *(event.text for event in promotion.events)]
    actors = [promotion.requester, *(vote.actor for vote in promotion.votes), *(event.actor for event in promotion.events)]
    actors += [moved.held.hold.by] if moved.held else []
    approvers = {user for quorum in promotion.quorums for user in quorum.users}
    told = {user for text in words for user in users_in(text[:LONGEST_WORDS])}
    return {actor.user for actor in actors if actor.is_person} | approvers | told


def people_told(telling: object) -> set[str]:
    """The Slack user ids of everybody that a story speaks of."""
    return people_in(telling) if isinstance(telling, Moved) else set(people_of(telling))


def people_of(outcome: object) -> Iterator[str]:
    """The Slack user ids that any outcome holds: in fields of its own, and in words that quote somebody."""
    if isinstance(outcome, ActorId):
        yield from (outcome.user,) if outcome.is_person else ()
    elif isinstance(outcome, str):
        yield from users_in(outcome[:LONGEST_WORDS])
    elif dataclasses.is_dataclass(outcome):
        for field in dataclasses.fields(outcome):
            yield from people_of(getattr(outcome, field.name))
    elif isinstance(outcome, Mapping):
        yield from people_of(tuple(outcome.values()))
    elif isinstance(outcome, tuple):
        for part in outcome:
            yield from people_of(part)
