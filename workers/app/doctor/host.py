"""The rules of the Git host: the ledger branch only grows, tags stay, people's branch is reviewed, and nothing there refuses our own pushes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from workers.adapters import hosts
from workers.adapters.hosts.github import DEPLOY_KEYS, OURS
from workers.app.doctor import plain_remote
from workers.app.doctor.finding import Finding, Patient
from workers.ports.errors import WorldError

TAGS = ("fraud@v1.0.0", "fraud#prod#8")
_DOC = "docs/install/git-hosts.md"
_SAMPLES = {
    "message": ("fraud v3.0.0 to prod: requested", "Refused: promote fraud v3 to prod", "The ledger begins"),
    "author": ("U024BE7LH@T061EG9R6", "clock@towpath"),
    "committer": ("writer@towpath",),
}


def look(patient: Patient) -> Iterator[Finding]:
    """By the host's API where there is a token; of a folder of this host what its configuration says; else what to set by hand."""
    remote = patient.mirror.remote.address
    local = remote.removeprefix("file://")
    if local.startswith("/"):
        yield from plain_remote.look(Path(local))
        return
    there = hosts.find(remote, patient.environ.get("TOWPATH_GIT_WEB"))
    token = patient.settings.towpath_host_token
    if there is None:
        yield Finding(
            "host",
            f"cannot tell which rules {urlsplit(remote).hostname or 'the remote'} has: it is none of GitHub, GitLab, Gitea by its name",
            f"Set TOWPATH_GIT_WEB (`gitlab https://HOST/GROUP/REPO`), or set the hook of docs/operations.md and compare by hand: {_DOC}.",
        )
    elif token is None:
        yield Finding(
            "host",
            f"cannot tell the rules of {there.path}: there is no token to read them with",
            f"Set TOWPATH_HOST_TOKEN (read only): {_DOC}.",
        )
    else:
        yield from _asked(patient, there, token.get_secret_value())


def _asked(patient: Patient, there: hosts.HostPlace, token: str) -> Iterator[Finding]:
    ledger, source = patient.settings.towpath_ledger_branch, patient.settings.towpath_source_branch
    try:
        host = hosts.KINDS[there.kind](there, token, patient.settings.towpath_github_app_id)
        yield from _of_ledger(host.branch(ledger), ledger)
        yield from _of_source(host.branch(source), source)
        for sample in TAGS:
            yield from _of_tags(host.tags(sample), "*@v*" if "@" in sample else "*#*")
    except hosts.HostSaidNo as exc:
        yield Finding("host", exc.says, exc.fix)
    except WorldError as exc:
        yield Finding("host", str(exc), getattr(exc, "fix", f"Make {there.api} reachable from here, or compare the rules by hand: {_DOC}."))


def _of_ledger(rules: hosts.BranchRules, name: str) -> Iterator[Finding]:
    bad = [*_grows(rules, name), *_others(rules, name), *_stops(rules, name), *_untold(rules.untold, f"branch {name}")]
    yield from bad
    if not bad:
        yield Finding("host", f"branch {name}: it only grows, by {_listed(rules.pushers)}; {_excepted(rules.bypass)}")


def _grows(rules: hosts.BranchRules, name: str) -> Iterator[Finding]:
    if rules.forced is not False:
        yield Finding("host", f"branch {name}: it can be rewritten by a forced push", f"Forbid force pushes on {name}: {_DOC}.")
    if rules.deleted is not False:
        yield Finding("host", f"branch {name}: it can be deleted", f"Forbid deletion of {name}: {_DOC}.")


