"""The ledger's YAML is PyYAML's: the same bytes, the same data, for whatever a document may hold."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workers.domain import own_yaml

WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        [
            "true",
            "no",
            "1",
            "-7",
            "0x1f",
            "1e3",
            "1.5",
            "null",
            "~",
            "",
            " a",
            "a ",
            "- a",
            "a: b",
            "#",
            "2026-11-23",
            "12:30:00",
            "=",
            "<<",
        ]
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(10**15), 10**15), WORDS)
DATA = st.recursive(LEAVES, lambda part: st.one_of(st.lists(part, max_size=4), st.dictionaries(WORDS, part, max_size=4)), max_leaves=20)


@given(DATA)
def test_it_writes_what_pyyaml_writes_and_reads_it_back(data: Any) -> None:
    written = own_yaml.dump(data)
    peer = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=160, default_flow_style=False).encode()
    assert written == peer
    assert own_yaml.load(written) == data


@pytest.mark.parametrize(
    "text", ["a: !!python/object:os.system 1", "a: &x 1\nb: *x", "a: 1.5", "a: 2026-11-23", "[", "a: 0x10", "a: no", "? [a]\n: 1", ""]
)
def test_what_we_never_write_is_not_read(text: str) -> None:
    with pytest.raises(own_yaml.NotOurs):
        own_yaml.load(text.encode())
