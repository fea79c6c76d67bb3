"""The JSON Schema of `towpath.yaml`, published as `docs/towpath.schema.json` for editors."""

from __future__ import annotations

from typing import Any

DURATION = r"^[1-9][0-9]{0,4}(s|m|h|d)$"
_SLACK_USER = r"^[UW][A-Z0-9]{2,20}$"
_NAME = r"^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?(/[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?){0,3}$"
_ENVIRONMENT = r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$"
_ROLE = r"^[a-z][a-z0-9-]{0,40}$"


def _closed(properties: dict[str, Any], *needed: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(needed)}


def _map(pattern: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


def _list(item: dict[str, Any], at_least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": item, "uniqueItems": True, "minItems": at_least, "maxItems": 500}


_ROLES = _list({"type": "string", "pattern": _ROLE})
_ANYBODY = _list({"anyOf": [{"type": "string", "pattern": _ROLE}, {"const": "*"}]})
_BOUND = _closed(
    {
        "at_least": {"type": "number", "description": "The version's metric must be this or more."},
        "at_most": {"type": "number", "description": "The version's metric must be this or less."},
        "not_worse_than_live_by": {
            "type": "number",
            "minimum": 0,
            "description": "How much worse than the live version's it may be. Worse means lower, or higher where only `at_most` is given.",
        },
    }
) | {"minProperties": 1}
_TARGET = _closed(
    {
        "name": {"type": "string", "pattern": _ENVIRONMENT},
        "type": {"enum": ["model-server"]},
        "url": {"type": "string", "pattern": r"^https?://[^\s@]+$", "maxLength": 500, "description": "Without user name or password."},
        "token": {"type": "string", "pattern": r"^env:[A-Z][A-Z0-9_]{0,60}$", "description": "The environment variable that holds the token."},
    },
    "name", "type", "url",
)  # fmt: skip
_APPROVE = _closed(
    {
        "from": _list({"type": "string", "pattern": _ROLE}, 1),
        "count": {"type": "integer", "minimum": 1, "maximum": 20},
        "expires": {"type": "string", "pattern": DURATION},
        "exclude": _list({"enum": ["requester", "author"]}),
        "signed": {"type": "boolean", "description": "Only approvals count that people sign with the `ssh` key of theirs in `people`."},
    },
    "from",
)
_ENVIRONMENT_RULES = _closed(
    {
        "after": {"type": "string", "pattern": _ENVIRONMENT, "description": "The identical digest must have succeeded there first."},
        "soak": {"type": "string", "pattern": DURATION, "description": "How long it must have been successful there."},
        "request": _ANYBODY,
        "run": _ROLES,
        "approve": _APPROVE,
        "gates": {
            "type": "array",
            "maxItems": 20,
            "items": _closed({"metrics": _map(r"^[a-zA-Z][a-zA-Z0-9_.-]{0,60}$", _BOUND)}, "metrics"),
        },
        "targets": {"type": "array", "items": _TARGET, "maxItems": 20},
    }
) | {"type": ["object", "null"]}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Towpath's policy, towpath.yaml",
    **_closed(
        {
            "version": {"const": 1},
            "trust": {
                "type": "string",
                "pattern": r"^SHA256:[A-Za-z0-9+/]{43}$",
                "description": "The fingerprint of the ledger's first key.",
            },
            "people": _map(
                _SLACK_USER,
                _closed(
                    {
                        "git": _list({"type": "string", "maxLength": 254, "pattern": "^[^@\\s]+@[^@\\s]+$"}),
                        "ssh": {
                            "type": "string",
                            "pattern": r"^ssh-ed25519 [A-Za-z0-9+/]{68}( .{0,100})?$",
                            "description": "The public half of the key with which they sign approvals.",
                        },
                    }
                ),
            ),
            "roles": _map(
                _ROLE,
                _closed(
                    {
                        "users": _list({"type": "string", "pattern": _SLACK_USER}),
                        "groups": _list({"type": "string", "pattern": "^S[A-Z0-9]{2,20}$"}),
                    }
                ),
            ),
            "channels": _map(
                "^[CG][A-Z0-9]{2,20}$",
                _closed({"artifact": {"type": "string", "pattern": _NAME}, "announce": {"type": "boolean"}}),
            ),
            "environments": _map(_ENVIRONMENT, _ENVIRONMENT_RULES) | {"minProperties": 1, "maxProperties": 50},
        },
        "version",
        "environments",
    ),
}
