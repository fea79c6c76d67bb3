"""A skops file: `schema.json` says what is made of what, and is held against the same allow-list as a pickle.

Source: https://skops.readthedocs.io/en/stable/persistence.html and its `skops/io` (protocols 0 to 2).
"""

from __future__ import annotations

from typing import Any

from workers.domain.safety.allowed import ALLOWED, Use
from workers.domain.safety.arrays import load_json
from workers.domain.safety.finding import Doubt, Rejected, shown
from workers.domain.safety.streams import Bytes
from workers.domain.safety.values import Global

SCHEMA = "schema.json"
_LARGEST = 32 << 20
_LOADERS: dict[str, tuple[str, ...]] = {
    "DictNode": ("builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch", "collections.Counter"),
    "DefaultDictNode": ("collections.defaultdict",),
    "ListNode": ("builtins.list",),
    "TupleNode": ("builtins.tuple",),
    "SetNode": ("builtins.set", "builtins.frozenset"),
    "BytesNode": ("builtins.bytes",),
    "BytearrayNode": ("builtins.bytearray",),
    "SliceNode": ("builtins.slice",),
    "JsonNode": ("builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.NoneType"),
    "DTypeNode": ("numpy.dtype",),
    "MaskedArrayNode": ("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"),
    "RandomStateNode": ("numpy.random.mtrand.RandomState",),
}
"""The kinds of nodes that make one fixed thing, and what each may be called."""
_FREE = {"ObjectNode": Use.MAKE, "TreeNode": Use.MAKE, "LossNode": Use.CALL | Use.MAKE, "SparseMatrixNode": Use.MAKE}
_NAMED = ("TypeNode", "FunctionNode")
_DO = "Save it with types that artifact-safety knows; docs/safety.md lists them."


def schema(source: Bytes) -> set[str]:
    """The members that the schema names. Raises Doubt."""
    content = source.peek(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Doubt("has a schema that is too large to look at")
    source.skip(len(content))
    if not source.ended():
        raise Doubt("has a schema that is too large to look at")
    said = load_json(content)
    if not isinstance(said, dict) or "__loader__" not in said:
        raise Doubt("has a schema that is none of skops'")
    files: set[str] = set()
    waiting: list[Any] = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "__loader__" in one or "__class__" in one or "__module__" in one:
                _node(one, files)
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return files


def _node(node: dict[str, Any], files: set[str]) -> None:
    loader, module, name = (node.get(key) for key in ("__loader__", "__module__", "__class__"))
    if not isinstance(loader, str) or not isinstance(module, str) or not isinstance(name, str):
        raise Rejected("has a node without its type", _DO)
    named = Global(module, name)
    if isinstance(node.get("file"), str):
        files.add(node["file"])
    if loader in _NAMED:
        _type(node, named)
    elif loader == "NdArrayNode":
        if module != "numpy" or not name.isidentifier():
            raise Rejected(f"makes an array of {shown(named.said)}", _DO)
    elif loader in _LOADERS:
        if named.said not in _LOADERS[loader]:
            raise Rejected(f"makes {shown(named.said)} by {loader}, which no file of skops does", _DO)
    elif loader != "CachedNode":
        _free(loader, named)


def _free(loader: str, named: Global) -> None:
    if loader not in _FREE:
        raise Rejected(f"has a node {shown(loader)}, which can name anything", _DO)
    if not ALLOWED.get(named, Use.NAME) & _FREE[loader]:
        raise Rejected(f"makes {shown(named.said)}, which is not on the allow-list", _DO)


def _type(node: dict[str, Any], named: Global) -> None:
    """A type or function as a value; old files say which one in their content."""
    inner = node.get("content")
    if isinstance(inner, dict) and "module_path" in inner and "function" in inner:
        named = Global(str(inner["module_path"]), str(inner["function"]))
    if named not in ALLOWED:
        raise Rejected(f"names {shown(named.said)}, which is not on the allow-list", _DO)
