"""The allow-list itself: exact pairs that exist in the libraries that are here, shown in the docs by their groups."""

from __future__ import annotations

import importlib
import inspect
import warnings

import pytest

from tests.unit.docs.pages import DOCS
from workers.domain.safety.allowed import ALLOWED, GROUPS, Use

ALL = sorted(ALLOWED)
_READ = {"sklearn.isotonic", "sklearn.ensemble._hist_gradient_boosting.predictor"}
"""Modules whose own `__setstate__` was read: they make an interpolation anew, and convert an array; neither calls what a state brings."""
_HARMFUL = (
    "os",
    "posix",
    "sys",
    "subprocess",
    "importlib",
    "operator",
    "functools",
    "runpy",
    "pickle",
    "types",
    "io",
    "_io",
    "pathlib",
    "joblib",
)


def test_no_module_that_acts_is_on_the_list() -> None:
    assert [one.said for one in ALL if one.module.split(".")[0] in _HARMFUL and one.module != "joblib.numpy_pickle"] == []
    assert [one.said for one in ALL if "." in one.name] == []
    assert not {"eval", "exec", "getattr", "open", "compile", "map", "load", "memmap", "partial"} & {one.name for one in ALL}


def test_each_name_has_one_use() -> None:
    every = [one for group in GROUPS for one in group.globals()]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("module", sorted({one.module for one in ALL if one.module.startswith("sklearn.")}))
def test_what_may_be_made_of_scikit_learn_is_a_class_that_does_not_act_when_it_gets_its_state(module: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = importlib.import_module(module)
    for name in (one.name for one in ALL if one.module == module and Use.MAKE in ALLOWED[one] and Use.STATE not in ALLOWED[one]):
        kind = getattr(there, name, None)
        if kind is None:
            continue  # a class of another version
        assert inspect.isclass(kind), name
        states = {base.__module__ for base in kind.__mro__ if "__setstate__" in vars(base)}
        assert states <= {"sklearn.base", *_READ}, name
        assert not any("__del__" in vars(base) for base in kind.__mro__), name


def test_the_page_shows_each_group() -> None:
    page = (DOCS / "safety.md").read_text()
    assert [group.title for group in GROUPS if f"| {group.title} |" not in page] == []
