"""users.* and usergroups.*: who somebody is. E-mail needs its own scope; strangers show little of themselves."""

from demo.slack.api.call import Call, Method
from demo.slack.shapes import Json, Refused
from demo.slack.workspace import Group, User


async def users_info(call: Call) -> Json:
    """users.info."""
    return {"user": as_user(call, call.user())}


async def users_list(call: Call) -> Json:
    """users.list: members of the home workspace."""
    team = call.stage.workspace.team.id
    rows = [row for row in call.stage.workspace.users.values() if row.team_id == team]
    page, more = call.page(rows)
    return {"members": [as_user(call, row) for row in page], "cache_ts": int(call.stage.clock.now()), **more}


async def lookup_by_email(call: Call) -> Json:
    """users.lookupByEmail: active members only."""
    wanted = call.need("email", "users_not_found").casefold()
    for user in call.stage.workspace.users.values():
        if user.email and user.email.casefold() == wanted and not user.deleted and not user.is_stranger:
            return {"user": as_user(call, user)}
    raise Refused("users_not_found")


async def usergroups_list(call: Call) -> Json:
    """usergroups.list: disabled ones only when asked for."""
    rows = call.stage.workspace.groups.values()
    wanted = [row for row in rows if call.flag("include_disabled") or not row.date_delete]
    with_users = call.flag("include_users")
    return {"usergroups": [as_group(call, row) | ({"users": row.users} if with_users else {}) for row in wanted]}


async def usergroups_users_list(call: Call) -> Json:
    """usergroups.users.list: ids, without those who left."""
    group = call.stage.workspace.groups.get(call.need("usergroup", "no_such_subteam"))
    if group is None or (group.date_delete and not call.flag("include_disabled")):
        raise Refused("no_such_subteam")
    users = call.stage.workspace.users
    return {"users": [name for name in group.users if not users[name].deleted]}


def as_user(call: Call, user: User) -> Json:
    """A user object as this app's scopes show it."""
    profile: Json = {"real_name": user.real_name, "display_name": user.real_name, "team": user.team_id}
    if user.email and "users:read.email" in call.stage.workspace.app.scopes and not user.is_stranger:
        profile["email"] = user.email
    found: Json = {"id": user.id, "team_id": user.team_id, "name": user.name, "deleted": user.deleted}
    found |= {"real_name": user.real_name, "profile": profile, "is_bot": user.is_bot, "is_app_user": False}
    if user.is_stranger:
        found["is_stranger"] = True
    if user.deleted:
        return found
    found |= {"tz": user.tz, "is_restricted": user.is_restricted, "is_ultra_restricted": user.is_ultra_restricted}
    return found | {"is_admin": False, "is_owner": False, "updated": int(call.stage.clock.now())}


def as_group(call: Call, group: Group) -> Json:
    """A user group object."""
    team = call.stage.workspace.team.id
    names: Json = {"id": group.id, "team_id": team, "handle": group.handle, "name": group.name or group.handle}
    return {**names, "is_usergroup": True, "date_delete": group.date_delete, "user_count": len(group.users)}


_USERS, _GROUPS = ("users:read",), ("usergroups:read",)
METHODS = (
    Method("users.info", users_info, _USERS, takes_json=False),
    Method("users.list", users_list, _USERS, takes_json=False),
    Method("users.lookupByEmail", lookup_by_email, ("users:read.email",), takes_json=False),
    Method("usergroups.list", usergroups_list, _GROUPS, takes_json=False),
    Method("usergroups.users.list", usergroups_users_list, _GROUPS, takes_json=False),
)
