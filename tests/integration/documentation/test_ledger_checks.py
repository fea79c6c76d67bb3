"""The checks of docs/ledger.md, run as they stand there: silent on a genuine ledger, not on another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.documentation.conftest import NOW, Bank, rotated
from tests.unit.docs.pages import DOCS, blocks
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.app.rotation import Ring
from workers.contract.names import OutputRef
from workers.contract.signatures import SigningKey
from workers.perform import disowning


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


def walked(bank: Bank, clone: Path) -> str:
    """What the walk of the page prints in a clone, as it stands there."""
    return bank.must(check("export GIT_NO_REPLACE_OBJECTS"), clone)


def test_a_genuine_ledger_passes(bank: Bank, clone: Path) -> None:
    bank.record_a_refusal(2)
    bank.must("git pull --quiet", clone)
    assert walked(bank, clone) == ""
    assert bank.must("git status --porcelain", clone) == ""


def test_a_forged_commit_is_printed(bank: Bank, clone: Path) -> None:
    bank.must("git commit --quiet --allow-empty -m forged", clone)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    assert forged in walked(bank, clone)
    assert "not signed" in walked(bank, clone)


def signed(bank: Bank, clone: Path, script: str, key: str = "writer", date: str = "2026-11-23T08:00:00Z") -> str:
    """Files of the clone are changed by a script and committed with a key, so that only the record can tell; the commit."""
    configured = f"-c gpg.format=ssh -c user.signingKey='{bank.keys / key}'"
    number = len(bank.must("git rev-list HEAD", clone).split())
    bank.must(script.replace("NEXT", f"records/0/{number}.json").replace("LAST", f"records/0/{number - 1}.json"), clone)
    digest = bank.must(f"[ ! -f records/0/{number}.json ] || sha256sum < records/0/{number}.json | cut -d' ' -f1", clone).strip()
    bank.must("git add --all", clone)
    message = f"Odd\n\nRecord-Sha256: {digest}"
    bank.must(f"git {configured} commit --quiet --allow-empty -S -m '{message}'", clone, GIT_COMMITTER_DATE=date)
    return bank.must("git rev-parse HEAD", clone).strip()


NEXT = (
    'sed "s/\\"seq\\":[0-9]*,\\"time/\\"seq\\":%s,\\"time/; '
    's/\\"prev\\":\\"[0-9a-f]*/\\"prev\\":\\"$(git rev-parse HEAD)/; '
    's/\\"files\\":{[^}]*}/\\"files\\":{}/" LAST > NEXT'
)
"""A record that would follow the last one, with a number of one's own."""


def test_a_record_that_follows_is_good_until_one_thing_is_wrong(bank: Bank, clone: Path) -> None:
    signed(bank, clone, NEXT % 2)
    assert walked(bank, clone) == ""


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        ("true", "has no record 2"),
        (NEXT % 3, "holds record 3 in place of 2"),
        (NEXT % 1, "holds record 1 in place of 2"),
        (NEXT % 2 + " && echo x > holds", "changes holds, which its record does not list"),
        (NEXT % 2 + ' && sed -i \'s/"files":{/"files":{"README.md":null/\' NEXT', "still holds README.md"),
        (NEXT % 2 + ' && sed -i \'s/"files":{/"files":{"README.md":"sha256:00"/\' NEXT', "does not hold the README.md"),
        (NEXT % 2 + ' && sed -i \'s/"repo_id":"[0-9a-f]*","request"/"repo_id":"f00","request"/\' NEXT', "of another repository"),
        (NEXT % 2 + ' && sed -i \'s/"prev":"[0-9a-f]*/"prev":"0000/\' NEXT', "a record that follows 0000"),
    ],
)
def test_what_is_wrong_with_a_commit_of_the_writers_key_is_printed(bank: Bank, clone: Path, attack: str, why: str) -> None:
    commit = signed(bank, clone, attack)
    assert f"{commit} " in walked(bank, clone)
    assert why in walked(bank, clone)


def test_a_record_that_is_not_the_one_in_the_message_is_printed(bank: Bank, clone: Path) -> None:
    signed(bank, clone, NEXT % 2)
    configured = f"-c gpg.format=ssh -c user.signingKey='{bank.keys / 'writer'}'"
    bank.must(f"git {configured} commit --quiet --amend -S -m 'Odd\n\nRecord-Sha256: 00'", clone)
    assert "names another record" in walked(bank, clone)


def test_a_clock_that_was_set_back_is_printed(bank: Bank, clone: Path) -> None:
    commit = signed(bank, clone, NEXT % 2, date="2026-11-23T07:50:00Z")
    assert walked(bank, clone) == f"{commit} is dated before the one below it\n"


