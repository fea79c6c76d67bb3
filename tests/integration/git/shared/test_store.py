"""The store of artifacts: below its size, proved at each use, whole for whoever reads, clean after whoever was killed."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from workers.adapters.git import GitSource, Mirror
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.store import Store
from workers.ports.errors import BadContent

from .people import People, biopsy
from .test_git_source import brought, looked
from .test_lfs_folder import kept, left

FORK = multiprocessing.get_context("fork")


def name(content: bytes) -> str:
    return sha256(content).hexdigest()


def put(store: Store, content: bytes) -> Path:
    with store.room() as room:
        with room.writing(0) as write:
            write(content)
        room.keep(0, name(content))
    return store.place(name(content))


def has(store: Store, content: bytes) -> bool:
    """Whether a reader gets it; that is a use."""
    with store.room() as room:
        return room.take(0, name(content), len(content))


def used_at(store: Store, content: bytes, second: int) -> None:
    os.utime(store.place(name(content)), (second, second))


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 3_000_000, b"a" + b"\0" * 2_000_000 + b"b", b"\0\0\0b\0"], ids=range(5))
def test_what_is_written_is_kept_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path / "store")
    assert put(store, content).read_bytes() == content
    assert has(store, content)
    assert oct(store.place(name(content)).stat().st_mode & 0o777) == "0o444"


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", 3000)
    one, two, three, four = (letter * 1000 for letter in (b"1", b"2", b"3", b"4"))
    for second, content in enumerate((one, two, three), 1):
        put(store, content)
        used_at(store, content, second)
    assert has(store, one)
    put(store, four)
    assert [has(store, content) for content in (one, two, three, four)] == [True, False, True, True]


def test_what_leaves_the_store_stays_with_its_reader(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", 1000)
    put(store, b"1" * 900)
    with store.room() as room:
        assert room.take(0, name(b"1" * 900), 900)
        put(store, b"2" * 900)
        assert not store.place(name(b"1" * 900)).exists()
        assert room.path(0).read_bytes() == b"1" * 900
    assert left(tmp_path / "store") == [name(b"2" * 900)[2:]]


@pytest.mark.parametrize("spoilt", [b"1" * 899 + b"x", b"1" * 899, b""], ids=["other", "shorter", "empty"])
def test_what_is_torn_is_thrown_out(tmp_path: Path, spoilt: bytes) -> None:
    store = Store(tmp_path / "store")
    place = put(store, b"1" * 900)
    place.chmod(0o644)
    place.write_bytes(spoilt)
    assert not has(store, b"1" * 900)
    assert not place.exists()


def test_a_link_in_the_store_is_not_followed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    place = put(store, b"1" * 900)
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert not has(store, b"1" * 900)


def test_files_are_copied_where_there_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EMLINK, "Too many links")

    store = Store(tmp_path / "store")
    monkeypatch.setattr(os, "link", link)
    place = put(store, b"1" * 900)
    with store.room() as room:
        assert room.take(0, name(b"1" * 900), 900)
        assert room.path(0).stat().st_ino != place.stat().st_ino
        assert room.path(0).read_bytes() == b"1" * 900


def _churn(folder: Path, seed: int) -> None:
    """Readers and writers that push each other's files out: whatever is taken must be whole until the room is left."""
    store = Store(folder, 5000)
    contents = [bytes([letter]) * 1000 for letter in range(12)]
    for round_ in range(60):
        content = contents[(round_ * (seed + 1) + seed) % 12]
        with store.room() as room:
            if not room.take(0, name(content), 1000):
                store.require(1000, "it")
                with room.writing(0) as write:
                    write(content)
                room.keep(0, name(content))
            put(store, contents[(round_ * 7 + seed) % 12])
            if room.path(0).read_bytes() != content:
                raise SystemExit(3)


def test_several_processes_read_while_others_push_out(tmp_path: Path) -> None:
    ones = [FORK.Process(target=_churn, args=(tmp_path / "store", seed)) for seed in range(3)]
    for one in ones:
        one.start()
    for one in ones:
        one.join(60)
    assert [one.exitcode for one in ones] == [0, 0, 0]
    assert [place for place in (tmp_path / "store").iterdir() if place.name != "sha256"] == []
    assert sum(place.stat().st_size for place in (tmp_path / "store").glob("sha256/??/*")) <= 5000


