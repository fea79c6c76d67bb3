"""`towpath drift` on real files, good and bad."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import csv, parquet
from scipy.stats import ks_2samp

from workers.app.front import command

ROWS = 1_000
CHANCE = np.random.default_rng(3)
ORDER = [number % 250 for number in range(ROWS)]


def written(path: Path, columns: Mapping[str, Any]) -> Path:
    """A Parquet file of several row groups."""
    parquet.write_table(pa.table(dict(columns)), path, row_group_size=300)
    return path


def asked(*words: Path | str) -> Result:
    return CliRunner().invoke(command("drift"), [str(word) for word in words])


def compared(folder: Path, reference: Mapping[str, Any], current: Mapping[str, Any], *options: str) -> dict[str, Any]:
    """The JSON of a comparison, whose verdict and exit code must fit."""
    done = asked(written(folder / "reference.parquet", reference), written(folder / "current.parquet", current), "--json", *options)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == {"no drift": 0, "warning": 1, "alert": 1}.get(found["verdict"], 2)
    return found


def column(found: dict[str, Any], name: str = "x") -> dict[str, Any]:
    (one,) = [one for one in found["columns"] if one["column"] == name]
    return one  # type: ignore[no-any-return]


def refused(*words: Path | str) -> str:
    """What is said of files that cannot be compared."""
    done = asked(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    return done.stderr


def numbers(place: float = 0.0) -> Any:
    return CHANCE.normal(place, size=ROWS)


def test_json_has_every_measure_and_null_for_what_does_not_apply(tmp_path: Path) -> None:
    was, now = numbers(), numbers(1.0)
    words = ["a", "b"] * (ROWS // 2)
    found = compared(tmp_path, {"n": was, "c": words}, {"n": now, "c": words})
    assert found["rows"] == {"reference": ROWS, "current": ROWS}
    assert found["verdict"] == "alert"
    assert [one["column"] for one in found["columns"]] == ["n", "c"]
    fields = {"column", "kind", "psi", "ks", "ks_pvalue", "wasserstein", "wasserstein_normalised", "js", "chi2", "chi2_pvalue", "cramers_v"}
    assert all(fields | {"missing_change", "verdict"} <= set(one) for one in found["columns"])
    number, category = found["columns"]
    assert number["ks"] == ks_2samp(was, now, method="asymp").statistic
    assert (number["kind"], number["chi2"], number["cramers_v"]) == ("number", None, None)
    assert (category["kind"], category["chi2"], category["ks"], category["wasserstein"]) == ("category", 0.0, None, None)
    assert (category["psi"], category["missing_change"], category["verdict"]) == (0.0, 0.0, "no drift")


def test_the_table_is_worst_first_and_ends_with_the_verdict(tmp_path: Path) -> None:
    reference = written(tmp_path / "a.parquet", {"still": numbers(), "moved": numbers(), "out": numbers()})
    current = written(tmp_path / "b.parquet", {"still": numbers(), "moved": numbers(2.0), "out": numbers()})
    done = asked(reference, current, "--prediction", "out")
    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert [line.split()[:2] for line in lines[:2]] == [["VERDICT", "COLUMN"], ["alert", "moved"]]
    assert lines[4].split()[0] == "PREDICTION"
    assert lines[-1].startswith("alert: 1 of 2 columns drifted, most of all moved (PSI ")
    assert lines[-1].endswith("(1,000 rows of the reference, 1,000 current ones)")


def test_a_wide_table_is_shown_in_part(tmp_path: Path) -> None:
    wide = {f"c{number}": ORDER for number in range(200)}
    done = asked(written(tmp_path / "a.parquet", wide), written(tmp_path / "b.parquet", wide))
    assert done.exit_code == 0
    assert "and 170 more columns, none of them worse" in done.stdout
    assert len(done.stdout.splitlines()) < 40


def test_csv_and_parquet_of_the_same_rows_are_the_same(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([*ORDER[:-2], None, 7]), "t": ["x", None, "y", "z"] * 250, "b": [True, False] * 500})
    parquet.write_table(table, tmp_path / "a.parquet")
    csv.write_csv(table, tmp_path / "b.csv")
    csv.write_csv(table, tmp_path / "c.csv", csv.WriteOptions(delimiter=";"))
    csv.write_csv(table, tmp_path / "d.tsv", csv.WriteOptions(delimiter="\t"))
    with pa.CompressedOutputStream(str(tmp_path / "e.csv.gz"), "gzip") as stream:
        csv.write_csv(table, stream)
    for name in ("b.csv", "c.csv", "d.tsv", "e.csv.gz"):
        found = json.loads(asked(tmp_path / "a.parquet", tmp_path / name, "--json").stdout)
        assert found["verdict"] == "no drift", name
        assert [(one["psi"], one["js"], one["missing_change"]) for one in found["columns"]] == [(0.0, 0.0, 0.0)] * 3


@pytest.mark.parametrize("order", [1, -1])
def test_columns_on_one_side_are_named_with_a_hint(tmp_path: Path, order: int) -> None:
    files = [written(tmp_path / "a.parquet", {"age": ORDER}), written(tmp_path / "b.parquet", {"age_years": ORDER})][::order]
    done = asked(*files)
    assert done.exit_code == 2
    first, second = ("age", "age_years")[::order]
    assert f"only in reference: {first}; only in current: {second}" in done.stdout
    assert f"was it renamed? {second} is only on the other side" in done.stdout


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (ORDER, list(map(str, ORDER)), "the type changed from number to text"),
        ([True, False] * 500, ORDER, "the type changed from boolean to number"),
        (ORDER, [[number] for number in ORDER], "the type changed from number to list"),
        (
            pa.array(ORDER, pa.timestamp("us")),
            pa.array(ORDER, pa.timestamp("us", "UTC")),
            "the type changed from time without a zone to time with a zone",
        ),
    ],
)
def test_another_type_is_broken_input(tmp_path: Path, was: Any, now: Any, said: str) -> None:
    found = compared(tmp_path, {"x": was}, {"x": now})
    assert (found["verdict"], column(found)["verdict"], column(found)["psi"]) == ("broken input", "broken input", None)
    assert column(found)["notes"] == [said]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (pa.array(ORDER, pa.int16()), pa.array(ORDER, pa.float32())),
        (pa.array(ORDER, pa.float16()), pa.array(ORDER, pa.uint64())),
        (pa.array([Decimal(number) / 4 for number in ORDER], pa.decimal128(9, 2)), [number / 4 for number in ORDER]),
        (pa.array(ORDER).dictionary_encode(), ORDER),
        (pa.array(["a", "b"] * 500).dictionary_encode(), pa.array(["b", "a"] * 500, pa.large_string())),
        (pa.array(["a", "b"] * 500, pa.string_view()), ["b", "a"] * 500),
        (pa.array([Decimal(number) / 4 for number in ORDER], pa.decimal256(60, 2)), [number / 4 for number in ORDER]),
        (pa.array([*ORDER[1:], None]), [*map(float, ORDER[1:]), float("nan")]),
    ],
)
def test_the_same_values_in_another_width_are_the_same(tmp_path: Path, was: Any, now: Any) -> None:
    one = column(compared(tmp_path, {"x": was}, {"x": now}))
    assert (one["verdict"], one["psi"], one["js"], one["ks"] or 0.0) == ("no drift", 0.0, 0.0, 0.0)


@pytest.mark.parametrize("begin", [2**53, 2**60, 2**64 - 2 * ROWS, -(2**62)])
def test_large_integers_lose_no_digit(tmp_path: Path, begin: int) -> None:
    """As floats, ten neighbours of each would be the same number."""
    kind = pa.uint64() if begin > 2**63 else pa.int64()
    same = pa.array([begin + number for number in ORDER], kind)
    moved = pa.array([begin + number + 100 for number in ORDER], kind)
    one = column(compared(tmp_path, {"x": same}, {"x": moved}))
    assert (one["verdict"], one["ks"], one["wasserstein"]) == ("alert", pytest.approx(0.4), pytest.approx(100.0))
    assert column(compared(tmp_path, {"x": same}, {"x": same}))["ks"] == 0.0


def test_integers_beyond_64_bits_are_numbers(tmp_path: Path) -> None:
    for name, begin in (("a.csv", 10**25), ("b.csv", 3 * 10**25)):
        (tmp_path / name).write_text("x\n" + "".join(f"{begin + number * 10**23}\n" for number in ORDER))
    found = json.loads(asked(tmp_path / "a.csv", tmp_path / "b.csv", "--json").stdout)
    assert (column(found)["kind"], column(found)["verdict"]) == ("number", "alert")


@pytest.mark.parametrize("values", [[None] * ROWS, pa.nulls(ROWS, pa.float64()), [float("nan")] * ROWS, [float("inf")] * ROWS])
def test_a_column_without_a_value_is_broken_input(tmp_path: Path, values: Any) -> None:
    found = compared(tmp_path, {"x": ORDER}, {"x": values})
    assert (found["verdict"], column(found)["notes"]) == ("broken input", ["every live value is missing"])
    assert compared(tmp_path, {"x": values}, {"x": ORDER})["verdict"] == "broken input"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[number] for number in ORDER], "list: not computed"),
        ([{"a": number} for number in ORDER], "struct: not computed"),
        ([str(number).encode() for number in ORDER], "bytes: not computed"),
        (pa.array(ORDER, pa.timestamp("ns", "Europe/Amsterdam")), "time with a zone: not computed"),
        ([dt.date(2026, 1, 1) + dt.timedelta(number) for number in ORDER], "date: not computed"),
        (pa.array(ORDER, pa.duration("s")), "duration: not computed"),
    ],
)
def test_what_cannot_be_computed_is_named_and_has_no_verdict(tmp_path: Path, values: Any, said: str) -> None:
    found = compared(tmp_path, {"x": values, "n": ORDER}, {"x": values, "n": ORDER})
    one = column(found)
    assert (one["kind"], one["verdict"], one["notes"], one["psi"]) == ("other", None, [said], None)
    assert found["verdict"] == "no drift"
    assert f"not computed: x ({said.partition(':')[0]})" in asked(tmp_path / "reference.parquet", tmp_path / "current.parquet").stdout
    alone = compared(tmp_path, {"x": values}, {"x": values})
    assert (alone["verdict"], alone["text"]) == ("broken input", "There is no column that could be compared.")


def test_constant_columns(tmp_path: Path) -> None:
    found = compared(tmp_path, {"x": [7] * ROWS, "t": ["a"] * ROWS}, {"x": [7] * ROWS, "t": ["a"] * ROWS})
    assert [one["verdict"] for one in found["columns"]] == ["no drift", "no drift"]
    assert compared(tmp_path, {"x": [7] * ROWS}, {"x": [8] * ROWS})["verdict"] == "alert"
    assert compared(tmp_path, {"t": ["a"] * ROWS}, {"t": ["b"] * ROWS})["verdict"] == "alert"


def test_categories_by_the_ten_thousands_have_a_bounded_answer(tmp_path: Path) -> None:
    many = [f"{'long ' * 40}{number}" for number in range(50_000)]
    reference, current = {"x": [*many, *many]}, {"x": [*many[:25_000], *(f"new {number}" for number in range(25_000))]}
    found = compared(tmp_path, reference, current)
    assert (found["verdict"], len(json.dumps(found)) < 3_000) == ("alert", True)
    assert column(found)["notes"][0].startswith("new categories: new 0, new 1, new 10 and 24,997 more (50.0% of rows)")


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows_are_no_verdict(tmp_path: Path, rows: int) -> None:
    for few, many in (("reference", "current"), ("current", "reference")):
        sides = {few: {"x": ORDER[:rows], "t": ["a"] * rows}, many: {"x": ORDER, "t": ["a"] * ROWS}}
        assert compared(tmp_path, sides["reference"], sides["current"])["verdict"] == "too few rows"
    (tmp_path / "head.csv").write_text("x\n")
    assert asked(tmp_path / "head.csv", tmp_path / "head.csv").exit_code == 2


def test_a_csv_with_a_row_of_another_length_is_refused_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2\n3\n4,5\n")
    said = refused(path, path)
    assert f"{path} cannot be read: " in said
    assert "Row #3: Expected 2 columns, got 1" in said


def test_a_csv_with_one_wrong_value_is_another_type(tmp_path: Path) -> None:
    text = "x\n" + "".join(f"{number}\n" for number in ORDER)
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv").write_text(f"{text}oops\n")
    assert "the type changed from number to text" in asked(tmp_path / "a.csv", tmp_path / "b.csv").stdout


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    good = written(tmp_path / "good.parquet", {"x": ORDER})
    whole = good.read_bytes()
    cases = {
        "cut.parquet": (whole[: len(whole) // 2], "cannot be read"),
        "damaged.parquet": (whole[:8] + bytes(200) + whole[208:], "cannot be read"),
        "picture.png": (b"\x89PNG\r\n\x1a\n", "is neither Parquet nor CSV"),
        "binary.csv": (b"a\0b\n", "is neither Parquet nor CSV"),
        "latin.csv": ("n\u00e4me\n1\n".encode("latin-1"), "cannot be read"),
        "empty.csv": (b"", "is empty"),
        "twice.csv": (b"a,b,a\n1,2,3\n", "has columns of the same name: a"),
        "no.csv.gz": (b"no gzip", "cannot be read"),
    }
    for name, (content, said) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert said in refused(good, path), name
        assert f"towpath: {path}" in refused(path, good), name
    assert f"{tmp_path} is a directory: give one file" in refused(good, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is no regular file" in refused(good, tmp_path / "pipe")
    assert "does not exist" in refused(good, tmp_path / "absent")


def test_parquet_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(ORDER), pa.array(ORDER)], names=["x", "x"])
    parquet.write_table(table, tmp_path / "twice.parquet")
    assert "has columns of the same name: x" in refused(tmp_path / "twice.parquet", tmp_path / "twice.parquet")


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    evil = "\x1b[2Jx\nno drift"
    path = written(tmp_path / "a.parquet", {evil: ORDER, "t": ["\x1b]0;", "b"] * 500})
    other = written(tmp_path / "b.parquet", {evil: ORDER, "t": ["\x9b1m", "b"] * 500})
    for done in (asked(path, other), asked(path, other, "--ignore", "\x1b[2J")):
        assert not any(sign in done.output for sign in "\x1b\x9b")


def test_a_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"x": ORDER})
    for option in ("--prediction", "--label", "--score", "--ignore"):
        assert "there is no column nope in either file" in refused(path, path, option, "nope")


def test_a_name_with_a_dot_is_that_column(tmp_path: Path) -> None:
    columns = {"a": [{"b": number} for number in ORDER], "a.b": ORDER, "a.c": ["x", "y"] * 500}
    found = compared(tmp_path, columns, columns)
    assert {one["column"]: one["kind"] for one in found["columns"]} == {"a": "other", "a.b": "number", "a.c": "category"}


def test_limits_are_options(tmp_path: Path) -> None:
    sides = {"x": CHANCE.normal(size=ROWS)}, {"x": CHANCE.normal(0.5, size=ROWS)}
    assert compared(tmp_path, *sides)["verdict"] == "warning"
    assert compared(tmp_path, *sides, "--alert", "0.15")["verdict"] == "alert"
    assert compared(tmp_path, *sides, "--at-least", "1001")["verdict"] == "too few rows"
    assert compared(tmp_path, *sides, "--ignore", "x")["verdict"] == "broken input"
    assert "a warning cannot be above an alert" in refused(tmp_path / "reference.parquet", tmp_path / "current.parquet", "--warning", "0.9")


@pytest.mark.parametrize("lacking", ["numpy", "pyarrow", "scipy"])
def test_what_is_not_installed_is_said(tmp_path: Path, lacking: str) -> None:
    path = written(tmp_path / "a.parquet", {"x": ORDER})
    code = (
        f"import sys; sys.modules[{lacking!r}] = None; sys.argv = ['towpath', 'drift', *[{str(path)!r}] * 2]\n"
        "from workers.app.front import entry; entry()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"towpath: towpath drift needs numpy, pyarrow and scipy, and {lacking} is not installed: install towpath[drift]\n"


def test_scipy_stats_and_pandas_are_not_imported(tmp_path: Path) -> None:
    """Each would cost more than the comparison."""
    path = written(tmp_path / "a.parquet", {"x": ORDER, "t": ["a", "b"] * 500})
    code = (
        f"import sys; sys.argv = ['towpath', 'drift', *[{str(path)!r}] * 2]; from workers.app.front import entry\n"
        "try:\n    entry()\nfinally:\n"
        "    print([one for one in ('scipy.stats', 'pandas', 'matplotlib', 'workers.app.cli', 'redis') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]"), done.stderr
