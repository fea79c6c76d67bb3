"""The names that both sides use in Redis and Celery, in one place: streams, keys, queues, tasks."""

from __future__ import annotations

import zlib

SHARDS = 8
INBOX = "towpath:inbox"
INTAKE = "towpath:intake"
EPOCH = "towpath:epoch"
LONGEST_STREAM = 100_000
TAGS_SHOWN = "tags_shown"
"""The mark that the host took every tag that the ledger asked for."""

DRAIN = "towpath.drain"
SWEEP = "towpath.sweep"
ANSWER = "towpath.answer"
REBUILD = "towpath.rebuild"
PUT_BACK = "towpath.put_back"
INSPECT = "towpath.inspect"
GATHER = "towpath.gather"
REFRESH = "towpath.refresh"
LOOK_AT_SOURCE = "towpath.look_at_source"
VERIFY_RECORD = "towpath.verify_record"
DEPLOY = "towpath.deploy"
VERIFY = "towpath.verify"
RESTORE = "towpath.restore"
OBSERVE = "towpath.observe"
READ_RECIPE = "towpath.read_recipe"
MEASURE = "towpath.measure"
SHOW_DRIFT = "towpath.show_drift"
TRAIN = "towpath.train"
END_TRAINING = "towpath.end_training"
BEAT_TRAINING = "towpath.beat_training"
BEAT_CHANGES = "towpath.beat_changes"
BEAT_QUERIES = "towpath.beat_queries"
BEAT_EFFECTS = "towpath.beat_effects"

QUEUES = {
    DRAIN: "changes", SWEEP: "changes",
    ANSWER: "queries", REBUILD: "changes", PUT_BACK: "changes",
    INSPECT: "effects", GATHER: "effects", REFRESH: "effects", READ_RECIPE: "effects",
    LOOK_AT_SOURCE: "effects", VERIFY_RECORD: "effects", DEPLOY: "effects", VERIFY: "effects", RESTORE: "effects",
    OBSERVE: "effects", MEASURE: "effects", SHOW_DRIFT: "effects", TRAIN: "training", END_TRAINING: "training",
    BEAT_CHANGES: "changes", BEAT_QUERIES: "queries", BEAT_EFFECTS: "effects", BEAT_TRAINING: "training",
}  # fmt: skip


BEATS = (BEAT_CHANGES, BEAT_QUERIES, BEAT_EFFECTS, BEAT_TRAINING)
"""The tasks by which each lane shows that its queue is served."""


def watched() -> str:
    """What the bot's watchdog must know when no worker can tell it: the channels to tell, and what is under way."""
    return document("watched")


def outcomes(shard: int) -> str:
    """The stream of outcomes of one shard."""
    return f"towpath:outcomes:{shard}"


def picture(digest: str) -> str:
    """Where a picture that an outcome speaks of lies for an hour, by its SHA-256: PNG in base64. Streams do not carry it."""
    return f"towpath:picture:{digest}"


def shard_of(channel: str) -> int:
    """The shard that serves a conversation: all posts of one channel go through one bot, in order."""
    return zlib.crc32(channel.encode()) % SHARDS


def document(name: str) -> str:
    """A JSON document of the projection, such as `status`, `head` or `promotion:P-142`."""
    return f"towpath:projection:{name}"
