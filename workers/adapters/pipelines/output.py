"""What a training prints: the end of it is kept, however much it is, and the line that says how far it has come."""

from __future__ import annotations

MARK = b"towpath:"
LONGEST_LINE = 2000


class Output:
    """The last `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._cut = False
        self._marked = b""

    def take(self, piece: bytes) -> None:
        """What came next."""
        self._note(piece)
        self._kept += piece
        if len(self._kept) > 2 * self._limit:
            self._shorten()

    def _note(self, piece: bytes) -> None:
        """Remember the last whole line with our mark, also when much is printed after it."""
        tail = bytes(self._kept[-LONGEST_LINE:])
        lines = (tail[tail.rfind(b"\n") + 1 :] + piece).split(b"\n")[:-1]
        self._marked = next((line for line in reversed(lines) if line.startswith(MARK)), self._marked)

    def _shorten(self) -> None:
        del self._kept[: -self._limit]
        self._cut = True

    @property
    def kept(self) -> bytes:
        """The end of what was printed, from the beginning of a line: half a line could be half a secret, which nobody would recognise."""
        if len(self._kept) > self._limit:
            self._shorten()
        if not self._cut:
            return bytes(self._kept)
        return bytes(self._kept[self._kept.find(b"\n") + 1 :]) if b"\n" in self._kept else b""

    @property
    def progress(self) -> str:
        """The last line that begins with `towpath:` (without it), else the last line that says anything; printable."""
        if self._marked:
            return _shown(self._marked[len(MARK) :])
        lines = self._kept[-2 * LONGEST_LINE :].splitlines()
        return next((line for one in reversed(lines) if (line := _shown(one))), "")


def _shown(line: bytes | bytearray) -> str:
    """Terminals overwrite a line after a carriage return: its last part is what people see."""
    text = bytes(line).rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
    return "".join(one if one.isprintable() else " " for one in text).strip()[:LONGEST_LINE]
