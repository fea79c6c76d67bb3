"""The JSON Schema of `towpath.yaml`, published as `docs/towpath.schema.json` for editors. Each key says what it means, each form shows an example."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workers.contract.promotion import Kind
from workers.domain.gates import table
from workers.domain.gates.gate import DURATION, Gate

Schema = dict[str, Any]

_SLACK_USER = r"^[UW][A-Z0-9]{2,20}$"
_NAME = r"^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?(/[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?){0,3}$"
_ENVIRONMENT = r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$"
_ROLE = r"^[a-z][a-z0-9-]{0,40}$"
_HOURS = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_DATE = r"(2[01][0-9]{2}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


def _closed(properties: Schema, *needed: str) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(needed)}


def _map(pattern: str, value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


def _list(item: Schema, at_least: int = 0) -> Schema:
    return {"type": "array", "items": item, "uniqueItems": True, "minItems": at_least, "maxItems": 500}


def _text(pattern: str, *examples: str, **more: Any) -> Schema:
    return {"type": "string", "pattern": pattern, "examples": list(examples), **more}


def _is(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


_A_ROLE = _text(_ROLE, "ml-leads")
_A_DURATION = _text(DURATION, "90s", "15m", "2h", "7d")
_NONE_OR_A_DURATION = _text(r"^(0|[1-9][0-9]{0,4})(s|m|h|d)$", "15m", "0m")
_A_MOMENT = _text(rf"^((Mon|Tue|Wed|Thu|Fri|Sat|Sun)|{_DATE})( {_HOURS})?$", "Fri 16:00", "12-20", "2026-12-20 18:00")
_AN_ENVIRONMENT = _text(_ENVIRONMENT, "staging")
_ROLES = _list(_A_ROLE)
_ANYBODY = _list(_text(rf"{_ROLE}|^\*$", "ml-leads", "*"))
_TARGET = _closed(
    {
        "name": _is(_text(_ENVIRONMENT, "eu"), "A short name, once in an environment."),
        "type": _is({"enum": ["model-server"]}, "What kind of place it is."),
        "url": _is(_text(r"^https?://[^\s@]+$", "https://models.example.com", maxLength=500), "Its address, without user name or password."),
        "token": _is(_text(r"^env:[A-Z][A-Z0-9_]{0,60}$", "env:EU_TOKEN"), "The environment variable that holds the token."),
    },
    "name", "type", "url",
)  # fmt: skip
_APPROVAL = _closed(
    {
        "from": _is(_list(_A_ROLE, 1), "Roles whose members' votes count."),
        "count": _is({"type": "integer", "minimum": 1, "maximum": 20}, "How many different people of them must approve; 1 when not given."),
        "expires": _is(_A_DURATION, "How long a promotion waits for them; 24h when not given. Of several rules the shortest counts."),
        "exclude": _is(_list({"enum": ["requester", "author"]}), "Who may not approve. The requester never may."),
        "signed": _is({"type": "boolean"}, "Only approvals count that people sign with the `ssh` key of theirs in `people`."),
    },
    "from",
)
_APPROVE: Schema = {
    "if": {"type": "array"},
    "then": {"items": _APPROVAL, "maxItems": 10},
    "else": _APPROVAL,
}
_FREEZE = _closed(
    {
        "from": _is(_A_MOMENT, "When it begins: a weekday (weekly), a month and day (yearly), or a whole date (once), each with a time or without."),
        "until": _is(_A_MOMENT, "When it ends, written in the same form. A day without a time is frozen to its end."),
        "timezone": _is({"type": "string", "maxLength": 60, "examples": ["Europe/Amsterdam"]}, "An IANA time zone; UTC when not given."),
        "because": _is({"type": "string", "maxLength": 200}, "Why, for those who must wait."),
    },
    "from", "until",
)  # fmt: skip

_ROWS = _closed(
    {
        "type": _is(
            {"enum": ["parquet", "requests", "kserve", "sql"]},
            "Parquet files by date, a model server's request log, KServe's payload log, or a query.",
        ),
        "path": _is(
            _text(r"^[^\x00-\x1f]+$", "fraud/logs", "s3://bucket/logs/{artifact}", maxLength=500),
            "Their folder, below the folder that the host gives for live rows, or in an object store.",
        ),
        "database": _is(
            _text(r"^env:[A-Z][A-Z0-9_]{0,60}$", "env:WAREHOUSE"), "The environment variable that says which database a query goes to."
        ),
        "query": _is(
            {"type": "string", "minLength": 1, "maxLength": 10000},
            "One SELECT that gives the rows, with `$begin` and `$end` for the window.",
        ),
        "time": _is(
            {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["seen_at"]}, "The column that says when a row was seen."
        ),
    },
    "type",
)
_QUIET = _closed(
    {
        "from": _is(_text(rf"^{_HOURS}$", "20:00"), "From when nobody is called."),
        "until": _is(_text(rf"^{_HOURS}$", "07:00"), "Until when."),
        "timezone": _is({"type": "string", "maxLength": 60, "examples": ["Europe/Amsterdam"]}, "An IANA time zone; UTC when not given."),
    },
    "from", "until",
)  # fmt: skip
_SHARE: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 10}
_DRIFT = _closed(
    {
        "rows": _is(_ROWS, "Where live rows are."),
        "window": _is(_A_DURATION, "How far back the rows that are compared go; 7d when not given."),
        "every": _is(_A_DURATION, "How often it is measured by itself; only when somebody asks, when not given."),
        "warning": _is(_SHARE, "The PSI from which a column is a warning; 0.1 when not given."),
        "alert": _is(_SHARE, "The PSI from which a column is an alert; 0.25 when not given."),
        "at_least": _is({"type": "integer", "minimum": 20, "maximum": 1000000}, "With fewer rows nothing is said; 200 when not given."),
        "in_a_row": _is(
            {"type": "integer", "minimum": 1, "maximum": 20},
            "How many alerts in a row there must be before people are called; 2 when not given.",
        ),
        "quiet": _is(_QUIET, "Hours in which nobody is called; who would have been is called at their end."),
    },
    "rows",
)

_REFINABLE: Schema = {
    "soak": _is(_A_DURATION, "How long it must have been a success in the environment of `after`."),
    "start_within": _is(_A_DURATION, "How long after its time a scheduled promotion may still begin by itself; 1h when not given."),
    "request": _is(_ANYBODY, "Roles that may ask for promotions into it; `*` is every member of the workspace."),
    "run": _is(_ROLES, "Roles that may roll back, retry, lift holds and cancel what others asked for."),
    "emergency": _is(_ROLES, "Roles that may promote past soak, freezes, locks, gates and approvals, with a reason and a debt."),
    "approve": _is(_APPROVE, "Whose approvals are needed: one rule, or a list of which every one must be met."),
    "gates": _is({"$ref": "#/$defs/gates"}, "What a version must prove here."),
    "freeze": _is(_list(_FREEZE), "When nothing begins to deploy here."),
    "drift": _is(_DRIFT, "How the drift of models that are live here is measured."),
    "targets": _is({"type": "array", "items": _TARGET, "maxItems": 20}, "Where it is served, one after the other in this order."),
}
"""What an environment says, and what may be said otherwise for a kind or an artifact."""
_REFINEMENT = _closed({**_REFINABLE, "soak": _is(_NONE_OR_A_DURATION, str(_REFINABLE["soak"]["description"]))}) | {"minProperties": 1}
_KINDS = {"enum": [kind.value for kind in Kind]}
_ENVIRONMENT_RULES = _closed(
    {
        "after": _is(_AN_ENVIRONMENT, "The identical digest must have succeeded there first."),
        "on_register": _is(_list(_KINDS), "Kinds of artifacts whose versions are promoted here as soon as they are registered."),
        "supersede": _is({"type": "boolean"}, "Whether a new promotion takes the place of those that have not begun to deploy."),
        **_REFINABLE,
        "per_kind": _is(
            _closed({kind.value: _is(_REFINEMENT, f"What is otherwise for each {kind.value}.") for kind in Kind}),
            "What is otherwise for a kind: each key replaces the whole key.",
        ),
        "per_artifact": _is(_map(_NAME, _REFINEMENT), "What is otherwise for one artifact; it goes before `per_kind`."),
    }
) | {"type": ["object", "null"]}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Towpath's policy, towpath.yaml",
    **_closed(
        {
            "version": _is({"const": 1}, "The version of this form: always 1."),
            "trust": _is(
                _text(r"^SHA256:[A-Za-z0-9+/]{43}$", "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKmTbDyTZ8IKiYDQo"),
                "The fingerprint of the ledger's first key.",
            ),
            "people": _is(
                _map(
                    _SLACK_USER,
                    _closed(
                        {
                            "git": _is(
                                _list(_text("^[^@\\s]+@[^@\\s]+$", "ana@example.com", maxLength=254)),
                                "The e-mail addresses with which this person commits.",
                            ),
                            "ssh": _is(
                                _text(r"^ssh-ed25519 [A-Za-z0-9+/]{68}( .{0,100})?$", "ssh-ed25519 AAAA..."),
                                "The public half of the key with which they sign approvals.",
                            ),
                        }
                    ),
                ),
                "People by their Slack ids, so that the authors of versions are known.",
            ),
            "roles": _is(
                _map(
                    _ROLE,
                    _closed(
                        {
                            "users": _is(_list(_text(_SLACK_USER, "U024BE7LH")), "Slack ids of the people in the role."),
                            "groups": _is(
                                _list(_text("^S[A-Z0-9]{2,20}$", "S0614TZR7")), "Slack ids of user groups whose members are in it."
                            ),
                        }
                    ),
                ),
                "Sets of people that the environments speak of.",
            ),
            "channels": _is(
                _map(
                    "^[CG][A-Z0-9]{2,20}$",
                    _closed(
                        {
                            "artifact": _is(_text(_NAME, "fraud"), "What is meant here when a sentence names no artifact."),
                            "announce": _is({"type": "boolean"}, "Whether the channel is told of what is not about one promotion."),
                        }
                    ),
                ),
                "Slack channels by their ids.",
            ),
            "environments": _is(
                _map(_ENVIRONMENT, _ENVIRONMENT_RULES) | {"minProperties": 1, "maxProperties": 50},
                "In the order of the way to production.",
            ),
        },
        "version",
        "environments",
    ),
    "$defs": {"gates": table.listed(table.BUILT_IN)},
}


def with_gates(gates: Iterable[Gate]) -> dict[str, Any]:
    """The schema of a policy that may list these gates."""
    return {**SCHEMA, "$defs": {"gates": table.listed(gates)}}


def with_any_gates(gates: Iterable[Gate]) -> dict[str, Any]:
    """The same, which lets gates pass that are not known: of a policy that others, who know them, have put into force."""
    listed = table.listed(gates)
    return {**SCHEMA, "$defs": {"gates": {**listed, "items": {**listed["items"], "additionalProperties": {"type": ["object", "null"]}}}}}
