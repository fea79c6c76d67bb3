"""CI that our pushes would start: each decision is a push to the ledger branch, and each promotion tags a commit that has CI files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workers.adapters.git.mirror import SOURCE
from workers.app.doctor import triggers
from workers.app.doctor.finding import Finding, Patient

SAMPLE = "fraud#prod#8"
"""A tag as the ledger's projection makes them; `fraud@v1.0.0` may well start CI."""

MOST = 200
_READ = re.compile(r"\.(?P<host>github|gitea|forgejo)/workflows/[^/]+\.ya?ml|(?P<gitlab>\.gitlab-ci\.yml)")
_OTHERS = re.compile(
    r"Jenkinsfile|azure-pipelines\.ya?ml|\.circleci/config\.yml|bitbucket-pipelines\.yml|\.drone\.ya?ml|\.woodpecker(?:\.ya?ml|/.*)"
    r"|\.travis\.yml|\.buildkite/.*|\.tekton/.*|cloudbuild\.ya?ml|appveyor\.yml"
)
_BY_HAND = "See that it starts neither for the branch {ledger} nor for tags with `#`: docs/install/git-hosts.md, CI."
_GITLAB = (
    "Begin .gitlab-ci.yml with: workflow: {{rules: [{{if: '$CI_COMMIT_BRANCH == \"{ledger}\"', when: never}}, "
    "{{if: '$CI_COMMIT_TAG =~ /#/', when: never}}, {{when: always}}]}}"
)


@dataclass(frozen=True)
class File:
    """A file of the source branch: its path, blob id and size in bytes."""

    path: str
    oid: str
    size: int


def look(patient: Patient) -> Iterator[Finding]:
    """Every CI file of the source branch, as the mirror has it since the policy was read."""
    files = list(_files(patient))
    ledger = patient.settings.towpath_ledger_branch
    looked = [file for file in files if _READ.fullmatch(file.path)]
    bad = [finding for file in looked[:MOST] for finding in _judged(patient, file, ledger)]
    yield from bad
    for file in [*looked[MOST:], *(file for file in files if _OTHERS.fullmatch(file.path))]:
        yield Finding("ci", f"{file.path} was not looked at", _BY_HAND.format(ledger=ledger))
    if not bad:
        yield Finding(
            "ci", f"{len(looked)} CI files were looked at; our pushes start none" if looked else "there are no CI files that are known"
        )


def _files(patient: Patient) -> Iterator[File]:
    """By Git's own listing: the trees of artifacts refuse names that begin with `.git`."""
    answer = patient.mirror.git.must("ls-tree", "-r", "-z", "-l", "--full-tree", SOURCE)
    for line in answer.out.decode(errors="replace").split("\0"):
        about, _, path = line.partition("\t")
        mode, _, oid, size = (*about.split(), "", "", "", "")[:4]
        if mode in ("100644", "100755") and (_READ.fullmatch(path) or _OTHERS.fullmatch(path)):
            yield File(path, oid, int(size))


def _judged(patient: Patient, file: File, ledger: str) -> Iterator[Finding]:
    path = "".join(letter if letter.isprintable() else "?" for letter in file.path)[:200]
    read = triggers.gitlab if file.path == ".gitlab-ci.yml" else triggers.github
    try:
        if file.size > triggers.LARGEST:
            raise triggers.NotRead(f"larger than {triggers.LARGEST} bytes")
        starts = read(patient.mirror.git.must("cat-file", "blob", file.oid).out.decode(errors="replace"), ledger, SAMPLE)
    except triggers.NotRead as exc:
        yield Finding("ci", f"{path} cannot be judged: {exc}", _BY_HAND.format(ledger=ledger))
        return
    what = [said for yes, said in ((starts.branch, f"the branch {ledger}"), (starts.tag, f"tags such as {SAMPLE}")) if yes]
    if what:
        yield Finding("ci", f"{path} fits pushes of {' and of '.join(what)}", _fix(path, starts, ledger))


def _fix(path: str, starts: triggers.Starts, ledger: str) -> str:
    if path == ".gitlab-ci.yml":
        return _GITLAB.format(ledger=ledger)
    branches = f'branches-ignore: ["{ledger}"] (or "!{ledger}" as the last line of branches)'
    tags = 'tags: ["*@v*"] (or no tags and no `create` at all)'
    return f"Write below `on: push:` in {path}: {'; '.join(said for yes, said in ((starts.branch, branches), (starts.tag, tags)) if yes)}"
