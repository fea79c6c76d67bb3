"""The command table: one row per command. Parser, help, autocomplete, permission and `docs/commands.md` all come from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum

from workers.contract import requests as ask


class Right(Enum):
    """What the policy must grant for a command. `ANYONE` still means a member of the home workspace."""

    ANYONE = "anyone"
    REQUEST = "request"
    APPROVE = "approve"
    RUN = "run"
    EMERGENCY = "emergency"


class Lane(Enum):
    """Which Celery queue a request goes to."""

    CHANGES = "changes"
    QUERIES = "queries"
    EFFECTS = "effects"


class Token(Enum):
    """What a slot holds; the value is how help writes it."""

    KIND = "kind"
    NAME = "NAME"
    VERSION = "VERSION"
    ITEM = "NAME VERSION"
    ENVIRONMENT = "ENV"
    PROMOTION = "P-142"
    REF = "REF"
    OUTPUT = "OUTPUT"
    PLAN = "PLAN"
    COMMIT = "COMMIT"
    VERB = "VERB"
    TEXT = "TEXT"


@dataclass(frozen=True)
class Slot:
    """One part of a sentence: the request's field, what it holds, and the prepositions that may (or, for TEXT, REF and PLAN, must) precede it.

    One with `many` may be filled several times; its field is a tuple.
    """

    field: str
    token: Token
    after: tuple[str, ...] = ()
    needed: bool = False
    many: bool = False

    @property
    def phrase(self) -> str:
        """As help writes it: `to ENV`, `[because TEXT]`, `[image OUTPUT ...]`."""
        words = f"{self.after[0]} {self.token.value}" if self.after else self.token.value
        words += " ..." if self.many else ""
        return words if self.needed else f"[{words}]"


@dataclass(frozen=True)
class Command:
    """A row: the verb (several words allowed) and its synonyms, the request it makes, the right it needs, and what help says of it."""

    verb: str
    request: type[ask.Request]
    right: Right
    slots: tuple[Slot, ...]
    sentence: str
    example: str
    synonyms: tuple[str, ...] = ()
    in_threads: bool = False

    def __post_init__(self) -> None:
        fields = {field.name for field in dataclasses.fields(self.request)}
        unknown = {slot.field for slot in self.slots} - fields
        if unknown or self.request not in ask.PEOPLE:
            raise TypeError(f"the row {self.verb!r} does not fit {self.request.__name__}: {sorted(unknown)}")
        if not any(self.example == verb or self.example.startswith(verb + " ") for verb in (self.verb, *self.synonyms)):
            raise TypeError(f"the example of {self.verb!r} does not begin with it")

    @property
    def phrase(self) -> str:
        """The whole form, as help and `docs/commands.md` write it."""
        return " ".join([self.verb, *(slot.phrase for slot in self.slots)])

    @property
    def lane(self) -> Lane:
        """Reads are answered from the projection, looks from Git, everything else goes through the one loop that writes."""
        if self.request in ask.LOOKS:
            return Lane.EFFECTS
        return Lane.QUERIES if self.request in ask.READS else Lane.CHANGES

    @property
    def is_question(self) -> bool:
        """Whether it changes nothing."""
        return self.lane is not Lane.CHANGES


_KIND = Slot("kind", Token.KIND)
_NAME = Slot("artifact", Token.NAME)
_IN = ("in", "on", "from", "to", "into", "at")
_BECAUSE = Slot("because", Token.TEXT, after=("because",))
_ONE_VERSION = (
    Slot("artifact", Token.NAME, needed=True), Slot("version", Token.VERSION, needed=True),
    Slot("because", Token.TEXT, after=("because",), needed=True),
)  # fmt: skip
_PROMOTION = Slot("promotion", Token.PROMOTION)

COMMANDS: tuple[Command, ...] = (
    Command(
        "promote", ask.Promote, Right.REQUEST,
        (_KIND, _NAME, Slot("version", Token.VERSION), Slot("also", Token.ITEM, after=("and",), many=True), Slot("source", Token.ENVIRONMENT, after=("from",)),
         Slot("environment", Token.ENVIRONMENT, after=("to", "in", "into", "on"), needed=True), _BECAUSE),
        "Bring a version into an environment: gates first, then approvals, then the deployment with its proof. Several that stand or fall together "
        "are one decision: `promote fraud v3 and checkout v41 to prod`.",
        "promote model v3 to prod because it misses fewer cases",
        synonyms=("ship", "deploy", "release"),
    ),
    Command(
        "rollback", ask.Rollback, Right.RUN,
        (_NAME, Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), Slot("to", Token.VERSION, after=("to",)), _BECAUSE),
        "Go back at once to the last good version (or to one that succeeded there). The version left behind is put on hold.",
        "rollback biopsy in prod because it times out",
        synonyms=("roll back", "revert to", "undo"),
    ),
    Command(
        "approve", ask.Approve, Right.APPROVE, (_PROMOTION, Slot("plan", Token.PLAN, after=("plan",)), _BECAUSE),
        "Approve a promotion that waits. In its thread the word alone is enough.",
        "approve P-142 because the metrics hold", in_threads=True,
    ),
    Command(
        "reject", ask.Reject, Right.APPROVE, (_PROMOTION, _BECAUSE),
        "Reject a promotion that waits: it ends, with your reason.",
        "reject P-142 because the card names no limits", in_threads=True,
    ),
    Command(
        "withdraw", ask.Withdraw, Right.APPROVE, (_PROMOTION, _BECAUSE),
        "Take your own approval back, until deployment begins. What was queued waits for approval again if it then lacks one.",
        "withdraw P-142 because I looked at the wrong card", in_threads=True,
    ),
    Command(
        "dispute", ask.Dispute, Right.APPROVE, (_PROMOTION, Slot("because", Token.TEXT, after=("because",), needed=True)),
        "Say that your own approval was wrong, once deployment has begun. It stops nothing by itself: it opens a debt, tells the channel and "
        "offers the rollback.",
        "dispute P-142 because the holdout leaked into the training data", in_threads=True,
    ),
    Command(
        "cancel", ask.Cancel, Right.REQUEST, (_PROMOTION, _BECAUSE),
        "Take back a promotion that has not begun to deploy: your own, or any with the right to run.",
        "cancel P-142", in_threads=True,
    ),
    Command(
        "retry", ask.Retry, Right.RUN, (_PROMOTION, _BECAUSE),
        "Deploy again a promotion that needs attention.",
        "retry P-142 because the server is back", in_threads=True,
    ),
    Command(
        "register", ask.Register, Right.REQUEST,
        (_KIND, Slot("artifact", Token.NAME, needed=True), Slot("version", Token.VERSION, needed=True), Slot("at", Token.REF, after=("at",)),
         Slot("outputs", Token.OUTPUT, after=("image",), many=True)),
        "Make a commit a version: reads its files, digest, metrics and card, and tags it. Images that were built from it (at most ten) are given "
        "by their digest, such as `registry.example/checkout@sha256:…`; they are part of the version and never change.",
        "register biopsy v4.0.0 at main",
    ),
    Command(
        "deprecate", ask.Deprecate, Right.RUN, _ONE_VERSION,
        "Let a version be promoted no more, in any environment. What runs goes on running, and a rollback to it stays possible. Needs the right "
        "to run wherever it is live.",
        "deprecate biopsy v2.0.0 because it was trained on the wrong labels",
    ),
    Command(
        "undeprecate", ask.Undeprecate, Right.RUN, _ONE_VERSION,
        "Let a deprecated version be promoted again.",
        "undeprecate biopsy v2.0.0 because the labels were right",
    ),
    Command(
        "unhold", ask.Unhold, Right.RUN,
        (Slot("artifact", Token.NAME, needed=True), Slot("version", Token.VERSION, needed=True),
         Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), _BECAUSE),
        "Lift the hold on a version, so that it may be promoted there again.",
        "unhold biopsy v3 in prod because the cause was the proxy",
    ),
    Command(
        "adopt", ask.Adopt, Right.REQUEST,
        (Slot("artifact", Token.NAME, needed=True), Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), _BECAUSE),
        "Request the promotion of the version that somebody assigned there in Git, around Towpath: with all gates and approvals.",
        "adopt biopsy in prod because the pipeline moved it in time",
    ),
    Command(
        "revert", ask.Revert, Right.RUN,
        (Slot("artifact", Token.NAME, needed=True), Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), _BECAUSE),
        "Undo in Git what somebody assigned there around Towpath; what runs stays. To go back to an earlier version, say rollback.",
        "revert biopsy in prod because nobody asked for it",
    ),
    Command(
        "adopt policy", ask.AdoptPolicy, Right.RUN, (Slot("commit", Token.COMMIT),),
        "Put the policy that the source branch proposes into force. Needs the right to run in every environment.",
        "adopt policy 1a2b3c4",
    ),
    Command(
        "show status", ask.ShowStatus, Right.ANYONE, (_NAME, Slot("environment", Token.ENVIRONMENT, after=_IN)),
        "What is where, what is on its way, and what is on hold.",
        "show status biopsy",
        synonyms=("status", "where is", "what is in", "what's in"),
    ),
    Command(
        "show versions", ask.ShowVersions, Right.ANYONE, (_NAME,),
        "The registered versions, newest first, with their metrics and where they are live.",
        "show versions biopsy", synonyms=("versions",),
    ),
    Command(
        "show lineage", ask.ShowLineage, Right.ANYONE, (_NAME, Slot("version", Token.VERSION)),
        "What a version came from: datasets and code. Of a dataset: which models were trained on it, and where they are live.",
        "show lineage biopsies v1.0.0", synonyms=("lineage",),
    ),
    Command(
        "show pending", ask.ShowPending, Right.ANYONE, (_NAME, Slot("environment", Token.ENVIRONMENT, after=_IN)),
        "Promotions that have not ended, and what each one waits for.",
        "show pending", synonyms=("pending",),
    ),
    Command(
        "history", ask.History, Right.ANYONE, (_NAME, Slot("environment", Token.ENVIRONMENT, after=_IN)),
        "How and when an artifact or an environment was last updated, and by whom.",
        "history biopsy in prod", synonyms=("show history",),
    ),
    Command(
        "audit", ask.Audit, Right.ANYONE, (_PROMOTION,),
        "The record of one promotion: who, when, which gates, which bytes, which commits.",
        "audit P-142", synonyms=("show audit",), in_threads=True,
    ),
    Command(
        "audit verify", ask.AuditVerify, Right.ANYONE, (),
        "Whether the whole record is as it was written: signatures, numbers, files, tags, and that its end was not cut off.",
        "audit verify", synonyms=("verify audit", "verify the record"),
    ),
    Command("help", ask.Help, Right.ANYONE, (Slot("verb", Token.VERB),), "What you may ask here.", "help promote"),
    Command("whoami", ask.Whoami, Right.ANYONE, (), "What Towpath knows of you: roles and rights.", "whoami", synonyms=("who am i",)),
)  # fmt: skip

BY_REQUEST: dict[type[ask.Request], Command] = {command.request: command for command in COMMANDS}

SYNONYMS: dict[str, tuple[str, ...]] = {
    "model": ("ml",), "dataset": ("data", "datasets", "feature", "features"), "service": ("app", "application"),
    "prod": ("production", "live"), "staging": ("stg", "stage"),
}  # fmt: skip
"""Other words for kinds and environments. An environment of the policy that bears one of these names itself wins."""

FILLERS = frozenset({"the", "please", "version", "of", "a", "an", "now", "for", "me", "artifact"})
"""Words that drop out wherever they stand (unless they stand where a name is expected and a registered name is meant)."""
