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
    COMMAND = "COMMAND"
    GATE = "GATE"
    DEBT = "D-7"
    TIME = "TIME"
    DURATION = "2h"
    TEXT = "TEXT"


@dataclass(frozen=True)
class Slot:
    """One part of a sentence: the request's field, what it holds, and the prepositions that may (or, for TEXT, REF and PLAN, must) precede it.

    One with `many` may be filled several times; its field is a tuple. `also` are words that may stand in the place of a name.
    """

    field: str
    token: Token
    after: tuple[str, ...] = ()
    needed: bool = False
    many: bool = False
    also: tuple[str, ...] = ()

    @property
    def phrase(self) -> str:
        """As help writes it: `to ENV`, `[because TEXT]`, `[image OUTPUT ...]`."""
        meant = " or ".join((self.token.value, *self.also))
        words = f"{self.after[0]} {meant}" if self.after else meant
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
    def nests(self) -> bool:
        """Whether another command stands in it."""
        return self.request in ask.NESTING

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
_WHY = Slot("because", Token.TEXT, after=("because",), needed=True)
_LANE = (Slot("artifact", Token.NAME, needed=True), Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True))
_MAYBE_LANE = (_NAME, Slot("environment", Token.ENVIRONMENT, after=_IN))
_PROMOTION = Slot("promotion", Token.PROMOTION)