def test_a_key_of_another_purpose_and_an_expired_one_are_printed(bank: Bank, clone: Path) -> None:
    commit = signed(bank, clone, NEXT % 2, key="bot")
    assert f"{commit}: not signed by the ledger's writer" in walked(bank, clone)
    bank.must("git reset --quiet --hard HEAD^", clone)
    rotated = (
        'cp allowed_signers was && sed -i \'s/^writer@towpath namespaces="git"/&,valid-before="20261124000000Z"/\' allowed_signers && '
    )
    rotated += f"echo 'writer@towpath namespaces=\"git\"' $(cut -d' ' -f1,2 '{bank.keys / 'clock.pub'}') >> allowed_signers && rm was && "
    rotated += (
        NEXT % 2 + ' && sed -i "s/\\"files\\":{/&\\"allowed_signers\\":\\"sha256:$(sha256sum < allowed_signers | cut -d\' \' -f1)\\"/" NEXT'
    )
    signed(bank, clone, rotated)
    assert walked(bank, clone) == ""
    backdated = signed(bank, clone, NEXT % 3)
    assert f"{backdated}: not signed by the ledger's writer" in walked(bank, clone)
    bank.must("git reset --quiet --hard HEAD^", clone)
    signed(bank, clone, NEXT % 3, key="clock")
    assert walked(bank, clone) == ""


def test_a_merge_is_printed(bank: Bank, clone: Path) -> None:
    configured = f"-c gpg.format=ssh -c user.signingKey='{bank.keys / 'writer'}'"
    bank.must(f"git {configured} checkout --quiet --detach HEAD^ && git {configured} commit --quiet --allow-empty -S -m side", clone)
    bank.must(f"git {configured} merge --quiet -S --no-ff -m merge towpath", clone)
    assert "is a merge" in walked(bank, clone)


def test_a_forgery_under_a_genuine_tip_is_printed(bank: Bank, clone: Path) -> None:
    bank.must("git commit --quiet --allow-empty -m forged", clone)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    bank.must(NEXT.replace("LAST", "records/0/1.json").replace("NEXT", "records/0/2.json") % 2, clone)
    signed(bank, clone, "true")
    assert f"stands on {forged}, which the writer did not sign" in walked(bank, clone)


def test_a_replace_ref_changes_nothing_and_a_shallow_clone_is_told(bank: Bank, clone: Path) -> None:
    forged = bank.must("git commit-tree HEAD^{tree} -p HEAD^ -m forged", clone).strip()
    bank.must(f"git replace HEAD {forged}", clone)
    assert walked(bank, clone) == ""
    bank.must(f"git clone --quiet --depth 1 --branch towpath 'file://{bank.remote}' short")
    assert "not whole" in walked(bank, bank.folder / "short")


def test_a_commit_that_was_disowned_is_passed_over(bank: Bank, clone: Path) -> None:
    bank.must("echo x > environments && git add --all && git commit --quiet -m mine && git push --quiet origin towpath", clone)
    head = bank.head
    disowning.disown(bank.ledger, disowning.look(bank.ledger, head), NOW)
    bank.must("git pull --quiet", clone)
    assert bank.must("git ls-tree --name-only HEAD environments", clone) == ""
    assert bank.must("git rev-parse HEAD^", clone).strip() == head
    assert walked(bank, clone) == ""
    bank.record_a_refusal(2)
    bank.must("git pull --quiet", clone)
    assert walked(bank, clone) == ""


def test_a_ledger_whose_keys_were_replaced_passes_and_its_first_key_is_shown(bank: Bank, clone: Path) -> None:
    first = SigningKey.load((bank.keys / "writer").read_bytes()).fingerprint
    again = rotated(bank, "writer", "bot", "writer")
    again.record_a_refusal(2)
    bank.must("git pull --quiet", clone)
    assert walked(bank, clone) == ""
    shown = "\n".join(check("git clone --branch towpath").splitlines()[1:3])
    assert first in bank.must(shown, clone)
    writer = SigningKey.load((again.keys / "writer").read_bytes())
    assert Ring(again.ledger, writer.public, lambda: NOW).revoke(first, "stolen")
    bank.must("git pull --quiet", clone)
    assert walked(bank, clone) == ""
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
    assert forged in walked(bank, clone)


def test_a_writer_that_names_itself_is_printed(bank: Bank, clone: Path) -> None:
    bank.must("ssh-keygen -q -t ed25519 -N '' -f ../mallory", clone)
    bank.must('sed -i "s|^writer.*|writer@towpath namespaces=\\"git\\" $(cut -d\' \' -f1,2 ../mallory.pub)|" allowed_signers', clone)
    bank.must("git -c gpg.format=ssh -c user.signingKey=../mallory commit --quiet -a -S -m mine", clone)
    forged = bank.must("git rev-parse HEAD", clone).strip()
    assert forged in walked(bank, clone)


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
    with source.materialised(built) as some, source.materialised(version) as same:
        assert some.keys() == same.keys()
