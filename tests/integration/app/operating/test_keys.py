from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from workers.app import keys

from .host import Host


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_keys_are_made_once_and_print_the_fingerprint_that_ssh_keygen_prints(host: Host) -> None:
    printed = host.must("keys")
    listed = subprocess.run(["ssh-keygen", "-lf", str(host.keys / "writer.pub")], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == listed.split()[1]
    assert stat.S_IMODE(host.keys.stat().st_mode) == 0o700
    private = {*keys.SIGNERS, keys.LINKS}
    assert modes(host.keys) == {name: 0o600 if name in private else 0o644 for name in keys.FILES}
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in host.keys.iterdir()}
    assert host.must("keys") == printed
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in host.keys.iterdir()} == before


def test_half_a_folder_is_refused_and_left_as_it_is(host: Host) -> None:
    host.must("keys")
    (host.keys / "clock").unlink()
    (host.keys / "repo_id").unlink()
    left = modes(host.keys)
    for command in ("keys", "init"):
        if not host.remote.exists():
            host.publish("version: 1\nenvironments: {staging: {}}\n")
        done = host.towpath(command)
        assert done.returncode == 2
        assert "but not clock, repo_id" in done.stderr
        assert done.stderr.count("\n") == 1
    assert modes(host.keys) == left
    assert host.head == ""


def test_a_file_of_somebody_else_is_never_overwritten(host: Host) -> None:
    host.keys.mkdir()
    (host.keys / "writer").write_text("mine")
    assert host.towpath("keys").returncode == 2
    assert [(path.name, path.read_text()) for path in host.keys.iterdir()] == [("writer", "mine")]


def test_without_a_folder_the_setting_is_named(host: Host) -> None:
    done = host.towpath("keys", TOWPATH_KEYS="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "TOWPATH_KEYS is not set. Set it to the folder of keys" in done.stderr


def test_a_folder_that_cannot_be_made_is_told_in_one_line(host: Host) -> None:
    (host.folder / "file").write_text("")
    done = host.towpath("keys", TOWPATH_KEYS=str(host.folder / "file" / "keys"))
    assert done.returncode == 1
    assert done.stderr.startswith("towpath: ") and done.stderr.count("\n") == 1
