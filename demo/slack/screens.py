"""What is open on each person's screen: the stack of modals and the Home tab."""

import copy

from demo.slack.clock import Clock, new_id
from demo.slack.feed import Feed
from demo.slack.shapes import Json, Refused
from demo.slack.workspace import Workspace

DEEPEST = 3
"""Views in one stack of modals."""


class Screens:
    """All views, by id and by person."""

    def __init__(self, workspace: Workspace, clock: Clock, feed: Feed) -> None:
        self._workspace = workspace
        self._clock = clock
        self._feed = feed
        self._views: dict[str, Json] = {}
        self._owner: dict[str, str] = {}
        self._stacks: dict[str, list[str]] = {}
        self._homes: dict[str, str] = {}

    def find(self, view_id: str | None, external_id: str | None = None) -> Json | None:
        """A copy of a view that is still open, or None."""
        for key, view in self._views.items():
            if key == view_id or (external_id and view.get("external_id") == external_id):
                return copy.deepcopy(view)
        return None

    def owner(self, view_id: str) -> str:
        """Whose screen the view is on."""
        return self._owner[view_id]

    def top(self, user: str) -> Json | None:
        """The modal that person sees, or None."""
        stack = self._stacks.get(user)
        return copy.deepcopy(self._views[stack[-1]]) if stack else None

    def home(self, user: str) -> Json | None:
        """That person's Home tab, or None while the app has published none."""
        view_id = self._homes.get(user)
        return copy.deepcopy(self._views[view_id]) if view_id else None

    def open(self, user: str, given: Json) -> Json:
        """Open a modal in place of whatever is open."""
        self._unique(given, None)
        self._drop_stack(user)
        return self._put(user, given, None)

    def push(self, user: str, given: Json) -> Json:
        """Open a modal on top. Raises Refused push_limit_reached."""
        stack = self._stacks.get(user, [])
        if len(stack) >= DEEPEST:
            raise Refused("push_limit_reached")
        self._unique(given, None)
        return self._put(user, given, stack[-1] if stack else None)

    def update(self, view_id: str, given: Json, seen_hash: str | None) -> Json:
        """Replace a view's content. Raises Refused hash_conflict when the caller saw another state."""
        before = self._views[view_id]
        if seen_hash and seen_hash != before["hash"]:
            raise Refused("hash_conflict")
        self._unique(given, view_id)
        place = {key: before[key] for key in ("id", "previous_view_id", "root_view_id", "state")}
        view = self._complete(given) | place
        self._views[view_id] = view
        user = self._owner[view_id]
        if view["type"] == "home" or self._stacks.get(user, [""])[-1] == view_id:
            self._tell(user, view)
        return copy.deepcopy(view)

    def keep(self, view_id: str, block_id: str, action_id: str, value: Json) -> None:
        """Remember what was chosen in a menu of an open view."""
        self._views[view_id]["state"]["values"].setdefault(block_id, {})[action_id] = copy.deepcopy(value)

    def publish(self, user: str, given: Json, seen_hash: str | None) -> Json:
        """Show a Home tab."""
        if view_id := self._homes.get(user):
            return self.update(view_id, given, seen_hash)
        view = self._complete(given)
        view |= {"id": new_id("V"), "previous_view_id": None}
        view["root_view_id"] = view["id"]
        self._views[view["id"]] = view
        self._owner[view["id"]] = user
        self._homes[user] = view["id"]
        self._tell(user, view)
        return copy.deepcopy(view)

    def close(self, user: str) -> None:
        """Close the modal on top; the one below shows again."""
        stack = self._stacks.get(user, [])
        if not stack:
            return
        self._views.pop(stack.pop())
        if stack:
            self._tell(user, self._views[stack[-1]])
        else:
            self._feed.add("modal_closed", {"user": user})

    def clear(self, user: str) -> None:
        """Close all modals of that person."""
        self._drop_stack(user)
        self._feed.add("modal_closed", {"user": user})

    def _drop_stack(self, user: str) -> None:
        for view_id in self._stacks.pop(user, []):
            self._views.pop(view_id, None)

    def _put(self, user: str, given: Json, below: str | None) -> Json:
        view = self._complete(given)
        view |= {"id": new_id("V"), "previous_view_id": below}
        view["root_view_id"] = self._views[below]["root_view_id"] if below else view["id"]
        self._views[view["id"]] = view
        self._owner[view["id"]] = user
        self._stacks.setdefault(user, []).append(view["id"])
        self._tell(user, view)
        return copy.deepcopy(view)

    def _unique(self, given: Json, view_id: str | None) -> None:
        wanted = given.get("external_id")
        if wanted and any(v.get("external_id") == wanted and v["id"] != view_id for v in self._views.values()):
            raise Refused("duplicate_external_id")

    def _complete(self, given: Json) -> Json:
        app, team = self._workspace.app, self._workspace.team
        empty: Json = {"title": None, "submit": None, "close": None, "clear_on_close": False, "notify_on_close": False}
        empty |= {"private_metadata": "", "callback_id": "", "external_id": ""}
        stamp = f"{self._clock.stamp()}.{new_id('', 8)}"
        fixed: Json = {"hash": stamp, "team_id": team.id, "app_id": app.id, "bot_id": app.bot_id}
        fixed |= {"app_installed_team_id": team.id, "state": {"values": {}}}
        return empty | copy.deepcopy(given) | fixed

    def _tell(self, user: str, view: Json) -> None:
        kind = "home" if view["type"] == "home" else "modal"
        self._feed.add(kind, {"user": user, "view": copy.deepcopy(view)})
