"""Which CI files a push to the ledger branch or a tag of an environment would start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.app.doctor.triggers import NotRead, github, gitlab, matches

BOTH, BRANCH, TAG, NONE = (True, True), (True, False), (False, True), (False, False)


def of_github(on: str) -> tuple[bool, bool]:
    starts = github(f"name: x\n{on}\njobs: {{}}\n", "towpath", "fraud#prod#8")
    return starts.branch, starts.tag


@pytest.mark.parametrize(
    ("on", "starts"),
    [
        ("on: push", BOTH),
        ("on: [pull_request, push]", BOTH),
        ("on: {push: }", BOTH),
        ("'on': {push: {paths: ['src/**']}}", BOTH),
        ("on: {push: {branches: [main]}}", NONE),
        ("on: {push: {branches: ['**']}}", BRANCH),
        ("on: {push: {branches: ['*', '!towpath']}}", NONE),
        ("on: {push: {branches: ['!towpath', '*']}}", BRANCH),
        ("on: {push: {branches-ignore: [towpath]}}", NONE),
        ("on: {push: {branches-ignore: [towpath], tags: ['*@v*']}}", NONE),
        ("on: {push: {branches-ignore: [docs]}}", BRANCH),
        ("on: {push: {tags: ['**']}}", TAG),
        ("on: {push: {tags: ['*@v*']}}", NONE),
        ("on: {push: {tags-ignore: ['*#*']}}", NONE),
        ("on: {push: {tags-ignore: ['v*']}}", TAG),
        ("on: {push: {branches: [main], tags: '*'}}", TAG),
        ("on: create", TAG),
        ("on: {workflow_dispatch: , schedule: [{cron: '0 0 * * *'}]}", NONE),
        ("on: pull_request", NONE),
        ("on: {push: &p {branches: [main]}, pull_request: *p}", NONE),
        ("x: 1", NONE),
    ],
)
def test_github(on: str, starts: tuple[bool, bool]) -> None:
    assert of_github(on) == starts


@pytest.mark.parametrize(
    ("patterns", "name", "taken"),
    [
        (["feature/*"], "feature/a/b", False),
        (["feature/**"], "feature/a/b", True),
        (["v[12].?"], "v1", True),
        (["tow+path"], "towwpath", True),
        (["releases/[z-a]"], "towpath", True),
        ([".owpath"], "towpath", False),
    ],
)
def test_patterns(patterns: list[str], name: str, taken: bool) -> None:
    assert matches(patterns, name) is taken


GUARDED = """\
workflow:
  rules:
    - if: $CI_COMMIT_BRANCH == "towpath"
      when: never
    - if: $CI_COMMIT_TAG =~ /#/
      when: never
    - when: always
test: {script: [make]}
"""


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (GUARDED, NONE),
        ("test: {script: [make]}", BOTH),
        ("test: {script: [make], only: [main]}", NONE),
        ("test: {script: [make], only: {refs: [main, merge_requests]}}", NONE),
        ("test: {script: [make], only: [tags]}", TAG),
        ("test: {script: [make], only: [branches]}", BRANCH),
        ("test: {script: [make], only: [/^v/]}", BOTH),
        ("a: {script: [x], only: [main]}\nb: {script: [x], rules: [{when: always}]}", BOTH),
        (".hidden: &h {only: [main]}\na: {<<: *h, script: [x]}", BOTH),
        ("a: {script: !reference [.x, script], only: [main]}", NONE),
        ("include: [{local: x.yml}]", BOTH),
    ],
)
def test_gitlab_lets_pass_only_what_certainly_starts_nothing(text: str, starts: tuple[bool, bool]) -> None:
    found = gitlab(text, "towpath", "fraud#prod#8")
    assert (found.branch, found.tag) == starts


BOMB = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(f'*{chr(97 + n)}' for _ in range(9))}]\n" for n in range(20))


@pytest.mark.parametrize("text", ["a: [", "[" * 5000, "a: *nowhere", "x" * 300_000, "\0"])
def test_what_is_no_yaml_is_not_read(text: str) -> None:
    for read in (github, gitlab):
        with pytest.raises(NotRead):
            read(text, "towpath", "fraud#prod#8")


def test_aliases_that_would_grow_are_not_followed() -> None:
    assert github(BOMB + "on: push\n", "towpath", "fraud#prod#8").branch
    assert gitlab(BOMB, "towpath", "fraud#prod#8").branch


@given(st.text(alphabet="on: push{}[]'\"&*!-#\n\tab", max_size=60))
def test_any_text_is_judged_or_not_read(text: str) -> None:
    for read in (github, gitlab):
        try:
            assert isinstance(read(text, "towpath", "fraud#prod#8").branch, bool)
        except NotRead:
            continue
