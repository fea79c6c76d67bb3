"""What hosts' APIs say becomes our rules; what is no such answer becomes words with a fix, and never a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.adapters.hosts import Gitea, GitHub, GitLab, HostPlace, HostSaidNo, Pattern, find
from workers.ports.errors import WorldError

from .standing import ADMINS, DEPLOY, OUR_APP, HostApi, rule, ruleset, standing

HUB, LAB, TEA = "/api/v3/repos/bank/models", "/api/v4/projects/bank%2Fmodels", "/api/v1/repos/bank/models"
RULES = f"{HUB}/rules/branches/towpath?per_page=100"
PROTECTION = f"{HUB}/branches/towpath/protection"
TAG_RULES = f"{HUB}/rulesets?includes_parents=true&targets=tag&per_page=100"
UNPROTECTED: dict[str, Any] = {"body": {"message": "Branch not protected"}, "status": 404}


@pytest.fixture
def api() -> Iterator[HostApi]:
    with standing() as api:
        yield api


def hub(api: HostApi, *, by_key: bool = False) -> GitHub:
    return GitHub(api.place("github", by_key=by_key), "hunter2", "123")


def test_githubs_rulesets_that_except_us_do_not_stop_us(api: HostApi) -> None:
    api.says(RULES, [rule("update"), rule("deletion"), rule("non_fast_forward"), rule("pull_request", 2), rule("required_signatures", 2)])
    api.says(f"{HUB}/rulesets/1?includes_parents=true", ruleset(1, "branch", [], [], [OUR_APP]))
    api.says(f"{HUB}/rulesets/2?includes_parents=true", ruleset(2, "branch", [], [], [OUR_APP, DEPLOY]))
    api.says(PROTECTION, **UNPROTECTED)
    rules = hub(api).branch("towpath")
    assert (rules.forced, rules.deleted, rules.pushers, rules.stops, rules.signed) == (False, False, ("our GitHub App",), (), False)
    assert rules.bypass == ("our GitHub App", "deploy keys")
    assert {token for _, token in api.asked} == {"Bearer hunter2"}
    other = GitHub(api.place("github"), "hunter2", "999").branch("towpath")
    assert other.stops == ("a pull request before pushing",) and other.signed
    assert GitHub(api.place("github", by_key=True), "hunter2").branch("towpath").stops == ()


def test_githubs_branch_protection(api: HostApi) -> None:
    api.says(RULES, [])
    api.says(
        PROTECTION,
        {
            "required_status_checks": {"strict": True, "contexts": ["ci"]},
            "enforce_admins": {"enabled": False},
            "required_pull_request_reviews": {"required_approving_review_count": 1},
            "restrictions": {"users": [{"login": "eve"}], "teams": [{"slug": "ml"}], "apps": [{"slug": "towpath"}]},
            "allow_force_pushes": {"enabled": True},
            "allow_deletions": {"enabled": False},
            "required_signatures": {"enabled": True},
            "lock_branch": {"enabled": True},
        },
    )
    rules = hub(api).branch("towpath")
    assert (rules.forced, rules.deleted, rules.reviewed, rules.signed) == (True, False, True, True)
    assert rules.pushers == ("eve", "ml", "towpath")
    assert len(rules.stops) == 3
    assert rules.bypass == ("administrators (branch protection)",)


def test_what_github_does_not_tell_is_said(api: HostApi) -> None:
    api.says(RULES, [rule("update"), rule("deletion"), rule("non_fast_forward")])
    api.says(f"{HUB}/rulesets/1?includes_parents=true", ruleset(1, "branch", [], []))
    api.says(PROTECTION, {"message": "Resource not accessible by personal access token"}, 403)
    untold = hub(api).branch("towpath").untold
    assert untold[0] == "who may bypass the ruleset rules 1"
    assert "403" in untold[1]


def test_githubs_patterns_and_pages(api: HostApi) -> None:
    first = [rule("commit_message_pattern", operator="regex", pattern=r"^[A-Z]+-\d+", negate=False, name="ticket")]
    second = [rule("committer_email_pattern", operator="ends_with", pattern="@bank.com", negate=False)]
    api.says(RULES, first, Link=f'<{api.site}{RULES}&page=2>; rel="next", <{api.site}/x>; rel="last"')
    api.says(f"{RULES}&page=2", second)
    api.says(PROTECTION, **UNPROTECTED)
    message, committer = hub(api).branch("towpath").patterns
    assert (message.on, message.fits("fraud v3.0.0 to prod: requested"), message.fits("RISK-1 x")) == ("message", False, True)
    assert (committer.on, committer.fits("writer@towpath"), committer.fits("dana@bank.com")) == ("committer", False, True)


def test_githubs_tags(api: HostApi) -> None:
    assert find(f"{api.site}/bank/models", None) is None
    listed = [ruleset(3, "tag", [], []), ruleset(4, "tag", [], []), ruleset(5, "tag", [], []) | {"enforcement": "evaluate"}]
    api.says(TAG_RULES, listed)
    api.says(f"{HUB}/rulesets/3", ruleset(3, "tag", ["refs/tags/*@v*"], ["update", "deletion"], [ADMINS]))
    api.says(f"{HUB}/rulesets/4", ruleset(4, "tag", ["~ALL"], ["deletion"], []))
    versions, shown = hub(api).tags("fraud@v1.0.0"), hub(api).tags("fraud#prod#8")
    assert (versions.moved, versions.deleted, versions.bypass) == (False, False, ("RepositoryRole 5",))
    assert (shown.moved, shown.deleted, shown.bypass) == (True, False, ())


def test_gitlab(api: HostApi) -> None:
    lab = GitLab(api.place("gitlab"), "hunter2")
    levels = [{"access_level": 40, "access_level_description": "Deploy key", "deploy_key_id": 1}]
    api.says(f"{LAB}/protected_branches?per_page=100", [{"name": "tow*", "push_access_levels": levels, "allow_force_push": False}])
    api.says(
        f"{LAB}/push_rule",
        {
            "commit_message_regex": "JIRA",
            "author_email_regex": "@bank.com$",
            "reject_unsigned_commits": True,
            "member_check": True,
            "max_file_size": 5,
        },
    )
    api.says(f"{LAB}/protected_tags?per_page=100", [{"name": "*@v*", "create_access_levels": [{"access_level": 40}]}])
    rules = lab.branch("towpath")
    assert (rules.forced, rules.deleted, rules.pushers, rules.signed) == (False, False, ("Deploy key",), True)
    assert [(one.on, one.text) for one in rules.patterns] == [("message", "JIRA"), ("author", "@bank.com$")]
    assert rules.stops == ("an author who is a GitLab user (member_check)",)
    assert (lab.tags("fraud@v1.0.0").moved, lab.tags("fraud#prod#8").moved) == (False, True)
    assert lab.branch("other").forced is True
    assert {token for _, token in api.asked} == {"hunter2"}


@pytest.mark.parametrize(("body", "status"), [(b"null", 200), ({"message": "404 Not Found"}, 404)])
def test_gitlab_without_push_rules(api: HostApi, body: object, status: int) -> None:
    nobody = [{"access_level": 0, "access_level_description": "No one"}]
    api.says(f"{LAB}/protected_branches?per_page=100", [{"name": "main", "push_access_levels": nobody, "allow_force_push": False}])
    api.says(f"{LAB}/push_rule", body, status)
    rules = GitLab(api.place("gitlab"), "hunter2").branch("main")
    assert (rules.patterns, rules.reviewed, rules.pushers) == ((), True, ())
    assert rules.stops == ("no push by anybody (Allowed to push: No one)",)


def test_gitea(api: HostApi) -> None:
    api.says(
        f"{TEA}/branch_protections?limit=50",
        [
            {"rule_name": "*", "enable_push": False},
            {
                "rule_name": "towpath", "enable_push": True, "enable_push_whitelist": True, "push_whitelist_usernames": ["towpath"],
                "push_whitelist_deploy_keys": True, "enable_force_push": False, "require_signed_commits": True,
            },
        ],
    )  # fmt: skip
    api.says(f"{TEA}/tag_protections?limit=50", [{"name_pattern": "*@v*", "whitelist_usernames": ["mia"], "whitelist_teams": []}])
    tea = Gitea(api.place("gitea"), "hunter2")
    rules = tea.branch("towpath")
    assert (rules.forced, rules.deleted, rules.pushers, rules.signed) == (False, False, ("towpath", "deploy keys"), True)
    assert (tea.branch("main").reviewed, tea.branch("main").stops) == (True, ("no push by anybody (Disable Push)",))
    assert (tea.tags("fraud@v1.0.0").deleted, tea.tags("fraud@v1.0.0").bypass, tea.tags("fraud#prod#8").deleted) == (False, ("mia",), True)
    del api.answers[f"{TEA}/tag_protections?limit=50"]
    assert tea.tags("fraud@v1.0.0").moved is None and tea.tags("fraud@v1.0.0").untold


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (401, {"message": "Bad credentials"}, {}, "does not know the token"),
        (403, {"message": "no"}, {}, "may not see it"),
        (403, {"message": "API rate limit exceeded"}, {}, "too many requests"),
        (404, {}, {}, "may not see it"),
        (429, {}, {}, "too many requests"),
        (500, b"<html>", {}, "said 500"),
        (301, {}, {"Location": "http://127.0.0.1:1/"}, "lies elsewhere"),
        (200, b"<html>", {}, "did not answer a list"),
        (200, {"a": 1}, {}, "did not answer a list"),
        (200, ["a"], {}, "did not answer a list"),
        (200, b"[" * 100_000, {}, "did not answer a list"),
        (200, b" " * (5 << 20), {}, "did not answer a list"),
        (200, [], {"Link": '<http://example.invalid/next>; rel="next"'}, "on another site"),
    ],
)
@pytest.mark.parametrize("kind", [GitHub, GitLab, Gitea])
def test_no_rules_have_words_and_a_fix(
    api: HostApi, kind: type[GitHub | GitLab | Gitea], status: int, body: object, headers: dict[str, str], words: str
) -> None:
    for path in (RULES, f"{LAB}/protected_branches?per_page=100", f"{TEA}/branch_protections?limit=50"):
        api.says(path, body, status, **headers)
    name = {GitHub: "github", GitLab: "gitlab", Gitea: "gitea"}[kind]
    with pytest.raises(HostSaidNo, match=words) as told:
        kind(api.place(name), "hunter2").branch("towpath")
    assert told.value.fix and "hunter2" not in f"{told.value} {told.value.fix}"


def test_pages_without_end_and_a_host_that_is_not_there(api: HostApi) -> None:
    api.says(RULES, [], Link=f'<{api.site}{RULES}>; rel="next"')
    with pytest.raises(HostSaidNo, match="more than 20 pages"):
        hub(api).branch("towpath")
    with pytest.raises(WorldError):
        GitHub(HostPlace("github", "http://127.0.0.1:1", "bank/models"), "hunter2").branch("towpath")
    with pytest.raises(HostSaidNo, match="plain http"):
        GitHub(HostPlace("github", "http://git.example.com", "bank/models"), "hunter2")


@pytest.mark.parametrize(
    ("address", "web", "kind", "api"),
    [
        ("https://github.com/bank/models.git", None, "github", "https://api.github.com"),
        ("git@github.com:bank/models.git", None, "github", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/bank/models.git", None, "github", "https://api.github.com"),
        ("https://bank.ghe.com/bank/models", None, "github", "https://api.bank.ghe.com"),
        ("https://gitlab.com/bank/ml/models.git", None, "gitlab", "https://gitlab.com/api/v4"),
        ("ssh://git@forgejo.bank.com:2222/bank/models", None, "gitea", "https://forgejo.bank.com/api/v1"),
        ("git@code.bank.com:bank/models.git", "github https://code.bank.com/bank/models", "github", "https://code.bank.com/api/v3"),
        ("https://code.bank.com/bank/models.git", "gitlab https://code.bank.com/bank/models", "gitlab", "https://code.bank.com/api/v4"),
    ],
)
def test_a_host_is_known_by_its_address_or_by_the_setting(address: str, web: str | None, kind: str, api: str) -> None:
    there = find(address, web)
    assert there and (there.kind, there.api) == (kind, api)
    assert there.by_key is not address.startswith("https")


@pytest.mark.parametrize(
    "address", ["/srv/x.git", "https://git.bank.com/bank/models.git", "git://github.com/bank/models", "https://github.com/../models"]
)
def test_other_hosts_are_not_guessed(address: str) -> None:
    assert find(address, "klaus http://x/y") is None


@given(st.text(max_size=80), st.sampled_from(["regex", "contains", "starts_with", "ends_with", "odd"]), st.booleans())
def test_a_pattern_of_anybody_is_judged_or_left_to_people(text: str, how: str, negated: bool) -> None:
    assert Pattern("message", how, text, negated).fits("fraud v3.0.0 to prod: requested") in (True, False, None)


def test_an_expression_that_could_take_for_ever_is_not_run() -> None:
    assert Pattern("message", "regex", "^(a+)+$").fits("a" * 60 + "!") is None
