"""A file of pickles: one after another to the end of the file, with joblib's raw arrays between the opcodes."""

from __future__ import annotations

import pickletools

from workers.domain.safety import dtypes
from workers.domain.safety.finding import Doubt, Rejected
from workers.domain.safety.machine import Machine
from workers.domain.safety.streams import Bytes
from workers.domain.safety.values import Dict, Global, Made

WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")
_SAYS = {"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}
CALLS = frozenset({"INST", "REDUCE", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD", "STOP"})
_ACTS = CALLS | {"GLOBAL", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}
_AHEAD = 4096
_MOST_PICKLES = 10_000


class Plain:
    """A pickle by itself, as `pickle.load` reads it."""

    def persistent(self, key: object) -> None:
        """There is nothing outside."""
        raise Doubt("names something that lies outside of it")

    def built(self, machine: Machine, made: Made, state: object) -> bool:
        """Arrays of joblib's have no place here."""
        if made.by == WRAPPER:
            raise Rejected("has an array of joblib's where only a plain pickle is read")
        return False


class Joblib(Plain):
    """A pickle as `joblib.load` reads it: after the state of its wrapper comes an array."""

    def __init__(self) -> None:
        self.arrays = 0

    def built(self, machine: Machine, made: Made, state: object) -> bool:
        """Pass over the array that follows."""
        if made.by != WRAPPER:
            return False
        self.arrays += 1
        if machine.is_in_frame:
            raise Doubt("has an array in the middle of a frame")
        if not isinstance(state, Dict) or not state.is_whole or not {"shape", "dtype"} <= set(state.items) <= _SAYS:
            raise Doubt("has an array that is not described as joblib does")
        _pass_array(machine.source, state.items)
        return True


def _pass_array(source: Bytes, said: dict[str, object]) -> None:
    """joblib/numpy_pickle.py, NumpyArrayWrapper.read_array."""
    kind = dtypes.of_made(said["dtype"])
    if kind.has_objects:
        Machine(source, Plain()).run()
        return
    number = dtypes.count(said["shape"])
    if not kind.size and number:
        raise Doubt("has an array of a type without a size")
    check_as_pickle(source.peek(_AHEAD))
    if said.get("numpy_array_alignment_bytes") is not None:
        source.skip(source.byte())
    source.skip(number * kind.size)


def check_as_pickle(ahead: bytes) -> None:
    """Raises Doubt unless `pickle.load`, which would read raw bytes as opcodes, stops at nonsense before it acts."""
    if ahead and reads_on(ahead):
        raise Doubt("has an array whose bytes would act if plain pickle read them", "Save it anew with joblib 1.1 or newer.")


def reads_on(ahead: bytes, acts: frozenset[str] = _ACTS) -> bool:
    """Whether bytes, read as opcodes, come to one that acts, or to their end, before one that is none."""
    try:
        return any(code.name in acts for code, _, _ in pickletools.genops(ahead))
    except (ValueError, IndexError, OverflowError) as exc:
        return not str(exc).endswith("unknown")


class Torch(Plain):
    """The pickle inside of a PyTorch file: its tensors are members of the same archive."""

    def persistent(self, key: object) -> None:
        """`("storage", torch.FloatStorage, "0", "cpu", 4)`."""
        said = key if isinstance(key, tuple) and len(key) == 5 else (None,) * 5
        if said[0] != "storage" or not isinstance(said[1], Global) or not isinstance(said[2], str):
            raise Doubt("names something that lies outside of it")


def walk(source: Bytes, within: Plain | None = None) -> str:
    """All pickles of a file; the format is `pickle` or `joblib`. Raises Doubt."""
    joblib, number = Joblib(), 0
    around = within or joblib
    while number == 0 or not source.ended():
        number += 1
        if number > _MOST_PICKLES:
            raise Doubt("holds more pickles than are looked at")
        at = source.place
        machine = Machine(source, around)
        try:
            machine.run()
        except Rejected:
            raise
        except Doubt as exc:
            if number > 1 and not machine.has_called:
                raise Doubt("goes on after its pickle with bytes that are none", at=at) from exc
            raise
    return "joblib" if joblib.arrays else "pickle"
