"""Reading `towpath.yaml`: every error at once, each with file, line and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from workers.contract import wire
from workers.contract.names import Digest
from workers.domain import strict_yaml
from workers.domain.gates import table
from workers.domain.gates.gate import Gate
from workers.domain.policy import contradictions, making
from workers.domain.policy.rules import Policy
from workers.domain.policy_schema import with_any_gates, with_gates

FILE = "towpath.yaml"

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError


class BadPolicy(ValueError):
    """The policy cannot take force. `errors` are sentences with file and line."""

    def __init__(self, *errors: str) -> None:
        self.errors = errors
        super().__init__("; ".join(errors))


def read(text: str) -> Policy:
    """The policy in a text. Raises BadPolicy with every error at once."""
    return _read(text, _validator(table.known()))


def in_force(text: str) -> Policy:
    """The same for the text that the ledger holds: a gate that is not installed here does not keep anybody from reading. Raises BadPolicy.

    Nothing passes such a gate. Elsewhere than where it was adopted (at somebody's terminal) nobody can have every package.
    """
    return _read(text, _lenient(table.known()))


def _read(text: str, validator: Draft202012Validator) -> Policy:
    try:
        document = strict_yaml.read(text)
    except strict_yaml.BadYaml as exc:
        raise BadPolicy(f"{FILE}:{exc.line}: {exc.why}") from exc
    errors = [f"{FILE}:{document.line(path)}: {why}" for path, why in _unprintable(document.data)]
    errors += [_said(error, document) for error in sorted(validator.iter_errors(document.data), key=lambda e: list(map(str, e.path)))]
    if not errors:
        errors = [f"{FILE}:{document.line(path)}: {why}" for path, why in contradictions.of(document.data)]
    if errors:
        raise BadPolicy(*errors[:20])
    return making.policy(document.data, Digest.read(wire.sha256(text.encode())))


def _unprintable(value: Any, at: strict_yaml.Path = ()) -> Iterator[tuple[strict_yaml.Path, str]]:
    """Words with line breaks or invisible characters: a pattern's `$` lets a last line break pass, and people cannot see the others."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _unprintable(key, (*at, key))
            yield from _unprintable(part, (*at, key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from _unprintable(part, (*at, i))
    elif isinstance(value, str) and not value.isprintable():
        yield at, f"{value[:80]!r} holds a line break or an invisible character; write it without"


@cache
def _validator(gates: tuple[Gate, ...]) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # slow to import, and most processes only read what was adopted

    return Draft202012Validator(with_gates(gates))


@cache
def _lenient(gates: tuple[Gate, ...]) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    return Draft202012Validator(with_any_gates(gates))


def _said(error: ValidationError, document: strict_yaml.Document) -> str:
    schema: Mapping[str, Any] = dict(error.schema) if isinstance(error.schema, Mapping) else {}
    given: Any = error.instance
    path = tuple(error.path)
    place = ".".join(map(str, path)) or "the file"
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = [str(key) for key in given if not _known(str(key), schema)]
        path = (*path, unknown[0]) if unknown else path
        if "gates" in path and unknown and path[-3:-2] == ("gates",):
            return f"{FILE}:{document.line(path)}: {place}: {table.unknown(unknown[0])}"
        shown = ", ".join(known) or f"names of the form {next(iter(schema.get('patternProperties', {})), '')}"
        near = difflib.get_close_matches(unknown[0], known, n=1) if unknown else []
        meant = f". Did you mean {near[0]!r}?" if near else ""
        return f"{FILE}:{document.line(path)}: {place} has {', '.join(map(repr, unknown))}, which is not known; known: {shown}{meant}"
    if error.validator == "pattern":
        like = " or ".join(map(repr, schema.get("examples", ()))) or str(error.validator_value)
        return f"{FILE}:{document.line(path)}: {place} is {error.instance!r:.200}, which is not of the form that is needed, such as {like}"
    return f"{FILE}:{document.line(path)}: {place}: {error.message[:200]}{_fix(error)}"


_FORMS = {
    "object": "a mapping, such as `{key: value}`",
    "array": "a list, such as `[one, another]`",
    "string": "text in quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
}


def _fix(error: ValidationError) -> str:
    """What to write instead, where the error does not say so itself."""
    if error.validator == "type":
        value: Any = error.validator_value
        wanted = value if isinstance(value, str) else str(value[0])
        return f"; write {_FORMS.get(wanted, wanted)}"
    return "; add it" if error.validator == "required" else ""


def _known(key: str, schema: Mapping[str, Any]) -> bool:
    patterns = schema.get("patternProperties", {})
    return key in schema.get("properties", {}) or any(re.search(pattern, key) for pattern in patterns)
