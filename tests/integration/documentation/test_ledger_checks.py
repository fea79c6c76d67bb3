"""The checks of docs/ledger.md, run as they stand there: silent on a genuine ledger, not on another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.documentation.conftest import NOW, Bank, rotated
from tests.unit.docs.pages import DOCS, blocks
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.app.rotation import Ring
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
    assert bank.must(check("writer()"), clone) == ""
    assert bank.must(check("n=0;"), clone) == ""


def test_a_forged_commit_is_printed(bank: Bank, clone: Path) -> None:
    bank.must("git commit --quiet --allow-empty -m forged", clone)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    assert bank.must(check("writer()"), clone).startswith(forged)
    assert forged in bank.must(check("n=0;"), clone)


def test_a_ledger_whose_keys_were_replaced_passes_and_its_first_key_is_shown(bank: Bank, clone: Path) -> None:
    first = SigningKey.load((bank.keys / "writer").read_bytes()).fingerprint
    again = rotated(bank, "writer", "bot", "writer")
    again.record_a_refusal(2)
    bank.must("git pull --quiet", clone)
    assert bank.must(check("writer()"), clone) == ""
    assert bank.must(check("n=0;"), clone) == ""
    shown = check("git clone --branch towpath").splitlines()[1]
    assert first in bank.must(shown, clone)
    writer = SigningKey.load((again.keys / "writer").read_bytes())
    assert Ring(again.ledger, writer.public, lambda: NOW).revoke(first, "stolen")
    bank.must("git pull --quiet", clone)
    assert bank.must(check("writer()"), clone) == ""
    for seq in (1, 5):
        assert bank.must(check("field()").replace("/n.json", f"/{seq}.json"), clone).startswith('Good "towpath-bot" signature')


@pytest.mark.parametrize("at", ["2026-11-23T08:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_replaced_key_that_goes_on_is_printed_whatever_date_it_gives(bank: Bank, clone: Path, at: str) -> None:
    stolen = bank.folder / "stolen"
    stolen.write_bytes((bank.keys / "writer").read_bytes())
    stolen.chmod(0o600)
    rotated(bank, "writer")
    bank.must("git pull --quiet", clone)
    signed = f"git -c gpg.format=ssh -c user.signingKey='{stolen}' commit --quiet --allow-empty -S -m forged"
    bank.must(signed, clone, GIT_COMMITTER_DATE=at)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    assert bank.must(check("writer()"), clone).startswith(forged)


def test_a_writer_that_names_itself_is_printed(bank: Bank, clone: Path) -> None:
    bank.must("ssh-keygen -q -t ed25519 -N '' -f ../mallory", clone)
    bank.must('sed -i "s|^writer.*|writer@towpath namespaces=\\"git\\" $(cut -d\' \' -f1,2 ../mallory.pub)|" allowed_signers', clone)
    bank.must("git -c gpg.format=ssh -c user.signingKey=../mallory commit --quiet -a -S -m mine", clone)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    assert bank.must(check("writer()"), clone).startswith(forged)


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
    printed = bank.must(script.replace("FOLDER", f"{version.folder}/{version.path}"))
    assert f"sha256:{printed.split()[0]}" == version.digest
