"""What a pickle may call, make and change: the allow-list at work. Whatever is not said here is refused."""

from __future__ import annotations

from collections.abc import Callable

from workers.domain.safety import dtypes
from workers.domain.safety.allowed import ALLOWED, Use
from workers.domain.safety.finding import Rejected, shown
from workers.domain.safety.values import LONGEST_TEXT, OPAQUE, Dict, Global, Made, Opaque

DO = "Save the model as ONNX, safetensors or skops, or without what is named here."
_MAKERS = ("_reconstructor", "__newobj__", "newObj", "_reconstruct", "_mareconstruct")
_OBJECT = (Global("builtins", "object"), Global("__builtin__", "object"))
_MAKES_BITS = Global("numpy.random._pickle", "__bit_generator_ctor")
_LATIN = ("latin1", "latin-1")


def named(found: Global) -> Global:
    """A global that may be named. Raises Rejected."""
    if found not in ALLOWED:
        raise Rejected(f"loads {shown(found.said)}, which is not on the allow-list", DO)
    return found


def _use(value: object) -> tuple[Global, Use]:
    if not isinstance(value, Global):
        raise Rejected("calls something that cannot be followed", DO)
    return value, ALLOWED[value]


def _is_kind(value: object) -> bool:
    return isinstance(value, Global) and Use.MAKE in ALLOWED[value]


def call(called: object, args: object) -> object:
    """What calling it gives. Raises Doubt."""
    target, use = _use(called)
    if not isinstance(args, tuple):
        raise Rejected(f"calls {target.said} with arguments that cannot be followed", DO)
    if Use.CALL not in use:
        raise Rejected(f"calls {target.said}, which may only be named", DO)
    check = _own_class if target.name.startswith("__pyx_unpickle_") else _CHECKS.get(target.name)
    if check and not check(args):
        raise Rejected(f"calls {target.said} with arguments that no library writes", DO)
    if target.name in _MAKERS or check is _own_class:
        assert isinstance(args[0], Global)
        return Made(args[0])
    return Made(target, args[0] if target == dtypes.DTYPE and isinstance(args[0], str) else None)


def new(kind: object) -> object:
    """A new object of a class, without its construction. Raises Doubt."""
    target, use = _use(kind)
    if Use.MAKE not in use:
        raise Rejected(f"makes {target.said}, which may not be made like this", DO)
    return Made(target)


def build(made: object, state: object) -> Made:
    """The object with its state, which may be set once. Raises Doubt."""
    if not isinstance(made, Made):
        raise Rejected("changes something that it did not make", DO)
    if made.is_built:
        raise Rejected(f"sets the state of {made.by.said} twice, which no library does", DO)
    if dtypes.is_dtype(made) and made.is_shared:
        raise Rejected("changes the type of an array afterwards", DO)
    if Use.STATE not in ALLOWED[made.by]:
        if Use.MAKE not in ALLOWED[made.by]:
            raise Rejected(f"sets the state of {made.by.said}, which has none", DO)
        if not isinstance(state, Dict):
            raise Rejected(f"sets attributes of {made.by.said} around its own code", DO)
    made.is_built = True
    if dtypes.is_dtype(made):
        made.type = dtypes.stated(made, state)
    return made


def takes_items(target: object) -> bool:
    """Whether items may be put into it."""
    return isinstance(target, Made) and Use.ITEMS in ALLOWED[target.by]


def _reconstruct(args: tuple[object, ...]) -> bool:
    """`numpy.core.multiarray._reconstruct(ndarray, (0,), b"b")`."""
    return len(args) == 3 and isinstance(args[0], Global) and Use.ARRAY in ALLOWED[args[0]] and args[1] == (0,)


def _reconstructor(args: tuple[object, ...]) -> bool:
    """`copyreg._reconstructor(cls, object, None)`: any other base would get a state at once."""
    return len(args) == 3 and _is_kind(args[0]) and args[1] in _OBJECT and args[2] is None


def _new_object(args: tuple[object, ...]) -> bool:
    return len(args) == 1 and _is_kind(args[0])


def _encode(args: tuple[object, ...]) -> bool:
    """Protocols below 3 write bytes as text in Latin-1. Every other codec is refused: some unpack."""
    return len(args) == 2 and (isinstance(args[0], str) or args[0] is OPAQUE) and args[1] in _LATIN


def _bytearray(args: tuple[object, ...]) -> bool:
    return args == () or (isinstance(args[0], Made | Opaque | str) and all(one in _LATIN for one in args[1:]))


def _dtype(args: tuple[object, ...]) -> bool:
    if not 1 <= len(args) <= 3 or not isinstance(args[0], str) or len(args[0]) > LONGEST_TEXT:
        return False
    dtypes.from_code(args[0])
    return True


def _scalar(args: tuple[object, ...]) -> bool:
    return len(args) == 2 and not dtypes.of_made(args[0]).has_objects


def _from_buffer(args: tuple[object, ...]) -> bool:
    return len(args) in (3, 4) and not dtypes.of_made(args[1]).has_objects


def _factory(args: tuple[object, ...]) -> bool:
    return len(args) <= 1 and all(one is None or isinstance(one, Global) for one in args)


def _masked(args: tuple[object, ...]) -> bool:
    """`numpy.ma.core._mareconstruct(MaskedArray, ndarray, (0,), "b")`."""
    return len(args) == 4 and all(isinstance(one, Global) and Use.ARRAY in ALLOWED[one] for one in args[:2]) and args[2] == (0,)


def _generator(args: tuple[object, ...]) -> bool:
    """`numpy.random._pickle.__randomstate_ctor` and the like: a second argument would be called with the first."""
    first, *others = args or ("MT19937",)
    is_known = isinstance(first, str | Made) or (isinstance(first, Global) and first.module.startswith("numpy.random."))
    return is_known and all(one == _MAKES_BITS for one in others)


def _own_class(args: tuple[object, ...]) -> bool:
    return len(args) == 3 and isinstance(args[0], Global) and bool((Use.CALL | Use.MAKE) & ALLOWED[args[0]])


_CHECKS: dict[str, Callable[[tuple[object, ...]], bool]] = {
    "_reconstruct": _reconstruct,
    "_reconstructor": _reconstructor,
    "__newobj__": _new_object,
    "newObj": _new_object,
    "encode": _encode,
    "bytearray": _bytearray,
    "bytes": lambda args: not args,
    "dtype": _dtype,
    "scalar": _scalar,
    "_frombuffer": _from_buffer,
    "_mareconstruct": _masked,
    "__bit_generator_ctor": _generator,
    "__randomstate_ctor": _generator,
    "__generator_ctor": _generator,
    "defaultdict": _factory,
}
"""How the arguments of what is called must look, by name; the others take what an allowed pickle can make without harm."""
