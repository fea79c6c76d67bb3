"""The model card: read as text, compared with the metrics file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.domain.worlds import digest_of, version_of
from workers.adapters.git import card
from workers.contract.promotion import Kind, RegisteredVersion, Result

from .dossiers import judged

METRICS = {"auc": "0.9914", "log_loss": "0.0697", "rows": "1143"}
FRONT = """\
---
license: mit
metrics: [roc_auc]
model-index:
- name: fraud
  results:
  - metrics:
    - {type: roc_auc, name: AUC, value: 0.991}
---
# Fraud

## Intended use
"""


def carrying(text: str | bytes, metrics: dict[str, str] = METRICS) -> RegisteredVersion:
    content = text.encode() if isinstance(text, str) else text
    return replace(version_of("v2.0.0", metrics=metrics), card_digest=digest_of("card"), card=card.read(content, metrics))


@pytest.mark.parametrize(
    "text",
    [
        "AUC: 0.991\n", "auc = 0.9914", "* **AUC**: 0.99\n", "- `auc`: **99.1 %**", "| auc | 0.991 |\n", "| metric | value |\n|---|---|\n| AUC | 0.99 |",
        "| AUC | log loss |\n|---|---|\n| 0.991 | 0.07 |", "| auc | 0.991 | 0.95 |", "rows: 1,143\n", FRONT,
        "---\nmetrics: {auc: 0.991}\n---\n", "\ufeff---\nmetrics:\n  log-loss: 0.07\n---\n", "```\nauc: 0.5\n```\nauc: 0.991\n",
        "<!-- auc: 0.5\nauc: 0.4 -->\nauc: 0.991\n",
    ],
)  # fmt: skip
def test_a_card_agrees_wherever_and_however_it_states_a_number(text: str) -> None:
    found = judged("[{model-card: {}}]", carrying(text))
    assert found.result is Result.PASS, found.text
    assert len(found.evidence) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("auc: 0.999", "the card says auc is 0.999 (line 1), the metrics file 0.9914"),
        ("auc: 0.9914\n\n| log loss | 0.5 |", "log_loss is 0.5 (line 3)"),
        ("auc: 1", "auc is 1 "),
        ("auc: 95%", "auc is 95%"),
        ("rows: 1142", "rows is 1142"),
        (FRONT.replace("0.991}", "0.891}"), "auc is 0.891 (line 8)"),
        ("auc: 0.991\nauc: 0.9\n", "auc is 0.9 (line 2)"),
        ("auc: high\n", "states none of the version's metrics (auc, log_loss, rows)"),
        ("", "states none"),
    ],
)
def test_a_card_that_says_something_else_fails_with_the_line_and_the_fix(text: str, words: str) -> None:
    found = judged("[{model-card: {}}]", carrying(text))
    assert (found.result, words in found.text, "Mend the card" in found.text) == (Result.FAIL, True, True), found.text


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", "---\nmetrics: [", "---\nnever ends", "---\na: &x 1\n---\n", "---\n" + "[" * 100_000 + "\n---\n"]
)
def test_a_card_that_cannot_be_read_cannot_be_told(text: str | bytes) -> None:
    found = judged("[{model-card: {}}]", carrying(text))
    assert (found.result, "cannot be read" in found.text) == (Result.CANNOT_TELL, True), found.text


def test_sections_and_metrics_that_are_asked_for() -> None:
    wanted = "[{model-card: {sections: [intended  use, Limitations], states: [auc, log_loss]}}]"
    found = judged(wanted, carrying(FRONT))
    assert found.result is Result.FAIL
    assert "does not state log_loss" in found.text and "no section Limitations" in found.text
    assert judged(wanted, carrying(FRONT + "log loss: 0.07\n### Limitations ###\n")).result is Result.PASS


def test_no_card_fails_and_what_was_never_read_cannot_be_told() -> None:
    bare = version_of("v2.0.0", metrics=METRICS)
    assert "card: README.md" in judged("[{model-card: {}}]", bare).text
    assert judged("[{model-card: {}}]", bare).result is Result.FAIL
    assert judged("[{model-card: {}}]", replace(bare, card_digest=digest_of("card"))).result is Result.CANNOT_TELL
    assert judged("[{model-card: {}}]", carrying("auc: 1", {})).result is Result.CANNOT_TELL
    service = version_of("v2.0.0", "checkout", Kind.SERVICE)
    assert judged("[{model-card: {}}]", service).result is Result.NOT_APPLICABLE


@pytest.mark.parametrize(
    "content", [b"# x" + b" " * 300_000 + b"y", b"|" * 300_000, b"*" * 300_000, b"\n" * 300_000, b"auc:" + b"1" * 300_000]
)
def test_what_is_made_to_be_slow_is_read_once_and_states_nothing(content: bytes) -> None:
    assert card.read(content, ["auc"]).stated == ()
