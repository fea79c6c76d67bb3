"""CSV as it streams by: rows, columns, types; whatever is no CSV is told with its line, in bounded memory."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.adapters.git.csv_table import LONGEST_RECORD, CsvTable
from workers.adapters.git.reading import Unreadable


def read(content: bytes, size: int = 1 << 20) -> tuple[int, dict[str, str], int]:
    table = CsvTable()
    for at in range(0, len(content), size):
        table.feed(content[at : at + size])
    columns, total = table.finish()
    return table.rows, {one.name: one.type for one in columns}, total


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
def test_rows_columns_and_simple_types(size: int) -> None:
    content = '\ufeffid,share,name,ok,none,mixed\r\n1,0.5,"a, ""b""\nc",true,,1\r\n-2,3e-4,é,False,,x\n\n3,1,z,true,,2'.encode()
    types = {"id": "integer", "share": "number", "name": "text", "ok": "boolean", "none": "empty", "mixed": "text"}
    assert read(content, size) == (3, types, 6)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"a,b\n1\n", "line 2: it has 1 fields, but the first row names 2"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: it has 3 fields"),
        (b"a,a\n1,2\n", "line 1: it names the column 'a' twice"),
        (b"a\n\0\n", "NUL"),
        (b"a\n\xff\n", "is not UTF-8"),
        (b"a\n" + b"x" * 200_000 + b"\n", "line 2: field larger than field limit"),
        (b'a\n"x\n', "line 2: unexpected end of data"),
        (b'a\n"x"y\n', "line 2: "),
        (b"a\rb\rc\r", "line 1: new-line character"),
        (b",".join(b"%d" % n for n in range(10_001)) + b"\n", "at most 10000 are allowed"),
    ],
)
def test_what_is_no_csv_is_told_with_its_line(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(content)


@pytest.mark.parametrize("piece", [b"x" * 100_000, b"yyyyyyyyy\n" * 10_000, b'"",\n' * 25_000])
def test_a_record_that_never_ends_is_given_up_early(piece: bytes) -> None:
    table = CsvTable()
    table.feed(b'a\n"')
    with pytest.raises(Unreadable):
        for _ in range(2 * LONGEST_RECORD // len(piece)):
            table.feed(piece)
            assert table.rows < 10 * LONGEST_RECORD


def test_many_columns_are_counted_and_200_are_kept() -> None:
    rows, columns, total = read(b",".join(b"c%d" % n for n in range(1_000)) + b"\n" + b",".join([b"1"] * 1_000))
    assert (rows, len(columns), total) == (1, 200, 1_000)


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(['"', ",", "\n", "a\nb", '""'])


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8), st.integers(1, 9))
@settings(deadline=None)
def test_whatever_a_writer_wrote_has_as_many_rows(rows: list[list[str]], size: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *rows])
    assert read(text.getvalue().encode(), size)[0] == len(rows)


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused_the_same_however_they_come(content: bytes, size: int) -> None:
    found: list[object] = []
    for pieces in (size, len(content) + 1):
        try:
            found.append(read(content, pieces))
        except Unreadable:
            found.append("refused")
    assert found[0] == found[1]