COMMANDS: tuple[Command, ...] = (
    Command(
        "promote", ask.Promote, Right.REQUEST,
        (_KIND, _NAME, Slot("version", Token.VERSION), Slot("also", Token.ITEM, after=("and",), many=True),
         Slot("source", Token.ENVIRONMENT, after=("from",)),
         Slot("environment", Token.ENVIRONMENT, after=("to", "in", "into", "on"), needed=True),
         Slot("via", Token.ENVIRONMENT, after=("via", "through")), Slot("at", Token.TIME, after=("at", "in")), _BECAUSE),
        "Bring a version into an environment: gates first, then approvals, then the deployment with its proof. Several that stand or fall together "
        "are one decision: `promote fraud v3 and checkout v41 to prod`. With `via` it goes there first, "
        "and once it has succeeded there its promotion onwards opens by itself, with that environment's own gates and approvals. With a time it "
        "begins then, not before; gates are judged again at that moment, and approvals that come later let it begin at once.",
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
        "pause", ask.Pause, Right.REQUEST, (_PROMOTION, _BECAUSE),
        "Keep a promotion that has not begun to deploy from beginning: your own, or any with the right to run. Approvals may still come.",
        "pause P-142 because the campaign ends tonight", in_threads=True,
    ),
    Command(
        "continue", ask.Continue, Right.REQUEST, (_PROMOTION, _BECAUSE),
        "Let a paused promotion go on: gates and stops are judged again, then it begins.",
        "continue P-142", synonyms=("resume",), in_threads=True,
    ),
    Command(
        "abort", ask.Abort, Right.REQUEST, (_PROMOTION, _BECAUSE),
        "Stop a deployment under way and bring back what was live before: your own, or any with the right to run. No hold is put on it.",
        "abort P-142 because it is the wrong version", in_threads=True,
    ),
    Command(
        "accept live", ask.AcceptLive, Right.RUN, (_PROMOTION, _BECAUSE),
        "End a promotion that needs attention by what its targets report now: it succeeded if all run the new version, it failed if all run "
        "the former one. Anything else is told, and it still needs attention.",
        "accept live P-142 because the server was restarted by hand", in_threads=True,
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
        "emergency promote", ask.EmergencyPromote, Right.EMERGENCY,
        (_KIND, _NAME, Slot("version", Token.VERSION), Slot("source", Token.ENVIRONMENT, after=("from",)),
         Slot("environment", Token.ENVIRONMENT, after=("to", "in", "into", "on"), needed=True),
         Slot("skipping", Token.GATE, after=("skipping",), many=True), _WHY),
        "Break-glass: promote past exactly what you name (`approval`, `soak`, `freeze`, `lock` or gates) and nothing else. The channels are told, and "
        "it opens a debt that somebody else must close. The digest, the safety of the files, holds and deprecation are never passed over.",
        "emergency promote biopsy v3 to prod skipping soak, approval because prod is down",
        synonyms=("emergency ship", "emergency deploy", "emergency release"),
    ),
    Command(
        "close debt", ask.CloseDebt, Right.RUN, (Slot("debt", Token.DEBT, needed=True), _WHY),
        "Say that what an emergency or a dispute left behind is settled, and how. Not by the person who opened it.",
        "close debt D-7 because the version passed its soak and was approved afterwards",
    ),
    Command(
        "freeze", ask.Freeze, Right.RUN,
        (Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), Slot("until", Token.TIME, after=("until", "for"), needed=True), _WHY),
        "Let nothing begin to deploy in an environment until a time. What is approved meanwhile is queued and starts by itself at the end. A "
        "deployment that runs is not stopped, and a rollback stays possible.",
        "freeze prod until 2030-12-27 9:00 because of the holidays",
    ),
    Command(
        "unfreeze", ask.Unfreeze, Right.RUN, (Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), _BECAUSE),
        "Lift a freeze before its time.",
        "unfreeze prod because the incident is over", synonyms=("thaw",),
    ),
    Command(
        "lock", ask.Lock, Right.REQUEST, (*_LANE, Slot("lasts", Token.DURATION, after=("for",)), _WHY),
        "Keep an artifact in an environment to yourself: only your own promotions begin there. Whoever may not run the environment says for how "
        "long, a day at most.",
        "lock biopsy in prod for 2h because I compare two versions there",
    ),
    Command(
        "unlock", ask.Unlock, Right.REQUEST, (*_LANE, _BECAUSE),
        "Lift your own lock, or anybody's with the right to run.",
        "unlock biopsy in prod",
    ),
    Command(
        "steal lock", ask.StealLock, Right.RUN, (*_LANE, _WHY),
        "Take over somebody's lock. They are told.",
        "steal lock biopsy in prod because Ben is on holiday",
    ),
    Command(
        "hold", ask.Hold, Right.RUN,
        (Slot("artifact", Token.NAME, needed=True), Slot("version", Token.VERSION, needed=True),
         Slot("environment", Token.ENVIRONMENT, after=_IN, needed=True), Slot("since", Token.TIME, after=("since",)), _WHY),
        "Let a version be promoted there no more, and never be gone back to. With `since`, the record lists when it was live while it was bad. What "
        "runs goes on running; to go back, say rollback.",
        "hold biopsy v3 in prod since 2026-11-20 9:00 because it misses small lesions",
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
        "show policy", ask.ShowPolicy, Right.ANYONE, (_NAME, Slot("environment", Token.ENVIRONMENT, after=_IN)),
        "The rules that are in force: who may do what, what a version must prove, when nothing goes out, where it is served; who adopted them when.",
        "show policy biopsy in prod", synonyms=("policy", "show rules"),
    ),
    Command(
        "plan", ask.Plan, Right.ANYONE, (Slot("wanted", Token.COMMAND, needed=True),),
        "What a command would do if you said it now: what goes live in place of what, the gates, whose approval, what it waits for. Changes nothing.",
        "plan promote biopsy v3 to prod", synonyms=("dry run",),
    ),
    Command(
        "can i", ask.CanI, Right.ANYONE, (Slot("wanted", Token.COMMAND, needed=True),),
        "Whether your rights are enough for a command. Changes nothing.",
        "can i rollback biopsy in prod", synonyms=("may i",),
    ),
    Command(
        "why not", ask.WhyNot, Right.ANYONE, (_PROMOTION, Slot("wanted", Token.COMMAND)),
        "Every condition that a promotion or a command does not meet, with who can clear it and when. In a promotion's thread it needs no id. "
        "By mention or command only: people say it to each other.",
        "why not P-142", synonyms=("what blocks",),
    ),
    Command(
        "show queue", ask.ShowQueue, Right.ANYONE, _MAYBE_LANE,
        "What is under way and what waits behind it: the order, the reasons, and when it is looked at next.",
        "show queue biopsy in prod", synonyms=("queue",),
    ),
    Command(
        "show locks", ask.ShowLocks, Right.ANYONE, _MAYBE_LANE,
        "Who keeps an artifact in an environment to themselves, why, and until when.",
        "show locks", synonyms=("locks",),
    ),
    Command(
        "show freezes", ask.ShowFreezes, Right.ANYONE, (Slot("environment", Token.ENVIRONMENT, after=_IN),),
        "Which environments are frozen, by whom, why, and until when.",
        "show freezes", synonyms=("freezes",),
    ),
    Command(
        "show holds", ask.ShowHolds, Right.ANYONE, _MAYBE_LANE,
        "Which versions are on hold where and why, and when they were live while they were bad.",
        "show holds biopsy in prod", synonyms=("holds",),
    ),
    Command(
        "show drift", ask.ShowDrift, Right.ANYONE,
        (Slot("artifact", Token.NAME, also=("all",)), Slot("environment", Token.ENVIRONMENT, after=_IN),
         Slot("last", Token.DURATION, after=("last",))),
        "How far live rows and predictions are from what the model learned: the verdict, the worst features in words, a picture. Without a name: "
        "the model of the thread or the channel; where there is none, or with `all`, a table of every model, worst first.",
        "show drift biopsy in prod last 7d", synonyms=("drift",),
    ),
    Command(
        "retrain", ask.Retrain, Right.REQUEST, (_NAME, _BECAUSE),
        "Run the artifact's own pipeline on today's data. What comes out is registered as a new version, compared with the live one, and its "
        "promotion to the first environment is requested, in your name.",
        "retrain biopsy because the scanner was replaced", synonyms=("train again",),
    ),
    Command(
        "stop retraining", ask.StopRetraining, Right.REQUEST, (Slot("artifact", Token.NAME, needed=True), _BECAUSE),
        "End a retraining that runs: your own, or anybody's with the right to run. Nothing of it is kept.",
        "stop retraining biopsy",
    ),
    Command(
        "snooze drift", ask.SnoozeDrift, Right.REQUEST,
        (Slot("artifact", Token.NAME, needed=True), Slot("environment", Token.ENVIRONMENT, after=_IN),
         Slot("until", Token.TIME, after=("until", "for"), needed=True), _BECAUSE),
        "Call nobody for a model's drift until a time. It is measured all the same, and the card says who snoozed it.",
        "snooze drift biopsy until 2030-12-27 9:00 because the new scanner is being calibrated",
    ),
    Command(
        "unsnooze drift", ask.UnsnoozeDrift, Right.REQUEST,
        (Slot("artifact", Token.NAME, needed=True), Slot("environment", Token.ENVIRONMENT, after=_IN), _BECAUSE),
        "Call people for a model's drift again.",
        "unsnooze drift biopsy in prod",
    ),
    Command(
        "audit debts", ask.AuditDebts, Right.ANYONE, (),
        "What emergencies and disputes left behind that nobody has settled yet.",
        "audit debts", synonyms=("show debts", "debts"),
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
