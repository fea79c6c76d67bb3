"""The checks of docs/ledger.md, run as they stand there: silent on a genuine ledger, not on another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.documentation.conftest import Bank
from tests.unit.docs.pages import DOCS, blocks
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.contract.names import OutputRef
from workers.contract.signatures import SigningKey


def check(beginning: str) -> str:
    """The block of the page that begins so."""
    (found,) = [block for block in blocks(DOCS / "ledger.md", "sh") if block.startswith(beginning)]
    return found


@pytest.fixture
def clone(bank: Bank) -> Path:
    """A stranger's clone, made by the page's own words."""
    printed = bank.must(check("git clone --branch towpath").replace("REPOSITORY", str(bank.remote)))
    assert SigningKey.load((bank.keys / "writer").read_bytes()).fingerprint in printed
    return bank.folder / "ledger"


def test_a_genuine_ledger_passes(bank: Bank, clone: Path) -> None:
    assert bank.must(check("git --no-replace-objects"), clone) == ""
    assert bank.must(check("n=0;"), clone) == ""


def test_a_forged_commit_is_printed(bank: Bank, clone: Path) -> None:
    bank.must("git commit --quiet --allow-empty -m forged", clone)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    assert bank.must(check("git --no-replace-objects"), clone).startswith(forged)
    assert forged in bank.must(check("n=0;"), clone)


def test_a_head_that_was_seen_is_below_the_present_one(bank: Bank, clone: Path) -> None:
    seen = bank.head
    bank.record_a_refusal(2)
    script = check("git merge-base").replace("EARLIER_HEAD", seen)
    bank.must("git pull --quiet", clone)
    assert bank.must(script, clone) == "still there\n"
    assert bank.shell(script, clone.parent / "ledger").returncode == 0
    bank.must(f"git reset --quiet --hard {seen}^", clone)
    assert bank.shell(script, clone).stdout == ""


def test_whoever_signed_a_request_is_found_in_its_record(bank: Bank, clone: Path) -> None:
    script = check("field()").replace("/n.json", "/1.json")
    assert bank.must(script, clone).startswith('Good "towpath-bot" signature for bot@towpath')
    record = clone / "records/0/1.json"
    record.write_text(record.read_text().replace("P-7", "P-8"))
    assert bank.shell(script, clone).returncode != 0


def test_the_digest_of_a_version_can_be_computed_by_hand(bank: Bank) -> None:
    source = GitSource(Mirror(bank.folder / "another", str(bank.remote)), bank.folder / "store")
    source.fetch()
    tag = next(tag for tag in source.version_tags() if tag.artifact == "biopsy")
    version = source.inspect(tag.artifact, tag.version, tag.commit, None)
    script = check("git clone REPOSITORY source").replace("REPOSITORY", str(bank.remote)).replace("COMMIT", version.commit)
    script = script.replace("FOLDER", f"{version.folder}/{version.path}")
    printed = bank.must(script.replace("OUTPUTS", ""))
    assert f"sha256:{printed.split()[0]}" == version.digest
    names = ("registry.example:5000/b", "registry.example/a.b/c", "registry.example/a-b")
    outputs = tuple(OutputRef.read(f"{name}@sha256:{digit * 64}") for name, digit in zip(names, "abc", strict=True))
    built = source.inspect(tag.artifact, tag.version, tag.commit, None, (*outputs, OutputRef.read(f"{names[0]}@sha256:{'0' * 64}")))
    assert built.digest != version.digest
    printed = bank.must("rm -rf source; " + script.replace("OUTPUTS", " ".join(reversed(built.outputs))))
    assert f"sha256:{printed.split()[0]}" == built.digest
    assert source.materialise(built).keys() == source.materialise(version).keys()
