"""Archives in which two readers would see two contents, and other ways to say one thing and hold another."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

import pytest

from tests.unit.safety.judged import CANNOT_TELL, PASS, REJECT, calling, one, over, pickled, zipped
from workers.domain.safety.look import Looking
from workers.domain.safety.parts import of_file
from workers.domain.safety.streams import Budget

GOOD = pickled(b"K\x01")
PLAIN = zipped([("a.pkl", GOOD), ("b.txt", b"words")])
SCRAMBLED = {
    "bytes before it": b"junk" + PLAIN,
    "a pickle before it": GOOD + PLAIN,
    "a comment": PLAIN[:-2] + b"\x04\x00abcd",
    "another name in front": PLAIN.replace(b"a.pkl", b"z.pkl", 1),
    "another method in front": PLAIN[:8] + b"\x08" + PLAIN[9:],
    "an unknown flag": PLAIN[:6] + b"\x40" + PLAIN[7:],
    "another checksum": PLAIN.replace(struct.pack("<I", zlib.crc32(GOOD)), b"abcd"),
    "two archives": PLAIN + PLAIN,
    "cut off": PLAIN[:-4],
    "nothing but its end": zipped([]),
    "a header that is cut off": PLAIN[PLAIN.index(b"PK\x01\x02") :],
    "an extra field that is cut off": PLAIN[:28] + b"\x04\x00\x01\x00\x10\x00" + PLAIN[30:],
}


@pytest.mark.parametrize("name", SCRAMBLED)
def test_an_archive_with_two_readings_does_not_pass(name: str) -> None:
    assert one(PLAIN, "a.zip").verdict is PASS
    assert one(SCRAMBLED[name], "a.zip").verdict is not PASS


def test_a_hidden_member_does_not_pass() -> None:
    """The directory names one file, and another one lies in front of it."""
    both = zipped([("bad.pkl", calling("os", "system")), ("a.pkl", GOOD)])
    alone = zipped([("a.pkl", GOOD)])
    directory = alone[alone.index(b"PK\x01\x02") : alone.index(b"PK\x05\x06")]
    start, place = both.index(b"PK\x01\x02"), both.index(b"PK\x03\x04", 4)
    hidden = directory[:42] + struct.pack("<I", place) + directory[46:]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(hidden), start, 0)
    found = one(both[:start] + hidden + end, "a.zip")
    assert found.verdict is REJECT
    assert "belong to no member" in found.findings[0]


@pytest.mark.parametrize("name", ["../up.txt", "/etc/x.txt", "a\\b.txt", "c:x.txt"])
def test_a_member_that_lies_outside_is_rejected(name: str) -> None:
    found = one(zipped([(name, b"words")]), "a.zip")
    assert found.verdict is REJECT
    assert "outside" in found.findings[0]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_twice_links_and_programs_are_rejected() -> None:
    assert one(zipped([("a.txt", b"1"), ("A.txt", b"2")]), "a.zip").verdict is REJECT
    assert one(zipped([("a.txt", b"1"), ("a.txt", b"2")]), "a.zip").verdict is REJECT
    assert one(zipped([("handler.py", b"x = 1")]), "a.zip").verdict is REJECT
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("a.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "a link" in one(out.getvalue(), "a.zip").findings[0]


def test_too_many_members_and_too_many_archives_cannot_be_told() -> None:
    many = zipped((f"{number}.txt", b"") for number in range(4))
    looking = Looking(Budget(members=3))
    looking.look(of_file("a.zip", io.BytesIO(many), len(many)))
    assert "more members than are looked at" in looking.findings[0].text
    nested = PLAIN
    for _ in range(6):
        nested = zipped([("inner.zip", nested)])
    assert "packed too often" in " ".join(one(nested, "a.zip").findings)


def test_the_path_of_a_member_is_named() -> None:
    found = one(zipped([("deep/bad.pkl", calling("os", "system"))]), "a.zip")
    assert "a.zip!deep/bad.pkl" in found.findings[0]


def header(said: object, more: bytes) -> bytes:
    """A safetensors file."""
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    return struct.pack("<Q", len(text)) + text + more


def weight(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, object]:
    """A tensor's description."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


