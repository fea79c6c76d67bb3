"""The documentation says what the code does: settings, commands, keys of the policy, states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.settings import SECRETS
from bot.settings import Settings as BotSettings
from tests.unit.docs.pages import DOCS, ROOT, blocks, pages, rows, words
from workers.app.settings import Settings as WorkerSettings
from workers.contract.commands import COMMANDS
from workers.contract.promotion import State
from workers.domain import policy
from workers.domain.policy_schema import SCHEMA
from workers.domain.record import SCHEMA as RECORD_SCHEMA

SETTINGS = sorted({name.upper() for kind in (BotSettings, WorkerSettings) for name in kind.model_fields})
ENVIRONMENT_KEY = {"people": "USER", "roles": "ROLE", "channels": "CHANNEL", "environments": "ENV", "metrics": "METRIC"}


def test_operations_has_a_row_for_each_setting_and_no_other() -> None:
    documented = [row for row in rows(DOCS / "operations.md") if len(row) == 4 and row[3] != "when not given"]
    told = [words(row[0])[0] for row in documented if words(row[0]) and words(row[0])[0].isupper()]
    assert sorted(told) == SETTINGS


def test_the_readme_names_each_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert not readme.strip() or [name for name in SETTINGS if f"`{name}`" not in readme] == []


def test_operations_calls_secret_what_the_bot_reads_from_files() -> None:
    told = {words(row[0])[0]: row[2] for row in rows(DOCS / "operations.md") if len(row) == 4 and words(row[0])}
    assert {name for name in told if "a secret" in told[name]} >= {name.upper() for name in SECRETS}


def test_each_command_has_a_row_with_its_form() -> None:
    told = [words(row[0])[0] for row in rows(DOCS / "commands.md") if words(row[0])]
    assert [command.phrase for command in COMMANDS if command.phrase not in told] == []


def test_operations_explains_each_state() -> None:
    told = {row[0] for row in rows(DOCS / "operations.md")}
    assert [state.value for state in State if state.value.replace("_", " ") not in told] == []


def keys(schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """The keys that a schema knows, as docs/policy.md writes them: `environments.ENV.approve.count`."""
    for name, written in schema.get("properties", {}).items():
        part = SCHEMA["$defs"][written["$ref"].rpartition("/")[2]] if "$ref" in written else written
        path = f"{at}.{name}" if at else name
        within = list(_within(name, part, path))
        if "patternProperties" not in part or name in ("environments", "metrics", "per_artifact"):
            yield path
        yield from within


def _within(name: str, part: Mapping[str, Any], path: str) -> Iterator[str]:
    if name in ("per_kind", "per_artifact"):
        return  # the keys of a refinement are those of the environment
    for inner in part.get("patternProperties", {}).values():
        yield from keys(inner, f"{path}.{ENVIRONMENT_KEY[name]}")
    yield from keys(part, path)
    yield from keys(part.get("else", {}), path)
    if isinstance(part.get("items"), Mapping):
        yield from keys(part["items"], path)


def test_policy_has_a_row_for_each_key_and_no_other() -> None:
    told = [words(row[0])[0] for row in rows(DOCS / "policy.md") if words(row[0])]
    assert sorted(told) == sorted(keys(SCHEMA))


@pytest.mark.parametrize("number", [0, 1])
def test_the_policies_that_are_shown_are_valid(number: int) -> None:
    assert policy.read(blocks(DOCS / "policy.md", "yaml")[number]).environments


def described(schema: Mapping[str, Any]) -> Iterator[Any]:
    """What editors show of each key, wherever it stands."""
    named = list(schema.get("properties", {}).values())
    yield from (part.get("description") for part in named)
    for part in [
        *named,
        *schema.get("patternProperties", {}).values(),
        *(schema[key] for key in ("items", "then", "else") if key in schema),
    ]:
        yield from described(part)


def test_each_key_of_the_schema_is_described() -> None:
    told = list(described(SCHEMA))
    assert len(told) > 60
    assert [one for one in told if not isinstance(one, str) or not one.endswith(".")] == []


def test_whoever_takes_the_smallest_policy_can_still_adopt_another() -> None:
    smallest = policy.read(blocks(DOCS / "policy.md", "yaml")[0])
    assert all(rules.run for rules in smallest.environments.values())


def test_the_full_policy_uses_each_key() -> None:
    full = blocks(DOCS / "policy.md", "yaml")[1]
    assert [key for key in keys(SCHEMA) if f"{key.rpartition('.')[2]}:" not in full] == []


def test_the_ledger_page_shows_the_checks_that_travel_in_the_ledger() -> None:
    shown = blocks(DOCS / "ledger.md", "sh")
    assert [block for block in blocks(ROOT / "workers/app/ledger_readme.md", "sh") if block not in shown] == []


def test_the_ledger_page_has_every_path_of_the_ledger_and_the_record_schema() -> None:
    told = {words(row[0])[0] for row in rows(DOCS / "ledger.md") if words(row[0])}
    paths = {words(row[0])[0] for row in rows(ROOT / "workers/app/ledger_readme.md") if words(row[0])}
    assert paths <= told
    assert ["`schema`", f"`{RECORD_SCHEMA}`"] in rows(DOCS / "ledger.md")


def test_each_decision_is_listed_with_its_title() -> None:
    listed = (DOCS / "adr/README.md").read_text()
    decisions = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert len(decisions) >= 9
    for number, decision in enumerate(decisions, 1):
        title = decision.read_text().splitlines()[0].removeprefix("# ")
        assert title.startswith(f"{number:04}: ")
        assert f"[{number:04}]({decision.name}) | {title[6:]} |" in listed


def test_no_page_is_empty() -> None:
    assert {page.name for page in pages()} >= {"operations.md", "policy.md", "ledger.md", "commands.md", "CHANGELOG.md"}