def _die_in_a_room(folder: Path) -> None:
    with Store(folder).room() as room, room.writing(0) as write:
        write(b"half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_leaves_nothing_after_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    killed = FORK.Process(target=_die_in_a_room, args=(folder,))
    killed.start()
    killed.join(30)
    assert killed.exitcode == -signal.SIGKILL
    assert left(folder) == ["0"]
    Store(folder)
    assert list(folder.iterdir()) == []


def test_the_rooms_of_the_living_stay(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with store.room() as room:
        with room.writing(0) as write:
            write(b"mine")
        other = FORK.Process(target=Store, args=(tmp_path / "store",))
        other.start()
        other.join(30)
        assert room.path(0).read_bytes() == b"mine"


def test_a_version_larger_than_the_store_is_refused_with_numbers(people: People, mirror: Mirror, tmp_path: Path) -> None:
    commit = people.commit(biopsy(model__model_dot_onnx=kept(people, b"x" * 2_500_000)))
    source = GitSource(mirror, tmp_path / "store", store_limit=2_000_000)
    version = looked(source, commit)
    with pytest.raises(BadContent, match=r"biopsy v1\.0\.0 has 2\.5 MB, but the store of artifacts holds at most 2\.0 MB"):
        brought(source, version)
    assert left(tmp_path / "store") == []


def test_versions_come_and_go_below_the_limit(people: People, mirror: Mirror, tmp_path: Path) -> None:
    source = GitSource(mirror, tmp_path / "store", store_limit=2_500_000)
    for letter in (b"1", b"2", b"3"):
        version = looked(source, people.commit(biopsy(model__model_dot_onnx=kept(people, letter * 1_200_000))))
        assert brought(source, version) == {"model.onnx": letter * 1_200_000}
        assert sum(place.stat().st_size for place in (tmp_path / "store").glob("sha256/??/*")) <= 2_500_000


def test_files_of_git_come_from_the_store_the_second_time(people: People, source: GitSource, tmp_path: Path) -> None:
    version = looked(source, people.commit(biopsy(model__model_dot_onnx=b"m" * 2000)))
    with source.materialised(version) as first, source.materialised(version) as second:
        assert first["model.onnx"].stat().st_ino == second["model.onnx"].stat().st_ino
        assert first["model.onnx"].parent != second["model.onnx"].parent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_before_anything_is_written(people: People, mirror: Mirror, small_disk: Path) -> None:
    source = GitSource(mirror, small_disk / "store")
    version = looked(source, people.commit(biopsy(model__model_dot_onnx=b"x" * 6_000_000)))
    with pytest.raises(BadContent, match=r"needs 6\.0 MB in the store of artifacts, but its disk has only [34]\.\d MB free"):
        brought(source, version)
    assert left(small_disk / "store") == []


def test_a_disk_without_room_for_a_folder_is_told_too(people: People, mirror: Mirror, small_disk: Path) -> None:
    source = GitSource(mirror, small_disk / "store")
    version = looked(source, people.commit(biopsy()))
    with (small_disk / "filler").open("wb") as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 65536)
            file.flush()
    with pytest.raises(BadContent, match="store of artifacts"):
        brought(source, version)


def test_a_disk_makes_room_by_what_was_not_used_for_longest(people: People, mirror: Mirror, small_disk: Path) -> None:
    source = GitSource(mirror, small_disk / "store")
    for letter in (b"1", b"2", b"3"):
        version = looked(source, people.commit(biopsy(model__model_dot_onnx=letter * 2_500_000)))
        assert brought(source, version) == {"model.onnx": letter * 2_500_000}


LIMITED = """
import resource, sys
from pathlib import Path
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with Store(Path(sys.argv[1])).room() as room, room.writing(0) as write:
        write(b"x" * 300_000)
except Refusals as exc:
    print(exc)
"""


def test_a_disk_that_fills_while_it_is_written_is_told_and_nothing_stays(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path / "store")], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "The store of artifacts cannot be written: File too large. Make room on its disk, then try again.\n"
    assert left(tmp_path / "store") == []


def test_a_full_file_system_is_told_in_the_same_way(small_disk: Path) -> None:
    store = Store(small_disk / "store")
    with pytest.raises(Refusals, match="No space left on device"), store.room() as room, room.writing(0) as write:
        for _ in range(6):
            write(b"x" * 1_000_000)
    assert left(small_disk / "store") == []


def test_a_note_that_nobody_gave_is_not_remembered(tmp_path: Path) -> None:
    with Store(tmp_path / "store").room() as room:
        assert room.remembered("ab" * 32) is None
        room.remember(name(b"note"), b"note")
        assert room.remembered(name(b"note")) == b"note"
