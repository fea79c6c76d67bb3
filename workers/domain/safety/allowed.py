"""The allow-list: everything that a pickle may name, in exact pairs of module and name. What is not here is refused.

A name is here when none of these, done by a pickle with whatever it can make from this list, runs code of the file's choosing: naming it
(its module is imported), calling it, making an instance, setting its state once. `docs/safety.md` shows the list by its groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag, auto

from workers.domain.safety.allowed_sklearn import CLASSES
from workers.domain.safety.values import Global

SCANNER = "towpath-safety 1"


class Use(Flag):
    """What may be done with a name, beside naming it."""

    NAME = 0
    CALL = auto()
    MAKE = auto()
    STATE = auto()
    ITEMS = auto()
    ARRAY = auto()


@dataclass(frozen=True)
class Group:
    """Names that are allowed for one reason; `names` holds lines of `module: name name`."""

    title: str
    why: str
    use: Use
    names: str

    def globals(self) -> Iterator[Global]:
        """Each of them."""
        module = ""
        for word in self.names.split():
            if word.endswith(":"):
                module = word[:-1]
            else:
                yield Global(module, word)


GROUPS = (
    Group("values of Python", "They hold what they are given.", Use.CALL, """
        builtins: set frozenset complex slice bytearray bytes
        __builtin__: set frozenset complex slice bytearray bytes
        datetime: date datetime time timedelta timezone
        decimal: Decimal
        _codecs: encode
    """),
    Group("dicts", "They hold what they are given.", Use.CALL | Use.MAKE | Use.STATE | Use.ITEMS, """
        collections: OrderedDict Counter
        sklearn.utils._bunch: Bunch
        sklearn.utils: Bunch
    """),
    Group("a dict with a factory", "Its factory may only be named, and is called later if ever.", Use.CALL | Use.ITEMS, """
        collections: defaultdict
    """),
    Group("types, named only", "A type as a value; it is not called.", Use.NAME, """
        builtins: object int float bool str list dict tuple
        __builtin__: object int float bool str unicode long list dict tuple
        numpy: float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ bool str_ object_ complex64 complex128
        numpy.random._mt19937: MT19937
        numpy.random._pcg64: PCG64 PCG64DXSM
        numpy.random._philox: Philox
        numpy.random._sfc64: SFC64
        torch: float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool complex64 complex128 strided
            HalfStorage FloatStorage DoubleStorage BFloat16Storage ByteStorage CharStorage ShortStorage IntStorage LongStorage BoolStorage
            ComplexFloatStorage ComplexDoubleStorage
        torch.storage: UntypedStorage
    """),
    Group("functions, named only", "A function as a value (of a FunctionTransformer, say); it is not called.", Use.NAME, """
        numpy: log log1p log2 log10 exp expm1 sqrt cbrt square abs absolute negative reciprocal sign sin cos tan tanh mean median
        numpy._core.umath: log log1p exp expm1 sqrt
        numpy.core._multiarray_umath: log log1p exp expm1 sqrt
        sklearn.feature_selection._univariate_selection: f_classif f_regression chi2 r_regression
        sklearn.feature_selection._mutual_info: mutual_info_classif mutual_info_regression
        sklearn.cluster._kmeans: _kmeans_single_lloyd _kmeans_single_elkan
        sklearn.metrics._classification: accuracy_score balanced_accuracy_score f1_score log_loss precision_score recall_score
        sklearn.metrics._ranking: average_precision_score roc_auc_score
        sklearn.metrics._regression: mean_absolute_error mean_squared_error r2_score
    """),
    Group("how objects are made again", "Only of classes on this list, and only in the form that pickle writes.", Use.CALL, """
        copyreg: _reconstructor __newobj__
        copy_reg: _reconstructor __newobj__
        sklearn.neighbors._kd_tree: newObj
        sklearn.neighbors._ball_tree: newObj
        sklearn.metrics._dist_metrics: newObj
        sklearn._loss._loss: __pyx_unpickle_CyHalfMultinomialLoss
        numpy.random.bit_generator: __pyx_unpickle_SeedSequence
    """),
    Group("arrays", "Made empty, filled by a state whose type is checked.", Use.CALL, """
        numpy.core.multiarray: _reconstruct scalar
        numpy._core.multiarray: _reconstruct scalar
        numpy.core.numeric: _frombuffer
        numpy._core.numeric: _frombuffer
        numpy.ma.core: _mareconstruct
    """),
    Group("kinds of arrays", "They are made by the functions above.", Use.ARRAY | Use.STATE, """
        numpy: ndarray
        numpy.ma: MaskedArray
        numpy.ma.core: MaskedArray
    """),
    Group("types of arrays", "Their state is held against what numpy writes.", Use.CALL | Use.STATE, """
        numpy: dtype
    """),
    Group("random numbers", "Generators of numpy, with their state.", Use.CALL | Use.STATE, """
        numpy.random._pickle: __randomstate_ctor __bit_generator_ctor __generator_ctor
    """),
    Group("seeds", "Numbers.", Use.MAKE | Use.STATE, """
        numpy.random.bit_generator: SeedSequence
    """),
    Group("an array of joblib's", "Its bytes follow in the file and are passed over by type and shape.", Use.MAKE | Use.STATE, """
        joblib.numpy_pickle: NumpyArrayWrapper
    """),
    Group("sparse matrices", "Arrays and a shape.", Use.MAKE, """
        scipy.sparse._csr: csr_matrix csr_array
        scipy.sparse._csc: csc_matrix csc_array
        scipy.sparse._coo: coo_matrix coo_array
        scipy.sparse.csr: csr_matrix
        scipy.sparse.csc: csc_matrix
        scipy.sparse.coo: coo_matrix
    """),
    Group("a curve of scipy", "Arrays and a degree.", Use.MAKE, """
        scipy.interpolate._bsplines: BSpline
    """),
    Group("trees and distances of scikit-learn", "Compiled classes whose state is arrays and numbers.", Use.CALL | Use.MAKE | Use.STATE, """
        sklearn.tree._tree: Tree
        sklearn.neighbors._kd_tree: KDTree KDTree64 KDTree32
        sklearn.neighbors._ball_tree: BallTree BallTree64 BallTree32
        sklearn.metrics._dist_metrics: EuclideanDistance EuclideanDistance64 EuclideanDistance32 ManhattanDistance ManhattanDistance64
            ChebyshevDistance ChebyshevDistance64 MinkowskiDistance MinkowskiDistance64
    """),
    Group("losses of scikit-learn", "Compiled classes that hold a number or two.", Use.CALL | Use.MAKE | Use.STATE, """
        sklearn._loss._loss: CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss CyHalfMultinomialLoss CyHalfPoissonLoss
            CyHalfSquaredError CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss
        sklearn.linear_model._sgd_fast: EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredEpsilonInsensitive SquaredHinge SquaredLoss
    """),
    Group("tensors of PyTorch", "Tensors over the storages of the same file; PyTorch checks that they lie inside.", Use.CALL, """
        torch._utils: _rebuild_tensor_v2 _rebuild_parameter
        torch: Size device
    """),
    Group("estimators of scikit-learn", "They take attributes and do nothing with them until they are used.", Use.MAKE, CLASSES),
)  # fmt: skip

ALLOWED = {one: group.use for group in GROUPS for one in group.globals()}
