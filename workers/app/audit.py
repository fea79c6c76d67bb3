"""`towpath audit verify`: whether the record is as it was written, by Git alone."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from workers.adapters.git.mirror import Mirror
from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.witness import Witness
from workers.app import logs
from workers.app.settings import BadSettings, LookSettings, load_to_look
from workers.contract import wire
from workers.contract.verified import Found, Verdict, Verification
from workers.perform.verification import ANCHOR, GIVEN, Anchor
from workers.ports.errors import WorldError
from workers.tasks.verifying import Job, effects_key
from workers.tasks.wiring import MIRRORED, now

Command = TypeVar("Command", bound=Callable[..., Any])
_HEAD = "A head that you know, from Slack or on paper: a commit id, or its first 12 digits or more. May be given several times."


@click.group()
def audit() -> None:
    """Look at the record."""


@audit.command()
@click.option("--repository", help="The shared repository, in place of TOWPATH_REPOSITORY; any Git URL or an absolute path.")
@click.option("--branch", help="The ledger branch, in place of TOWPATH_LEDGER_BRANCH.")
@click.option("--trust", help="The fingerprint of the key that began the ledger, SHA256:..., in place of TOWPATH_TRUST and towpath.yaml.")
@click.option("--expect", "heads", multiple=True, metavar="HEAD", help=_HEAD)
@click.option("--full", is_flag=True, help="Judge every commit, also those below a signed checkpoint of this host.")
@click.option("--json", "as_json", is_flag=True, help="Print the verification as JSON.")
def verify(repository: str | None, branch: str | None, trust: str | None, heads: tuple[str, ...], full: bool, as_json: bool) -> None:  # noqa: FBT001  # the options of a command line
    """Verify the ledger: signatures, parents, numbers, hashes, files, tags, and that its end was not cut off.

    Needs Git alone. Exits with 0 when it is sound, with 1 when it was tampered with (the first bad commit is named), and with 2 when nobody can
    tell: then it says what is missing.
    """
    given = {"TOWPATH_REPOSITORY": repository, "TOWPATH_LEDGER_BRANCH": branch, "TOWPATH_TRUST": trust}
    settings = load_to_look(os.environ | {name: value for name, value in given.items() if value})
    expected = [Anchor(_head(head), GIVEN) for head in heads]
    try:
        with _job(settings, is_given=bool(repository)) as job:
            job.expected, job.full = expected, full
            found = job.run()
    except BadSettings:
        raise
    except (WorldError, ValueError, OSError) as exc:
        found = Verification(Verdict.CANNOT_TELL, lacking=(Found("error", str(exc)),))
    except Exception as exc:  # a defect of ours must not end with the status that means tampered
        logs.log.exception("defect")
        found = Verification(Verdict.CANNOT_TELL, lacking=(Found("defect", f"Towpath met a defect of its own: {type(exc).__name__}."),))
    click.echo(wire.canonical(found).decode() if as_json else "\n".join(logs.struck(line) for line in said(found)))
    sys.exit(found.verdict.status)


def _head(text: str) -> str:
    if not ANCHOR.fullmatch(text.lower()):
        raise click.BadParameter(f"{text[:60]!r} is not a commit id, nor its first 12 digits or more", param_hint="--expect")
    return text.lower()


@contextmanager
def _job(settings: LookSettings, *, is_given: bool) -> Iterator[Job]:
    """The mirror lies with the others; one of somebody who only passes by is made for this once."""
    if is_given and not os.environ.get("TOWPATH_DATA"):
        with tempfile.TemporaryDirectory(prefix="towpath-verify-") as folder:
            yield Job(_mirror(settings, Path(folder) / "mirror"), now, settings.towpath_trust)
        return
    url = settings.towpath_repository.get_secret_value()
    name = hashlib.sha256(f"{url} {settings.towpath_ledger_branch}".encode()).hexdigest()[:8]
    own = _mirror(settings, settings.towpath_data / f"mirror-verify-{name}")
    ours = not is_given or url == os.environ.get("TOWPATH_REPOSITORY")
    seen = [settings.towpath_data / f"mirror-{lane}" for lane in MIRRORED] if ours else []
    witness = settings.towpath_witness.get_secret_value() if settings.towpath_witness and ours else None
    yield Job(
        own,
        now,
        settings.towpath_trust,
        witness=Witness(own, witness, Configuration(settings.towpath_git_config)) if witness else None,
        seen=[_mirror(settings, folder) for folder in seen if folder.exists()],
        redis_url=settings.redis_url.get_secret_value() if ours else "",
        key=effects_key(settings.towpath_keys),
    )


def _mirror(settings: LookSettings, folder: Path) -> Mirror:
    return Mirror(
        folder,
        settings.towpath_repository.get_secret_value(),
        source_branch=settings.towpath_source_branch,
        ledger_branch=settings.towpath_ledger_branch,
        configuration=Configuration(settings.towpath_git_config),
    )


def said(found: Verification) -> Iterator[str]:
    """A verification in lines for people."""
    at = f", head {found.head}" if found.head else ""
    yield f"{found.verdict.value}: {found.records} records, {found.checked} commits judged now{at}"
    if found.first_bad:
        yield f"first bad commit: {found.first_bad}"
    for one in found.findings:
        yield f"  {one.code}: {one.text}"
    for one in found.lacking:
        yield f"  cannot tell ({one.code}): {one.text}"
    for what in found.compared:
        yield f"  compared with {what}"
    for note in found.notes:
        yield f"  note: {note}"