TENSORS = {
    "a gap": header({"a": weight(4, 8, [1])}, bytes(8)),
    "an overlap": header({"a": weight(0, 8, [2]), "b": weight(4, 8, [1])}, bytes(8)),
    "more than there is": header({"a": weight(0, 8, [2])}, bytes(4)),
    "less than there is": header({"a": weight(0, 4, [1])}, bytes(8)),
    "a size that is not its shape's": header({"a": weight(0, 8, [1])}, bytes(8)),
    "a negative shape": header({"a": weight(0, 4, [-1])}, bytes(4)),
    "a key twice": header(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', bytes(1)),
    "a header longer than the file": struct.pack("<Q", 1 << 30) + b"{}",
    "metadata that are no text": header({"__metadata__": {"a": {"b": 1}}}, b""),
    "an unknown type": header({"a": weight(0, 4, [1], "PY")}, bytes(4)),
    "no object": header([], b""),
    "a nest": header(b'{"a":' + b"[" * 100_000, b""),
    "a zip at its end": header({"a": weight(0, len(PLAIN), [len(PLAIN)], "U8")}, PLAIN),
}  # fmt: skip


@pytest.mark.parametrize("name", TENSORS)
def test_safetensors_that_contradict_themselves_do_not_pass(name: str) -> None:
    assert one(header({"a": weight(0, 8, [2])}, bytes(8)), "a.safetensors").verdict is PASS
    assert one(TENSORS[name], "a.safetensors").verdict is not PASS


PROGRAMS = {
    "ELF": b"\x7fELF\x02\x01",
    "PE": b"MZ\x90\x00\x03",
    "Mach-O": b"\xcf\xfa\xed\xfe\x07",
    "class": b"\xca\xfe\xba\xbe\x00",
    "script": b"#!/bin/sh\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_rejected_whatever_they_are_called(name: str) -> None:
    for called in ("model", "model.txt", "model.pkl", "lib.so"):
        assert one(PROGRAMS[name], called).verdict is REJECT, called


def test_data_in_words_pass_and_orders_to_a_careless_reader_do_not() -> None:
    for called, content in (
        ("a.csv", b"count\nmean\n1,2\n"), ("a.json", b'{"a": 1}'), ("a.yaml", b"a: 1\n"), ("README", b"words"), ("a.tsv", b"MZ\tin\n"),
        ("model.txt", b"tree\nversion=v4\nnum_class=1\n"), ("e.txt", b""), ("a.md", "ä".encode()),
    ):  # fmt: skip
        assert one(content, called).verdict is PASS, called
    for called, content in (
        ("a.yaml", b"!!python/object/apply:os.system [id]"), ("a.json", b'{"py/reduce": []}'), ("a.py", b"x = 1"), ("a.ipynb", b"{}"),
        ("a.yaml", b" " * 300_000 + b"!!python/name:os.system"),
    ):  # fmt: skip
        assert one(content, called).verdict is REJECT, called
    for called, content in (
        ("config.json", b'{"auto_map": {}}'),
        ("a.what", b"words"),
        ("a", b"\xff\xfe"),
        ("a.rds", b"RDX3\n\x00"),
        ("m.gguf", b"GGUF\x03\x00"),
    ):
        assert one(content, called).verdict is CANNOT_TELL, called


def test_a_keras_model_is_not_judged_and_its_lambda_is_rejected() -> None:
    for layer, verdict in (("Dense", CANNOT_TELL), ("Lambda", REJECT)):
        said = json.dumps({"class_name": layer}).encode()
        assert (
            one(zipped([("config.json", said), ("metadata.json", b"{}"), ("model.weights.h5", b"\x89HDF")]), "m.keras").verdict is verdict
        )
        assert one(b"\x89HDF\r\n\x1a\n" + said, "m.h5").verdict is verdict


def test_no_file_is_no_pass() -> None:
    assert over([]).verdict is CANNOT_TELL


def test_at_most_twenty_findings_are_kept_and_the_worst_come_first() -> None:
    found = over([*((f"{number}.x", b"\xff") for number in range(40)), ("z.pkl", calling("os", "system"))])
    assert found.verdict is REJECT
    assert len(found.findings) == 20
    assert found.findings[0].startswith("reject: z.pkl")
    assert found.findings[-1] == "22 more findings."
