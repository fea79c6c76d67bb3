"""The published schema is the one that judges."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from tests.unit.docs.pages import DOCS
from workers.domain.policy_schema import SCHEMA


def test_the_published_schema_is_the_one_that_judges() -> None:
    assert json.loads((DOCS / "towpath.schema.json").read_text()) == SCHEMA


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
