"""Faults on request: how tests and the demo's story make a server lie, refuse, hang or answer wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from demo.model_server.refusals import Refused, malformed
from demo.model_server.tensors import Array

OPERATIONS = ("load", "default", "unload")
WRONG_DIGEST = "sha256:" + "0" * 64
SECONDS_LIMIT = 3600.0


@dataclass
class Faults:
    """What is wrong at the moment.

    `wrong_digest`: metadata reports another digest. `wrong_answers`: the version that the next flip makes the default
    answers wrongly from then on, until the faults are set again or removed. `refuse`: that operation (or `all`) is
    refused with `status`, `times` times or for good. `hang_after_effect`: the next such operation takes effect, and its
    answer comes `seconds` later. `delay`: every answer of the protocol comes that many milliseconds later.
    """

    wrong_digest: bool = False
    wrong_answers: bool = False
    refuse: str | None = None
    status: int = 503
    times: int | None = None
    hang_after_effect: str | None = None
    seconds: float = 30.0
    delay: float = 0.0
    wrong_version: tuple[str, str | None] | None = None

    def check(self, operation: str) -> None:
        """Raise Refused when `operation` is to be refused now, and count it."""
        if self.refuse not in {operation, "all"} or self.times == 0:
            return
        if self.times is not None:
            self.times -= 1
        raise Refused(self.status, f"{operation} is refused on request", "refused")

    def flipped(self, model: str, version: str | None) -> None:
        """Take note that `version` has just become the default."""
        if self.wrong_answers:
            self.wrong_answers, self.wrong_version = False, (model, version)

    def hang(self, operation: str) -> float:
        """Return how many seconds the answer to an `operation` that took effect shall hang; only once."""
        if self.hang_after_effect != operation:
            return 0.0
        self.hang_after_effect = None
        return self.seconds

    def answers(self, model: str, version: str, arrays: list[Array]) -> list[Array]:
        """Return the outputs that callers get to see."""
        return [_perturbed(array) for array in arrays] if self.wrong_version == (model, version) else arrays

    def to_json(self) -> dict[str, Any]:
        """Return the faults as `PUT /_/faults` takes them."""
        return {name: value for name, value in vars(self).items() if name != "wrong_version"}


def read(body: Any) -> Faults:
    """Return the faults in a JSON body. Raises Refused (400)."""
    known = Faults().to_json()
    if not isinstance(body, dict) or not body.keys() <= known.keys():
        raise malformed(f"faults are a JSON object with {', '.join(known)}")
    faults = Faults(**body)
    checks = {
        "wrong_digest": type(faults.wrong_digest) is bool,
        "wrong_answers": type(faults.wrong_answers) is bool,
        "refuse": faults.refuse in (None, "all", *OPERATIONS),
        "status": type(faults.status) is int and 400 <= faults.status < 600,
        "times": faults.times is None or (type(faults.times) is int and faults.times >= 0),
        "hang_after_effect": faults.hang_after_effect in (None, *OPERATIONS),
        "seconds": _within(faults.seconds, SECONDS_LIMIT),
        "delay": _within(faults.delay, SECONDS_LIMIT * 1000),
    }
    wrong = [name for name, right in checks.items() if not right]
    if wrong:
        raise malformed(f"faults: wrong value for {', '.join(wrong)}")
    return faults


def _within(value: Any, limit: float) -> bool:
    return type(value) in {int, float} and 0 <= value <= limit


def _perturbed(array: Array) -> Array:
    if array.dtype.kind == "O":
        return np.array([f"{value}?" for value in array.ravel()], dtype=object).reshape(array.shape)
    if array.dtype.kind == "b":
        return ~array
    return (array + (0.125 if array.dtype.kind == "f" else 1)).astype(array.dtype)
