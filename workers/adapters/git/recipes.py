"""`retrain` in an artifact's declaration: what trains it, with which parameters and within which limits. Every fault is told with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.adapters.git.declarations import Reading
from workers.adapters.git.names import relative
from workers.contract.names import BadName, OutputRef
from workers.contract.retraining import How, Recipe

_HOWS = {one.value: one for one in How}
_HERE = (How.COMMAND, How.DVC)
"""What runs on hosts of ours, within limits that we set."""
_LIMITS = {"minutes": (1, 7 * 24 * 60), "memory_mb": (64, 1 << 20), "disk_mb": (16, 1 << 20), "log_kb": (1, 16 * 1024)}
_KNOWN = (*_HOWS, "evaluate", "parameters", "inputs", "image", *_LIMITS)
_ONLY_HERE = ("evaluate", "image", "inputs", "memory_mb", "disk_mb", "log_kb")
_MOST = 50
_STAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,99}", re.ASCII)
_WORKFLOW = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.ya?ml", re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}", re.ASCII)


def recipe(reading: Reading, data: Mapping[str, Any], *at: str) -> Recipe | None:
    """What the mapping under `retrain` says, or None when there is none or it is wrong; then `reading` has the reasons."""
    if "retrain" not in data:
        return None
    return _Recipe(reading, data["retrain"], (*at, "retrain")).read()


class _Recipe:
    def __init__(self, reading: Reading, said: Any, at: tuple[str, ...]) -> None:
        self._reading = reading
        self._said: dict[str, Any] = said if isinstance(said, dict) else {}
        self._at = at
        self._faults = len(reading.reasons)

    def read(self) -> Recipe | None:
        named = [name for name in _HOWS if name in self._said]
        if len(named) != 1:
            self._wrong((), f"retrain must be a mapping with exactly one of {', '.join(_HOWS)}")
            return None
        how = _HOWS[named[0]]
        self._reading.keys(self._said, _KNOWN, self._at)
        for key in self._said:
            if how not in _HERE and key in _ONLY_HERE:
                self._wrong((key,), f"{key} is for what runs on a host of Towpath's; {how.value} has its own settings for that")
        found = Recipe(
            how=how,
            command=self._words("command") if how is How.COMMAND else (),
            evaluate=self._evaluate(),
            target=self._text(how.value, _STAGE, "the name of a stage, such as `train`") if how is How.DVC else None,
            workflow=self._text(how.value, _WORKFLOW, "the file of a workflow, such as `retrain.yml`") if how is How.GITHUB else None,
            image=self._image(),
            inputs=tuple(self._inputs()),
            parameters=dict(self._parameters()),
            **{name: limit for name in _LIMITS if (limit := self._limit(name)) is not None},
        )
        if how is How.GITLAB and self._said["gitlab"] is not True:
            self._wrong(("gitlab",), "gitlab must be true")
        return found if len(self._reading.reasons) == self._faults else None

    def _wrong(self, at: tuple[str | int, ...], why: str) -> None:
        self._reading.wrong((*self._at, *at), why)

    def _words(self, key: str) -> tuple[str, ...]:
        value = self._said.get(key)
        if key not in self._said:
            return ()
        words = value if isinstance(value, list) and len(value) <= _MOST else []
        if not words or not all(isinstance(word, str) and word.isprintable() and 0 < len(word) <= 1024 for word in words):
            self._wrong((key,), f"{key} must be a list of at most {_MOST} words, such as [python, train.py]; no shell reads it")
            return ()
        return tuple(words)

    def _evaluate(self) -> tuple[str, ...]:
        words = self._words("evaluate")
        if words and not any("{model}" in word for word in words):
            self._wrong(("evaluate",), "evaluate must hold {model}, which stands for the folder of the version that is evaluated")
        return words

    def _text(self, key: str, pattern: re.Pattern[str], example: str) -> str | None:
        value = self._said.get(key)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self._wrong((key,), f"{key} must be {example}")
        return None

    def _image(self) -> str | None:
        if "image" not in self._said:
            return None
        try:
            return str(OutputRef.read(self._said["image"]))
        except BadName as exc:
            self._wrong(("image",), str(exc))
            return None

    def _inputs(self) -> Iterator[str]:
        value = self._said.get("inputs", [])
        if not isinstance(value, list) or len(value) > _MOST:
            self._wrong(("inputs",), f"inputs must be a list of at most {_MOST} paths from the root of the repository")
            return
        for i, one in enumerate(value):
            path = relative(one) if isinstance(one, str) and one.isprintable() else None
            if path in (None, "."):
                self._wrong(("inputs", i), "inputs must be paths from the root of the repository, such as `datasets/transactions`")
            else:
                yield str(path)

    def _parameters(self) -> Iterator[tuple[str, str]]:
        value = self._said.get("parameters", {})
        if not isinstance(value, dict) or len(value) > _MOST:
            self._wrong(("parameters",), f"parameters must be a mapping of at most {_MOST} names to values")
            return
        for name, one in value.items():
            text = str(one).lower() if isinstance(one, bool) else str(one)
            if not _PARAMETER.fullmatch(name) or not isinstance(one, str | int | float) or not text.isprintable() or len(text) > 500:
                self._wrong(
                    ("parameters", name), "a parameter is a name of letters, digits, `_`, `.` and `-` with a text, number or truth value"
                )
            else:
                yield name, text

    def _limit(self, name: str) -> int | None:
        least, most = _LIMITS[name]
        value = self._said.get(name)
        if name not in self._said:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._wrong((name,), f"{name} must be a whole number from {least} to {most}")
            return None
        return value
