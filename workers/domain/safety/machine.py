"""A pickle machine that builds nothing: it reads every opcode, follows what may be called, and stops at what it does not know.

Source of the opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py. It follows CPython's C machine; where Python's own
differs (frames), it stops rather than choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from workers.domain.safety import calls
from workers.domain.safety.allowed import ALLOWED
from workers.domain.safety.finding import Doubt, Rejected
from workers.domain.safety.streams import Bytes
from workers.domain.safety.values import LIST, LONGEST_TEXT, MOST_KEPT, OPAQUE, SET, Dict, Global, Made, within

MOST_ON_STACK = 2_000_000
MOST_MARKS = 100_000
MOST_IN_MEMO, MOST_KNOWN_IN_MEMO = 200_000, 2_000_000
_HIGHEST = 5
_KEPT = (int, str, Global, Made, tuple)
_KNOWN = {word for one in ALLOWED for word in one} | {
    "dtype",
    "shape",
    "order",
    "subclass",
    "allow_mmap",
    "numpy_array_alignment_bytes",
}
"""Texts that are remembered also when the memo is full: what later opcodes name, and how joblib describes arrays."""
_REMEMBERED = 8192
_NUMBER = re.compile(rb"[+-]?\d{1,18}L?\Z")

_BATCH = range(4096)
_YES, _NO = True, False

Act = Callable[[], object]


class _Stop(Exception):
    """The pickle has ended."""


class Surroundings(Protocol):
    """What differs between the libraries that read a pickle."""

    def persistent(self, key: object) -> None:
        """The pickle names something outside of it. Raises Doubt unless its reader knows what that is."""

    def built(self, machine: Machine, made: Made, state: object) -> bool:
        """An object has got its state. True when something of unknown content has come in its place."""


class Machine:
    """One pickle, from its first opcode to its STOP."""

    def __init__(self, source: Bytes, around: Surroundings) -> None:
        self.source = source
        self._around = around
        self._stack: list[object] = []
        self._push = self._stack.append
        self._marks: list[int] = []
        self._memo: dict[int, object] = {}
        self._memoized = 0
        self._is_put = False
        self._frame_end = 0
        self.has_called = False
        self._acts = self._table()

    def run(self) -> None:
        """Read until STOP. Raises Doubt, with the place."""
        opcode, acts = self.source.opcode, self._acts
        try:
            while True:
                if len(self._stack) > MOST_ON_STACK:
                    raise Doubt(f"piles up more than {MOST_ON_STACK:,} values")
                self._forget()
                for _ in _BATCH:  # the loop that a large pickle spends its time in
                    acts[opcode()]()
        except _Stop:
            return
        except Doubt as exc:
            exc.at = self.source.began if exc.at is None else exc.at
            raise
        except (IndexError, UnicodeError):
            raise Doubt("is a pickle that contradicts itself", at=self.source.began) from None

    @property
    def is_in_frame(self) -> bool:
        """Whether the frame that was begun last has not ended yet."""
        return self.source.place < self._frame_end

    def _forget(self) -> None:
        """Forget what lies deep, so that a file cannot pile it up in memory: opcodes act on what was pushed lately.

        A batch pushes at most as many values as it has opcodes, so none gets deeper than twice that without having been seen here.
        """
        stack, deep = self._stack, len(self._stack) - _REMEMBERED
        for place in range(max(0, deep - 2 * len(_BATCH)), deep):
            if isinstance(stack[place], (*_KEPT, Dict)):
                stack[place] = OPAQUE

    # The stack

    def _pop(self) -> object:
        if self._marks and len(self._stack) <= self._marks[-1]:
            raise IndexError
        return self._stack.pop()

    def _mark(self) -> None:
        if len(self._marks) > MOST_MARKS:
            raise Doubt("is nested too deeply")
        self._marks.append(len(self._stack))

    def _since_mark(self) -> list[object]:
        at = self._marks.pop()
        values = self._stack[at:]
        del self._stack[at:]
        return values

    def _drop(self) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()  # POP may take a mark
        else:
            self._stack.pop()

    def _twice(self) -> None:
        value = self._pop()
        self._push(value)
        self._push(_shared(value))

    # The memo

    def _put(self, index: int) -> None:
        self._is_put = True
        self._keep(index)

    def _memoize(self) -> None:
        self._keep(self._memoized)
        self._memoized += 1

    def _keep(self, index: int) -> None:
        if self._is_put and self._memoized:
            raise Doubt("numbers what it remembers in two ways, which no library does")
        value = self._stack[-1]
        if isinstance(value, _KEPT) and (len(self._memo) < MOST_IN_MEMO or self._is_needed(value)):
            self._memo[index] = value if not isinstance(value, tuple) or isinstance(value, Global) else within(value)
        elif self._memo:
            self._memo.pop(index, None)

    def _is_needed(self, value: object) -> bool:
        is_known = isinstance(value, Global | Made) or (isinstance(value, str) and value in _KNOWN)
        return is_known and len(self._memo) < MOST_KNOWN_IN_MEMO

    def _get(self, index: int) -> None:
        self._push(_shared(self._memo.get(index, OPAQUE)))

    # Plain values

    def _short_text(self) -> None:
        source = self.source
        self._push(source.take(source.byte()).decode("utf-8", "surrogatepass"))

    def _text(self, width: int) -> None:
        length = self.source.number(width)
        if length > LONGEST_TEXT:
            self._pass(length)
        else:
            self._push(self.source.take(length).decode("utf-8", "surrogatepass"))

    def _line(self) -> None:
        line = self.source.line()
        self._push(OPAQUE if len(line) > LONGEST_TEXT else line.decode("raw-unicode-escape"))

    def _quoted(self) -> None:
        line = self.source.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
            raise Doubt("is a pickle that contradicts itself")
        self._push(OPAQUE if b"\\" in line or len(line) > LONGEST_TEXT else line[1:-1].decode("latin-1"))

    def _bytes(self, width: int) -> None:
        self._pass(self.source.number(width))

    def _old_text(self, width: int) -> None:
        length = self.source.number(width)
        if length > LONGEST_TEXT:
            self._pass(length)
        else:
            self._push(self.source.take(length).decode("latin-1"))

    def _pass(self, length: int) -> None:
        self.source.skip(length)
        self._push(OPAQUE)

    def _decimal(self) -> None:
        line = self.source.line().strip()
        self._push(line == b"01" if line in (b"00", b"01") else int(line.rstrip(b"L")) if _NUMBER.match(line) else OPAQUE)

    def _long(self, width: int) -> None:
        length = self.source.number(width)
        if length > 8:
            self._pass(length)
        else:
            self._push(int.from_bytes(self.source.take(length), "little", signed=True))

    def _signed(self) -> None:
        self._push(int.from_bytes(self.source.take(4), "little", signed=True))

    # Containers

    def _one(self) -> None:
        self._push((within(self._pop()),))

    def _two(self) -> None:
        last, first = self._pop(), self._pop()
        self._push((within(first), within(last)))

    def _three(self) -> None:
        last, middle, first = self._pop(), self._pop(), self._pop()
        self._push((within(first), within(middle), within(last)))

    def _long_tuple(self) -> None:
        values = self._since_mark()
        self._push(tuple(map(within, values)) if len(values) <= MOST_KEPT else OPAQUE)

    def _filled(self, what: object) -> None:
        self._since_mark()
        self._push(what)

    def _dict(self) -> None:
        values = self._since_mark()
        self._push(Dict())
        self._put_items(values)

    def _items(self) -> None:
        self._put_items(self._since_mark())

    def _item(self) -> None:
        value, key = self._pop(), self._pop()
        self._put_items([key, value])

    def _put_items(self, values: list[object]) -> None:
        target = self._stack[-1]
        if isinstance(target, Dict):
            for key, value in zip(values[::2], values[1::2], strict=False):
                target.put(key, value)
        elif not calls.takes_items(target):
            raise Doubt("puts items into something that is no dict")

    def _add(self, values: object, what: object) -> None:
        if self._stack[-1] is not what:
            raise Rejected("adds values to something that is neither a list nor a set", calls.DO)

    # What acts

    def _line_global(self) -> None:
        module, name = (self.source.line().decode("utf-8") for _ in range(2))
        self._push(calls.named(Global(module, name)))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(module, str) or not isinstance(name, str):
            raise Rejected("names what it loads in a way that hides it", calls.DO)
        self._push(calls.named(Global(module, name)))

    def _reduce(self) -> None:
        args, called = self._pop(), self._pop()
        self.has_called = True
        self._push(calls.call(called, args))

    def _new(self) -> None:
        _, kind = self._pop(), self._pop()
        self.has_called = True
        self._push(calls.new(kind))

    def _new_with_names(self) -> None:
        self._pop()
        self._new()

    def _inst(self) -> None:
        if not self._marks:
            raise IndexError
        self._line_global()
        called = self._pop()
        args = tuple(self._since_mark())
        self.has_called = True
        self._push(calls.call(called, args))

    def _obj(self) -> None:
        called, *args = self._since_mark()
        self.has_called = True
        self._push(calls.call(called, tuple(args)))

    def _build(self) -> None:
        state = self._pop()
        made = calls.build(self._stack[-1], state)
        if self._around.built(self, made, state):
            self._stack[-1] = OPAQUE

    def _persistent(self) -> None:
        self._around.persistent(self._pop())
        self._push(OPAQUE)

    def _persistent_line(self) -> None:
        self._around.persistent(self.source.line())
        self._push(OPAQUE)

    def _extension(self) -> None:
        raise Rejected("names what it loads by a number of the extension registry", calls.DO)

    def _buffer(self) -> None:
        raise Doubt("needs buffers that are not in the file", "Save it with its buffers inside.")

    # The stream

    def _protocol(self) -> None:
        if self.source.byte() > _HIGHEST:
            raise Doubt(f"is a pickle of a protocol above {_HIGHEST}")

    def _frame(self) -> None:
        length = self.source.number(8)
        self._frame_end = self.source.place + length

    def _stop(self) -> None:
        self._pop()
        if self._stack or self._marks:
            raise Doubt("is a pickle that leaves something over")
        raise _Stop

    def _unknown(self) -> None:
        raise Doubt("holds a byte that is no opcode of a pickle")

    def _table(self) -> list[Act]:
        byte, number, push = self.source.byte, self.source.number, self._push
        signs: dict[str | int, Act] = {
            "(": self._mark, ".": self._stop, "0": self._drop, "1": self._drop_to_mark, "2": self._twice,
            "F": lambda: (self.source.line(), push(OPAQUE))[1], "I": self._decimal, "L": self._decimal,
            "J": self._signed, "K": lambda: push(byte()), "M": lambda: push(number(2)), "N": lambda: push(None),
            "P": self._persistent_line, "Q": self._persistent, "R": self._reduce, "S": self._quoted,
            "T": lambda: self._old_text(4), "U": lambda: self._old_text(1), "V": self._line, "X": lambda: self._text(4),
            "a": lambda: self._add(self._pop(), LIST), "b": self._build, "c": self._line_global, "d": self._dict, "}": lambda: push(Dict()),
            "e": lambda: self._add(self._since_mark(), LIST), "g": lambda: self._get(self._index()), "h": lambda: self._get(byte()),
            "i": self._inst, "j": lambda: self._get(number(4)), "l": lambda: self._filled(LIST), "]": lambda: push(LIST), "o": self._obj,
            "p": lambda: self._put(self._index()), "q": lambda: self._put(byte()), "r": lambda: self._put(number(4)),
            "s": self._item, "t": self._long_tuple, ")": lambda: push(()), "u": self._items, "G": lambda: self._pass(8),
            "B": lambda: self._bytes(4), "C": lambda: self._bytes(1), 0x80: self._protocol, 0x81: self._new,
            0x82: self._extension, 0x83: self._extension, 0x84: self._extension, 0x85: self._one, 0x86: self._two,
            0x87: self._three, 0x88: lambda: push(_YES), 0x89: lambda: push(_NO), 0x8A: lambda: self._long(1),
            0x8B: lambda: self._long(4), 0x8C: self._short_text, 0x8D: lambda: self._text(8), 0x8E: lambda: self._bytes(8),
            0x8F: lambda: push(SET), 0x90: lambda: self._add(self._since_mark(), SET), 0x91: lambda: self._filled(OPAQUE),
            0x92: self._new_with_names, 0x93: self._stack_global, 0x94: self._memoize, 0x95: self._frame, 0x96: lambda: self._bytes(8),
            0x97: self._buffer, 0x98: self._buffer,
        }  # fmt: skip
        table: list[Act] = [self._unknown] * 256
        for sign, act in signs.items():
            table[ord(sign) if isinstance(sign, str) else sign] = act
        return table

    def _drop_to_mark(self) -> None:
        self._since_mark()

    def _index(self) -> int:
        line = self.source.line()
        if not _NUMBER.match(line):
            raise Doubt("is a pickle that contradicts itself")
        return int(line.rstrip(b"L"))


def _shared(value: object) -> object:
    if isinstance(value, Made):
        value.is_shared = True
    return value
