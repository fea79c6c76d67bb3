"""A corpus of pickles that must not pass, each put together by hand: by name, its bytes."""

from __future__ import annotations

import struct

from tests.unit.safety.judged import calling, glob, pickled, text

_CALLABLE = [
    "os.system", "posix.system", "nt.system", "subprocess.Popen", "builtins.eval", "builtins.exec", "builtins.getattr", "builtins.__import__",
    "builtins.open", "builtins.compile", "builtins.map", "builtins.print", "importlib.import_module", "operator.attrgetter", "operator.methodcaller",
    "functools.partial", "functools.reduce", "runpy.run_path", "pty.spawn", "socket.socket", "ctypes.CDLL", "timeit.timeit", "cProfile.run",
    "pip.main", "doctest.debug_script", "pydoc.pipepager", "code.interact", "trace.Trace", "logging.config.dictConfig", "urllib.request.urlopen",
    "webbrowser.open", "pickle.loads", "_pickle.loads", "marshal.loads", "types.CodeType", "types.FunctionType", "joblib.load",
    "joblib.numpy_pickle.load", "numpy.load", "numpy.save", "numpy.fromfile", "numpy.memmap", "numpy.testing._private.utils.runstring",
    "numpy.f2py.crackfortran.getlincoef", "numpy.ctypeslib.load_library", "pandas.read_pickle", "pandas.eval", "torch.load",
    "torch.storage._load_from_bytes", "torch.hub.load", "torch.jit.load", "torch.serialization.load", "sklearn.utils.check_random_state",
    "sklearn.datasets._base.load_files", "sklearn.externals.array_api_compat", "cloudpickle.cloudpickle._make_function",
    "cloudpickle.cloudpickle.subimport", "dill._dill._create_function", "xgboost.core.Booster", "tensorflow.keras.models.load_model",
    "fraud.features.Encoder", "__main__.Model", "sys.modules", "sys.setprofile", "atexit.register", "shutil.rmtree", "pathlib.Path.unlink",
    "tempfile.mktemp", "zipimport.zipimporter", "uuid._get_command_stdout", "copyreg.add_extension", "_codecs.lookup", "codecs.open",
    "scipy.io.loadmat", "bdb.Bdb", "pdb.set_trace", "asyncio.run", "http.client.HTTPSConnection", "multiprocessing.Process",
    "sklearn.pipeline.make_pipeline", "numpy.lib._npyio_impl.load", "idlelib.run.Executive", "venv.create", "collections.namedtuple",
]  # fmt: skip


def _split(said: str) -> tuple[str, str]:
    module, _, name = said.rpartition(".")
    return module, name


CALLED = {said: calling(*_split(said)) for said in _CALLABLE}
IN_PROTOCOL_0 = {f"{said}, protocol 0": "c{}\n{}\n(S'id'\ntR.".format(*_split(said)).encode() for said in _CALLABLE}

_BAD = glob("os", "system")
_NDARRAY = glob("numpy._core.multiarray", "_reconstruct") + glob("numpy", "ndarray") + b"K\x00\x85C\x01b\x87R"
_ESTIMATOR = glob("sklearn.preprocessing._data", "StandardScaler")


def dtype(code: str) -> bytes:
    """The opcodes of a numpy type."""
    return glob("numpy", "dtype") + text(code) + b"\x89\x88\x87R"


def state(size: int, flags: int, inner: bytes = b"NNN") -> bytes:
    """BUILD with the state of a numpy type."""
    return b"(K\x03" + text("|") + inner + b"J" + struct.pack("<i", size) + b"J" + struct.pack("<i", 1) + b"K" + bytes([flags]) + b"tb"


