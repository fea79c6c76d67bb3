"""`towpath.yaml`, read strictly: every error with its line and what would be right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.names import EnvironmentName
from workers.domain import policy
from workers.domain.policy import BadPolicy
from workers.domain.strict_yaml import LARGEST

from .worlds import ANA, BEN, CARL, OLA, POLICY, PROD, STAGING, VAULT, person


def test_what_is_written_is_what_holds() -> None:
    found = policy.read(POLICY)
    assert list(found.environments) == ["staging", "prod", "vault"]
    prod = found.environments[PROD]
    assert (prod.after, prod.soak, prod.expires) == ("staging", timedelta(hours=1), timedelta(hours=24))
    assert [(one.users, one.groups) for one in prod.approve] == [(("UBEN", "UDANA", "UMIA"), ("SLEADS",))]
    assert prod.metrics["auc"].at_least == 0.9
    assert [target.name for target in prod.targets] == ["eu", "us"]
    assert found.environments[STAGING].approve == ()
    assert found.announce == ("CBIOPSY",)
    assert found.roles_of(CARL) == ("ml-leads",)
    assert found.adopters == ("ml-leads",)
    assert (found.may_adopt(BEN), found.may_adopt(OLA), found.may_adopt(ANA)) == (True, False, False)


def test_display_names_and_look_alikes_hold_nothing() -> None:
    found = policy.read(POLICY)
    for user in ("UBENX", "UBE", "WBEN"):
        assert found.roles_of(person(user, "SLEAD")) == ()


def test_an_environment_may_be_written_as_nothing() -> None:
    rules = policy.read("version: 1\nenvironments:\n  lab:\n").environments[EnvironmentName.read("lab")]
    assert (rules.request, rules.run, rules.approve) == (("*",), (), ())


def _frozen(freeze: str) -> str:
    return POLICY.replace("    soak: 1h\n", f"    soak: 1h\n    freeze:\n      - {freeze}\n")


WRONG = {
    "an unknown key": (
        POLICY.replace("soak: 1h", "sock: 1h"),
        "sock",
        "'sock', which is not known; known: after, on_register, supersede, soak",
    ),
    "a key that is nearly one": (POLICY.replace("soak: 1h", "soaks: 1h"), "soaks", "Did you mean 'soak'?"),
    "a form with an example": (POLICY.replace("soak: 1h", "soak: 2 hours"), "2 hours", "such as '90s' or '15m' or '2h' or '7d'"),
    "an approver among several rules": (
        POLICY.replace("approve: {from: [ml-leads], count: 2}", "approve:\n      - {from: [ml-leads]}\n      - {from: [bosses]}"),
        "[bosses]",
        "the role 'bosses' is not in `roles`",
    ),
    "a rule of approval without a role": (
        POLICY.replace("approve: {from: [ml-leads], count: 2}", "approve: [{count: 2}]"),
        "count: 2",
        "'from'",
    ),
    "an unknown role in an emergency": (
        POLICY.replace("    after: staging\n", "    after: staging\n    emergency: [oops]\n"),
        "emergency",
        "the role 'oops'",
    ),
    "a kind that there is not": (
        POLICY.replace("    soak: 1h\n", "    soak: 1h\n    per_kind: {modle: {}}\n"),
        "modle",
        "Did you mean 'model'?",
    ),
    "a refinement of what cannot be refined": (
        POLICY.replace("    soak: 1h\n", "    soak: 1h\n    per_artifact: {fraud: {after: vault}}\n"),
        "fraud",
        "'after', which is not known",
    ),
    "a role in a refinement": (
        POLICY.replace("    soak: 1h\n", "    soak: 1h\n    per_artifact:\n      fraud:\n        run: [oops]\n"),
        "[oops]",
        "the role 'oops'",
    ),
    "a soak in a refinement after nothing": (POLICY + "    per_kind:\n      model: {soak: 5m}\n", "5m", "has no `after`"),
    "a moment of no form": (_frozen('{from: "Friday", until: "Mon"}'), "Friday", "such as 'Fri 16:00' or '12-20'"),
    "moments of two forms": (_frozen('{from: "Fri 16:00", until: "01-02"}'), "Fri 16", "write both in one form"),
    "a day that there is not": (_frozen('{from: "02-30", until: "03-01"}'), "02-30", "not every year has"),
    "a zone that there is not": (_frozen('{from: "Fri", until: "Sun", timezone: Mars/Olympus}'), "Mars", "no time zone of the IANA list"),
    "a freeze without an end": (_frozen('{from: "Fri"}'), '{from: "Fri"}', "'until' is a required property; add it"),
    "a registration after another environment": (
        POLICY.replace("    after: staging\n", "    after: staging\n    on_register: [model]\n"),
        "on_register",
        "has not succeeded",
    ),
    "a registration that nobody sees": (
        POLICY.replace(", announce: true", "").replace("  staging:\n", "  staging:\n    on_register: [model]\n"),
        "on_register",
        "announce",
    ),
    "a word where a list is needed": (POLICY.replace("run: [ml-leads]", "run: ml-leads", 1), "run: ml-leads", "write a list, such as"),
    "a number where a rule is needed": (
        POLICY.replace("approve: {from: [ml-leads], count: 2}", "approve: 2"),
        "approve: 2",
        "write a mapping",
    ),
    "a name of no artifact": (
        POLICY.replace("    soak: 1h\n", "    soak: 1h\n    per_artifact: {Fraud Model: {soak: 5m}}\n"),
        "Fraud Model",
        "names of the form ^[a-z0-9]",
    ),
    "an unknown key at the top": (POLICY + "extra: 1\n", "extra", "'extra', which is not known; known: version, trust"),
    "a key twice": (POLICY.replace("    soak: 1h\n", "    soak: 1h\n    soak: 2h\n"), "soak: 2h", "'soak' stands twice"),
    "an anchor": (POLICY.replace("run: [ml-leads]\n    approve", "run: &x [ml-leads]\n    approve", 1), "&x", "anchors and aliases"),
    "an alias": ("version: 1\nenvironments: *x\n", "*x", "anchors and aliases"),
    "a tag": ("version: !!int 1\n", "!!int", "tags are not allowed"),
    "an unknown role": (POLICY.replace("run: [ops, ml-leads]", "run: [oops]"), "oops", "the role 'oops' is not in `roles`"),
    "an unknown approver": (
        POLICY.replace("approve: {from: [ml-leads], count: 2}", "approve: {from: [leads]}"),
        "[leads]",
        "the role 'leads'",
    ),
    "a wrong order": (POLICY.replace("after: staging", "after: vault"), "after: vault", "must be an environment written above it"),
    "itself as the one before": (POLICY.replace("after: staging", "after: prod"), "after: prod", "must be an environment written above it"),
    "a soak after nothing": (POLICY.replace("    after: staging\n", ""), "soak", "soak counts from the success there"),
    "a bad duration": (POLICY.replace("soak: 1h", "soak: an hour"), "an hour", "is 'an hour', which is not of the form"),
    "a duration with a line break": (POLICY.replace("soak: 1h", 'soak: "1h\\n"'), "soak", "line break"),
    "a name with a line break": (POLICY.replace("  vault:", '  "vault\\n":'), "vault", "line break"),
    "a metric twice": (
        POLICY.replace("      - metrics:", "      - metrics: {auc: {at_most: 1}}\n      - metrics:"),
        "gates",
        "stands twice",
    ),
    "two targets of one name": (POLICY.replace("name: us", "name: eu"), "name: eu", "two targets have one name"),
    "a password in a URL": (POLICY.replace("http://127.0.0.1:9001", "http://me:secret@host"), "secret", "not of the form"),
    "a token in the open": (POLICY.replace("type: model-server, url", "type: model-server, token: xyz, url", 1), "xyz", "not of the form"),
    "a display name": (POLICY.replace("users: [UOLA]", "users: [ola]"), "ola", "is 'ola'"),
    "no environment": ("version: 1\nenvironments: {}\n", "{}", "environments"),
    "another version": (POLICY.replace("version: 1", "version: 2"), "version", "1 was expected"),
    "an address twice": (POLICY.replace("eve@example.com", "Dana@example.com"), "Dana", "is already UDANA's address"),
    "a huge number": (POLICY.replace("count: 2", "count: " + "9" * 5000), "999", "count"),
    "a sexagesimal": (POLICY.replace("at_least: 0.90", "at_least: 1:30.5"), "1:30", "put it in quotes"),
    "infinity": (POLICY.replace("at_least: 0.90", "at_least: .inf"), ".inf", "put it in quotes"),
    "no number": (POLICY.replace("at_least: 0.90", "at_least: .nan"), ".nan", "put it in quotes"),
    "two documents": (POLICY + "---\na: 1\n", "---", "another document"),
    "no mapping": ("just words", "", "is not of type 'object'"),
    "nothing": ("", "", "is not of type 'object'"),
    "a broken line": ("version: 1\nenvironments: {prod: [}\n", "[}", "did not find"),
    "a key that is a list": ("version: 1\n? [a]\n: 1\n", "[a]", "a key must be a word"),
    "a control character": ("version: \x01", "", "not YAML"),
    "half a character": ("version: \ud800", "", "not YAML"),
    "a depth that would end the process": ("- " * 100_000, "", "nested deeper than 20"),
    "a flow that would end the process": ("a: " + "[" * 100_000, "", "nested deeper than 20"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_names_the_file_the_line_and_what_is_wrong(name: str) -> None:
    text, marked, words = WRONG[name]
    line = next((n for n, found in enumerate(text.splitlines(), 1) if marked in found), 1)
    with pytest.raises(BadPolicy) as caught:
        policy.read(text)
    told = [error for error in caught.value.errors if words in error]
    assert told, caught.value.errors
    assert told[0].startswith(f"towpath.yaml:{line}: "), told[0]


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(BadPolicy, match="longer than"):
        policy.read("#" * (LARGEST + 1))


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(BadPolicy) as caught:
        policy.read(POLICY.replace("soak: 1h", "soak: x").replace("count: 2", "count: 0"))
    assert len(caught.value.errors) == 2


def test_the_digest_of_rules_is_of_rules_and_of_who_approves() -> None:
    base = policy.read(POLICY).environments
    moved = policy.read(POLICY.replace("users: [UOLA]", "users: [UOLA, UZOE]")).environments
    wider = policy.read(POLICY.replace("groups: [SLEADS]", "groups: [SLEADS, SALL]")).environments
    assert base[PROD].digest == moved[PROD].digest
    assert base[PROD].digest != wider[PROD].digest
    assert base[STAGING].digest == wider[STAGING].digest
    assert base[VAULT].digest != wider[VAULT].digest


@given(st.text(max_size=300))
def test_any_text_is_a_policy_or_told_what_is_wrong(text: str) -> None:
    try:
        policy.read(text)
    except BadPolicy as exc:
        assert all(error.startswith("towpath.yaml:") for error in exc.errors)


@given(st.lists(st.tuples(st.integers(0, len(POLICY) - 1), st.characters()), min_size=1, max_size=5))
def test_any_slip_of_the_pen_is_a_policy_or_told_what_is_wrong(slips: list[tuple[int, str]]) -> None:
    text = POLICY
    for at, letter in slips:
        text = text[:at] + letter + text[at + 1 :]
    try:
        policy.read(text)
    except BadPolicy as exc:
        assert exc.errors
