"""The hook of docs/operations.md, as it stands there, in a real bare repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.documentation.conftest import Bank, rotated
from tests.unit.docs.pages import DOCS, blocks


@pytest.fixture
def clone(bank: Bank) -> Path:
    """A clone of somebody who may push; the hook is in force."""
    (hook,) = [block for block in blocks(DOCS / "operations.md", "sh") if "hooks/pre-receive" in block]
    signers = bank.folder / "signers"
    signers.write_text(bank.must("git show towpath:allowed_signers", bank.remote))
    path = bank.remote / "hooks" / "pre-receive"
    path.parent.mkdir(exist_ok=True)
    path.write_text(hook.replace("/etc/towpath/allowed_signers", str(signers)))
    path.chmod(0o755)
    bank.must(f"git config receive.fsckObjects true && git config core.hooksPath '{path.parent}'", bank.remote)
    bank.must(f"git clone --quiet '{bank.remote}' clone && cd clone && git checkout --quiet towpath")
    return bank.folder / "clone"


@pytest.mark.usefixtures("clone")
def test_the_writer_goes_on(bank: Bank) -> None:
    assert bank.record_a_refusal(2) == bank.head


@pytest.mark.usefixtures("clone")
def test_the_writer_goes_on_after_its_key_was_replaced_without_a_word_to_the_host(bank: Bank) -> None:
    again = rotated(bank, "writer", "clock", "writer")
    assert again.record_a_refusal(2) == bank.head


@pytest.mark.parametrize("at", ["2026-11-23T08:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_replaced_key_pushes_nothing_more(bank: Bank, clone: Path, at: str) -> None:
    stolen = bank.folder / "stolen"
    stolen.write_bytes((bank.keys / "writer").read_bytes())
    stolen.chmod(0o600)
    rotated(bank, "writer")
    signed = f"git pull --quiet && git -c gpg.format=ssh -c user.signingKey='{stolen}' commit --quiet --allow-empty -S -m forged"
    ended = bank.shell(f"{signed} && git push origin towpath", clone, GIT_COMMITTER_DATE=at)
    assert ended.returncode != 0
    assert "is not signed by the ledger's writer" in ended.stderr


@pytest.mark.usefixtures("clone")
def test_a_ledger_that_begins_needs_the_key_that_the_host_was_given(bank: Bank) -> None:
    genesis = bank.must("git rev-list --max-parents=0 towpath", bank.remote).strip()
    bank.must(f"git update-ref -d refs/heads/towpath && git update-ref refs/kept {genesis}", bank.remote)
    push = f"git --git-dir='{bank.folder / 'mirror'}' push '{bank.remote}' {genesis}:refs/heads/towpath"
    right = (bank.folder / "signers").read_text()
    (bank.folder / "signers").write_text("")
    assert "is not signed by the ledger's writer" in bank.shell(push).stderr
    (bank.folder / "signers").write_text(right)
    assert bank.shell(push).returncode == 0


@pytest.mark.parametrize(
    ("push", "why"),
    [
        ("git commit --quiet --allow-empty -m forged && git push origin towpath", "not signed by the ledger's writer"),
        ("git push --force origin HEAD^:towpath", "the ledger is not rewritten"),
        ("git push origin :towpath", "the ledger is not deleted"),
        ("git push origin :refs/tags/biopsy@v1.0.0", "biopsy@v1.0.0 is neither moved nor deleted"),
        ("git tag -f -a -m moved biopsy@v1.0.0 main && git push --force origin refs/tags/biopsy@v1.0.0", "neither moved nor deleted"),
        ("git replace HEAD HEAD^ && git push origin 'refs/replace/*'", "replace refs are not taken"),
    ],
)
def test_what_must_not_be_pushed_is_refused(bank: Bank, clone: Path, push: str, why: str) -> None:
    before = bank.must("git for-each-ref", bank.remote)
    bank.must("git checkout --quiet main && git checkout --quiet towpath", clone)
    ended = bank.shell(push, clone)
    assert ended.returncode != 0
    assert why in ended.stderr
    assert bank.must("git for-each-ref", bank.remote) == before


def test_people_push_to_the_source_branch_and_make_versions(bank: Bank, clone: Path) -> None:
    bank.must("git checkout --quiet main && git commit --quiet --allow-empty -m change && git push --quiet origin main", clone)
    bank.must("git tag -a -m new biopsy@v99.0.0 && git push --quiet origin refs/tags/biopsy@v99.0.0", clone)
    assert "biopsy@v99.0.0" in bank.must("git tag", bank.remote)


def test_a_merge_of_the_writers_own_commits_is_refused(bank: Bank, clone: Path) -> None:
    bank.must("git -c commit.gpgSign=false checkout --quiet --detach towpath^", clone)
    script = (
        f"git -c gpg.format=ssh -c user.signingKey='{bank.keys / 'writer'}' commit --quiet --allow-empty -S -m side && "
        f"git -c gpg.format=ssh -c user.signingKey='{bank.keys / 'writer'}' merge --quiet -S --no-ff -m merge towpath && git push origin HEAD:towpath"
    )
    ended = bank.shell(script, clone)
    assert ended.returncode != 0
    assert "is a merge" in ended.stderr
