"""The messages of the workspace: what is posted, changed, deleted, and what only one person sees.

Messages are plain JSON in Slack's shape. Whatever is stored or told to the feed is a copy, so nobody edits history.
"""

import copy
from dataclasses import dataclass

from demo.slack.clock import Clock
from demo.slack.feed import Feed
from demo.slack.shapes import Json


@dataclass
class Whisper:
    """An ephemeral message and the one person who sees it."""

    channel: str
    user: str
    message: Json


class Store:
    """Messages by channel and timestamp, in order of time."""

    def __init__(self, clock: Clock, feed: Feed) -> None:
        self._clock = clock
        self._feed = feed
        self.messages: dict[str, dict[str, Json]] = {}
        self.whispers: dict[str, Whisper] = {}
        self.files: dict[str, Json] = {}
        self.bytes: dict[str, bytes] = {}

    def post(self, channel: str, message: Json) -> Json:
        """Add a message; returns it with its `ts`."""
        kept = {**copy.deepcopy(message), "type": "message", "ts": self._clock.stamp()}
        self.messages.setdefault(channel, {})[kept["ts"]] = kept
        self._tell("message", channel, kept)
        return copy.deepcopy(kept)

    def find(self, channel: str, ts: str) -> Json | None:
        """A copy of a message, or None."""
        found = self.messages.get(channel, {}).get(ts)
        return copy.deepcopy(found) if found else None

    def change(self, channel: str, message: Json) -> None:
        """Put a changed message in the place of the one with its `ts`."""
        self.messages[channel][message["ts"]] = copy.deepcopy(message)
        self._tell("message_changed", channel, message)

    def remove(self, channel: str, ts: str) -> None:
        """Delete a message; a root with replies stays as a tombstone, as in Slack."""
        message = self.messages[channel].pop(ts)
        if any(self.replies(channel, ts)):
            grave: Json = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": True, "ts": ts}
            grave |= {"text": "This message was deleted.", "thread_ts": ts}
            self.messages[channel][ts] = grave
            self.messages[channel] = dict(sorted(self.messages[channel].items()))
            self._tell("message_changed", channel, grave)
        else:
            self._tell("message_deleted", channel, message)

    def roots(self, channel: str) -> list[Json]:
        """What stands in the channel itself, oldest first, with the summary of each thread."""
        rows = self.messages.get(channel, {}).values()
        return [
            self.summed(channel, row)
            for row in rows
            if row.get("thread_ts") in {None, row["ts"]} or row.get("subtype") == "thread_broadcast"
        ]

    def replies(self, channel: str, thread_ts: str) -> list[Json]:
        """Copies of the replies of a thread, oldest first, without the root."""
        rows = self.messages.get(channel, {}).values()
        return [copy.deepcopy(row) for row in rows if row.get("thread_ts") == thread_ts and row["ts"] != thread_ts]

    def summed(self, channel: str, message: Json) -> Json:
        """A copy of a message; for the root of a thread with reply_count, reply_users and latest_reply."""
        found = copy.deepcopy(message)
        replies = self.replies(channel, message["ts"])
        if replies:
            users = list(dict.fromkeys(row["user"] for row in replies))
            found |= {"thread_ts": message["ts"], "reply_count": len(replies), "reply_users": users[:5]}
            found |= {"reply_users_count": len(users), "latest_reply": replies[-1]["ts"]}
            found |= {"is_locked": False, "subscribed": False}
        return found

    def whisper(self, channel: str, user: str, message: Json) -> Json:
        """Show a message to one person only; returns it with its `ts`."""
        kept = {**copy.deepcopy(message), "type": "message", "ts": self._clock.stamp(), "is_ephemeral": True}
        self.whispers[kept["ts"]] = Whisper(channel, user, kept)
        self._tell("ephemeral", channel, kept, user)
        return copy.deepcopy(kept)

    def change_whisper(self, ts: str, message: Json) -> None:
        """Put a changed ephemeral message in the place of that one."""
        found = self.whispers[ts]
        found.message = {**copy.deepcopy(message), "type": "message", "ts": ts, "is_ephemeral": True}
        self._tell("ephemeral_changed", found.channel, found.message, found.user)

    def remove_whisper(self, ts: str) -> None:
        """Take an ephemeral message away."""
        if found := self.whispers.pop(ts, None):
            self._tell("ephemeral_deleted", found.channel, found.message, found.user)

    def whispered(self, channel: str, user: str) -> list[Json]:
        """Copies of the ephemeral messages that person sees in the channel."""
        rows = self.whispers.values()
        return [copy.deepcopy(row.message) for row in rows if (row.channel, row.user) == (channel, user)]

    def _tell(self, kind: str, channel: str, message: Json, user: str | None = None) -> None:
        body: Json = {"channel": channel, "message": copy.deepcopy(message)}
        self._feed.add(kind, body | ({"user": user} if user else {}))