BUILT = {
    "INST": b"(S'id'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'id'\no.",
    "NEWOBJ": pickled(_BAD + b")\x81"),
    "NEWOBJ_EX": pickled(_BAD + b")}\x92"),
    "named only": pickled(_BAD),
    "in the memo": pickled(text("os") + b"\x94" + text("system") + b"\x940" + b"0h\x00h\x01\x93" + text("id") + b"\x85R"),
    "by a put": b"\x80\x02X\x02\x00\x00\x00osq\x050X\x06\x00\x00\x00systemq\x060h\x05h\x06\x93.",
    "a module that is no text": pickled(b"K\x01" + text("system") + b"\x93"),
    "a name from a call": pickled(text("os") + glob("builtins", "set") + b")R\x93"),
    "a dotted name": pickled(glob("numpy", "ndarray.tofile")),
    "a dotted way to os": pickled(glob("sklearn.pipeline", "Pipeline.__init__.__globals__")),
    "EXT1": pickled(b"\x82\x01"),
    "EXT2": pickled(b"\x83\x01\x00"),
    "EXT4": pickled(b"\x84\x01\x00\x00\x00"),
    "a class that is changed": pickled(_ESTIMATOR + b"}" + text("__setstate__") + _NDARRAY + b"sb"),
    "a class that is changed by slots": pickled(_ESTIMATOR + b"N}" + text("x") + b"K\x01s\x86b"),
    "an object that is changed by slots": pickled(_ESTIMATOR + b")\x81N}" + text("__class__") + _ESTIMATOR + b"s\x86b"),
    "a state that is set twice": pickled(_ESTIMATOR + b")\x81}" + text("__setstate__") + glob("builtins", "set") + b"sb]b"),
    "append by attribute": pickled(_ESTIMATOR + b")\x81}" + text("append") + glob("builtins", "set") + b"sb]a"),
    "a call of what was made": pickled(glob("builtins", "set") + b")R)R"),
    "a call of a list": pickled(b"])R"),
    "an estimator that is called": pickled(_ESTIMATOR + b")R"),
    "a function that is called": pickled(glob("numpy", "log1p") + b"K\x01\x85R"),
    "a base that gets a state": pickled(glob("copyreg", "_reconstructor") + _ESTIMATOR + glob("builtins", "dict") + b"]\x87R"),
    "_reconstruct of no array": pickled(glob("numpy._core.multiarray", "_reconstruct") + _ESTIMATOR + b"K\x00\x85C\x01b\x87R"),
    "_reconstruct of a large array": pickled(
        glob("numpy._core.multiarray", "_reconstruct") + glob("numpy", "ndarray") + b"J\xff\xff\xff\x7f\x85C\x01b\x87R"
    ),
    "a codec that unpacks": pickled(glob("_codecs", "encode") + text("x") + text("bz2") + b"\x86R"),
    "bytes by number": pickled(glob("builtins", "bytes") + b"J\xff\xff\xff\x7f\x85R"),
    "bytes by a number from the memo": pickled(glob("builtins", "bytearray") + b"J\xff\xff\xff\x7f\x940h\x00\x85R"),
    "a generator that calls its second argument": pickled(
        glob("numpy.random._pickle", "__randomstate_ctor") + text("MT19937") + glob("builtins", "set") + b"\x86R"
    ),
    "a type whose objects are hidden": pickled(dtype("O8") + state(-1, 0)),
    "a type of numbers that are objects": pickled(dtype("f8") + state(-1, 63)),
    "a type that lies about its size": pickled(dtype("S4") + state(4096, 0)),
    "a type whose field lies outside": pickled(dtype("V4") + state(4, 0, b"N" + text("a") + b"\x85}" + text("a") + dtype("f8") + b"K\x02\x86s")),
    "a type that is changed afterwards": pickled(dtype("V8") + b"\x94" + b"0h\x00" + state(8, 0)),
    "a second pickle": pickled(b"K\x01") + calling("os", "system"),
    "after a long text": pickled(b"X" + struct.pack("<I", 100_000) + b"a" * 100_000 + b"0" + _BAD),
    "inside a frame": pickled(b"\x95" + struct.pack("<Q", len(_BAD)) + _BAD),
}  # fmt: skip

UNCLEAR = {
    "an unknown opcode": pickled(b"\xff"),
    "nothing after the protocol": b"\x80\x04",
    "a pickle that is cut off": pickled(b"]K\x01a")[:-1],
    "garbage behind it": pickled(b"K\x01") + b"\x00\x01\x02",
    "a persistent id": pickled(b"K\x01Q"),
    "a persistent id in a line": b"Pabc\n.",
    "a buffer from outside": pickled(b"\x97", 5),
    "a protocol of tomorrow": pickled(b"N", 9)[:1] + b"\x05\x80\x09N.",
    "too little on the stack": pickled(b"R"),
    "something left over": pickled(b"NN"),
    "two ways to remember": pickled(text("a") + b"\x94q\x07"),
    "a text longer than the file": pickled(b"X\xff\xff\xff\x7fabc"),
    "items into a number": pickled(b"K\x01K\x02K\x03s"),
}

CORPUS = {**CALLED, **IN_PROTOCOL_0, **BUILT}
