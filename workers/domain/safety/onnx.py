"""An ONNX model, read as the wire form of its messages. Nothing is executed; what no message of ONNX has is a doubt.

Sources: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from workers.domain.safety.finding import Doubt, Rejected, shown
from workers.domain.safety.streams import Bytes

_DEEPEST = 40
_MOST_FIELDS = 5_000_000
_LONGEST_TEXT = 4096
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft"}
_CONTAINERS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 14: "entry", 20: "training", 25: "function", 26: ""},
    "graph": {1: "node", 5: "tensor", 11: "", 12: "", 13: "", 14: "", 15: "sparse", 16: "entry"},
    "node": {5: "attribute", 9: "entry", 10: ""},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 14: "", 15: "", 22: "sparse", 23: "sparse"},
    "tensor": {3: "", 13: "external", 16: "entry"},
    "sparse": {1: "tensor", 2: "tensor"},
    "training": {1: "graph", 2: "graph", 3: "entry", 4: "entry"},
    "function": {7: "node", 9: "opset", 11: "attribute", 12: "", 14: "entry"},
    "opset": {},
    "entry": {},
    "external": {},
}
"""The messages in each message, by field; an empty name is a message that is passed over: it holds only names, types and numbers."""
_PLAIN: dict[str, tuple[int, ...]] = {
    "model": (1, 2, 3, 4, 5, 6),
    "graph": (2, 10),
    "node": (1, 2, 3, 4, 6, 7, 8),
    "attribute": (1, 2, 3, 4, 7, 8, 9, 13, 20, 21),
    "tensor": (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14),
    "sparse": (3,),
    "training": (),
    "function": (1, 4, 5, 6, 8, 10, 13),
    "opset": (1, 2),
    "entry": (1, 2),
    "external": (1, 2),
}
_DOMAIN_OF = {"node": 7, "opset": 1, "function": 10}


class Onnx:
    """One model. `needs` are the files beside it in which its weights lie."""

    def __init__(self, source: Bytes) -> None:
        self._source = source
        self._fields = 0
        self._graphs = 0
        self._strange = ""
        self._own: set[str] = set()
        self.needs: list[str] = []

    def check(self) -> None:
        """Raises Doubt."""
        self._message("model", None, 0)
        if self._graphs != 1:
            raise Doubt("holds no graph, or several")
        if self._strange and self._strange not in self._own:
            said = shown(self._strange)
            raise Doubt(
                f"uses operators of {said}, which are code that the server would have to load", "Export it with ONNX's own operators."
            )

    def _message(self, name: str, end: int | None, depth: int) -> None:
        if depth > _DEEPEST:
            raise Doubt("is nested too deeply")
        said: dict[int, str] = {}
        while not self._source.ended() if end is None else self._source.place < end:
            self._field(name, end, depth, said)
        if end is not None and self._source.place != end:
            raise Doubt("holds a part that is longer than the whole")
        self._judge(name, said)

    def _field(self, name: str, end: int | None, depth: int, said: dict[int, str]) -> None:
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            raise Doubt(f"has more than {_MOST_FIELDS:,} parts")
        tag = self._varint()
        number, kind = tag >> 3, tag & 7
        inner = _CONTAINERS[name].get(number)
        if (inner is None and number not in _PLAIN[name]) or kind not in (0, 1, 2, 5) or (inner is not None and kind != 2):
            raise Doubt("holds a part that ONNX does not know", at=self._source.place)
        if kind != 2:
            self._number(kind)
            return
        length = self._varint()
        until = self._source.place + length
        if end is not None and until > end:
            raise Doubt("holds a part that is longer than the whole")
        if inner:
            self._graphs += (name, number) == ("model", 7)
            self._message(inner, until, depth + 1)
        elif (name in _DOMAIN_OF and _DOMAIN_OF[name] == number) or name == "external":
            if length > _LONGEST_TEXT:
                raise Doubt("holds a name that is too long")
            said[number] = self._source.take(length).decode(errors="replace")
        else:
            self._source.skip(length)

    def _judge(self, name: str, said: dict[int, str]) -> None:
        domain = said.get(_DOMAIN_OF.get(name, 0), "")
        if name == "function":
            self._own.add(domain)
        elif name in _DOMAIN_OF and domain not in _DOMAINS:
            if domain == "ai.onnx.contrib":
                raise Rejected("uses operators that may run Python", "Export it with ONNX's own operators.")
            self._strange = domain if domain not in self._own else self._strange
        if name == "external" and said.get(1) == "location":
            self.needs.append(_below(said.get(2, "")))

    def _number(self, kind: int) -> None:
        if kind == 0:
            self._varint()
        else:
            self._source.skip(8 if kind == 1 else 4)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._source.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise Doubt("holds a number that is none")


def _below(location: str) -> str:
    """A path that stays in the model's folder. Raises Rejected."""
    parts = location.split("/")
    if not location or location.startswith("/") or ".." in parts or "\\" in location or ":" in location or "\0" in location:
        raise Rejected(f"keeps its weights outside of its folder: {shown(location)}", "Export it with the weights beside the model.")
    return "/".join(one for one in parts if one not in ("", "."))
