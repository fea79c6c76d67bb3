from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.adapters.git.lfs import BadPointer, Pointer, read, resembles

SHA = "a" * 64
V1 = "version https://git-lfs.github.com/spec/v1\n"
POINTERS = st.builds(Pointer, st.text("0123456789abcdef", min_size=64, max_size=64), st.integers(0, 10**18))


@given(POINTERS)
def test_what_is_written_is_read_again(pointer: Pointer) -> None:
    assert resembles(pointer.text)
    assert read(pointer.text) == pointer


@given(POINTERS, st.data())
def test_one_byte_more_less_or_other_is_another_pointer_or_none(pointer: Pointer, data: st.DataObject) -> None:
    text = pointer.text
    at = data.draw(st.integers(0, len(text) - 1))
    changed = data.draw(st.sampled_from([text[:at] + text[at + 1 :], text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :], text + b"\n"]))
    try:
        assert read(changed).text == changed
    except BadPointer as exc:
        assert "pointer of Git LFS" in str(exc)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (f"{V1}oid sha256:{SHA}\nsize 1", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\r\nsize 1\r\n", "begins like a pointer"),
        (f"{V1}size 1\noid sha256:{SHA}\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA.upper()}\nsize 1\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\nsize -1\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\nsize 01\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\nsize 1e3\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\nsize ١\n", "begins like a pointer"),
        (f"{V1}oid md5:{'a' * 32}\nsize 1\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\nsize 1\nx y\n", "begins like a pointer"),
        (f"{V1}oid sha256:{SHA}\nsize 1\n" + "\n" * 1000, "begins like a pointer"),
        (f"{V1}ext-0-foo sha256:{SHA}\noid sha256:{SHA}\nsize 1\n", "with extensions"),
        (f"{V1.replace('v1', 'v2')}oid sha256:{SHA}\nsize 1\n", "begins like a pointer"),
        (f"version https://hawser.github.com/spec/v1\noid sha256:{SHA}\nsize 1\n", "begins like a pointer"),
        (f"version http://git-media.io/v/2\noid sha256:{SHA}\nsize 1\n", "begins like a pointer"),
        (f"\n {V1}oid sha256:{SHA}\nsize 1\n", "begins like a pointer"),
        (f"\ufeff{V1}oid sha256:{SHA}\nsize 1\n", "begins like a pointer"),
        (f"Version: https://GIT-LFS.github.com/spec/v1\noid sha256:{SHA}\nsize 1\n", "begins like a pointer"),
    ],
    ids=range(18),
)
def test_what_begins_alike_and_is_none_is_refused_with_the_reason(content: str, why: str) -> None:
    assert resembles(content.encode())
    with pytest.raises(BadPointer, match=why):
        read(content.encode())


@pytest.mark.parametrize("content", [b"", b"version 2 of the model\n", b"# How we use git-lfs\n", b"\0onnx", b"versions: git-lfs\n"])
def test_other_files_are_what_they_are(content: bytes) -> None:
    assert not resembles(content)