def _others(rules: hosts.BranchRules, name: str) -> Iterator[Finding]:
    if rules.pushers is None:
        yield Finding(
            "host",
            f"branch {name}: whoever may write to the repository may push to it",
            f"Let Towpath's credential alone push to {name}: {_DOC}.",
        )
    elif len(rules.pushers) > 1:
        yield Finding(
            "host",
            f"branch {name}: several may push to it: {_listed(rules.pushers)}",
            f"Let Towpath's credential alone push to {name}: {_DOC}.",
        )
    elif not rules.pushers:
        yield Finding(
            "host", f"branch {name}: nobody may push to it, so neither may Towpath", f"Let Towpath's credential push to {name}: {_DOC}."
        )
    if others := [who for who in rules.bypass if who not in (OURS, DEPLOY_KEYS, *(rules.pushers or ()))]:
        yield Finding(
            "host", f"branch {name}: its rules do not hold for {_listed(others)}", f"Take them off the bypass list of {name}: {_DOC}."
        )


def _stops(rules: hosts.BranchRules, name: str) -> Iterator[Finding]:
    """What would refuse every push of ours."""
    for what in rules.stops:
        yield Finding(
            "host",
            f"branch {name}: the host demands {what}, so it refuses our pushes",
            f"Take {name} out of that rule, or except us from it: {_DOC}.",
        )
    if rules.signed:
        yield Finding(
            "host",
            f"branch {name}: the host demands signatures that it can verify itself, and it does not know the writer's key",
            f"Take {name} out of that rule (our signatures are checked against the ledger), or give writer.pub to the pushing account as signing key.",
        )
    for pattern in rules.patterns:
        samples = (name,) if pattern.on == "branch" else _SAMPLES[pattern.on]
        verdicts = [pattern.fits(sample) for sample in samples]
        if None in verdicts:
            yield Finding(
                "host",
                f"branch {name}: cannot tell whether our {pattern.on} fits {_quoted(pattern)}",
                f"Take {name} out of that rule: {_DOC}.",
            )
        elif not all(verdicts):
            sample = samples[verdicts.index(False)]
            yield Finding(
                "host",
                f"branch {name}: the rule for the {pattern.on}, {_quoted(pattern)}, refuses our commits (such as {sample!r})",
                f"Take {name} out of that rule: {_DOC}.",
            )


def _of_source(rules: hosts.BranchRules, name: str) -> Iterator[Finding]:
    bad = []
    if rules.forced is not False:
        bad.append(Finding("host", f"branch {name}: it can be rewritten by a forced push", f"Forbid force pushes on {name}: {_DOC}."))
    if rules.reviewed is not True:
        bad.append(Finding("host", f"branch {name}: changes need no review", f"Require a reviewed pull (merge) request on {name}: {_DOC}."))
    yield from bad or [Finding("host", f"branch {name}: reviewed, never rewritten")]


def _of_tags(rules: hosts.TagRules, pattern: str) -> Iterator[Finding]:
    bad = list(_untold(rules.untold, f"tags {pattern}"))
    if rules.moved or rules.deleted:
        ways = " and ".join(word for yes, word in ((rules.moved, "moved"), (rules.deleted, "deleted")) if yes)
        bad.append(Finding("host", f"tags {pattern}: they can be {ways}", f"Forbid update and deletion of the tags {pattern}: {_DOC}."))
    elif others := [who for who in rules.bypass if who not in (OURS, DEPLOY_KEYS)]:
        bad.append(
            Finding("host", f"tags {pattern}: the rules do not hold for {_listed(others)}", f"Take them off the bypass list: {_DOC}.")
        )
    yield from bad or [Finding("host", f"tags {pattern}: neither moved nor deleted by anybody")]


def _untold(untold: Sequence[str], what: str) -> Iterator[Finding]:
    for said in untold:
        yield Finding(
            "host", f"{what}: cannot tell everything: {said}", f"Give TOWPATH_HOST_TOKEN more rights to read, or compare by hand: {_DOC}."
        )


def _excepted(bypass: Sequence[str]) -> str:
    return f"excepted: {_listed(bypass)}" if bypass else "nobody is excepted"


def _listed(names: Sequence[str] | None) -> str:
    return ", ".join((names or ())[:10]) or "nobody"


def _quoted(pattern: hosts.Pattern) -> str:
    text = "".join(letter if letter.isprintable() else "?" for letter in pattern.text)[:120]
    return f"{'not ' if pattern.negated else ''}{pattern.how} {text!r}"
