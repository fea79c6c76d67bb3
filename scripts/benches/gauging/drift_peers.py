"""What others make of two Parquet files, as short as their documentation has it: each in an environment of its own, outside of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """A way to compare REFERENCE and CURRENT (the two arguments), the packages that it needs, and what it computes."""

    name: str
    needs: Sequence[str]
    computes: str
    code: str


_READ = """
import sys
import pandas as pd
reference, current = (pd.read_parquet(path) for path in sys.argv[1:])
"""

_SCIPY = """
import json
import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon
found = {}
for name in reference:
    a, b = reference[name].dropna().to_numpy(), current[name].dropna().to_numpy()
    if name.startswith("num"):
        inner = np.unique(np.quantile(a, np.linspace(0, 1, 11)[1:-1]))
        p, q = (np.bincount(np.searchsorted(inner, one, side="right"), minlength=len(inner) + 1) for one in (a, b))
        ks = stats.ks_2samp(a, b, method="asymp")
        own = {"ks": ks.statistic, "p": ks.pvalue, "wasserstein": stats.wasserstein_distance(a, b), "deviation": a.std()}
    else:
        table = pd.concat([reference[name].value_counts(), current[name].value_counts()], axis=1).fillna(0).to_numpy()
        p, q = table.T
        chi2 = stats.chi2_contingency(table.T, correction=False)
        own = {"chi2": chi2.statistic, "p": chi2.pvalue}
    x, y = (np.maximum(one / one.sum(), 1e-6) for one in (p, q))
    found[name] = {**own, "psi": float(((y - x) * np.log(y / x)).sum()), "js": jensenshannon(p, q, base=2)}
print(json.dumps(found, default=float))
"""

_EVIDENTLY = """
from evidently import Report
from evidently.presets import DataDriftPreset
print(Report([DataDriftPreset()]).run(current, reference).json())
"""

_NANNYML = """
import nannyml
calculator = nannyml.UnivariateDriftCalculator(
    column_names=[*reference], chunk_size=len(current),
    continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"], categorical_methods=["chi2", "jensen_shannon"],
)
print(calculator.fit(reference).calculate(current).to_df().to_json())
"""

_FROUROS = """
import json
from frouros.detectors.data_drift import EMD, JS, PSI, ChiSquareTest, KSTest
found = {}
for name in reference:
    a, b = reference[name].to_numpy(), current[name].to_numpy()
    for kind in (KSTest, PSI, JS, EMD) if name.startswith("num") else (ChiSquareTest,):
        detector = kind()
        detector.fit(X=a)
        found[f"{name} {kind.__name__}"] = str(detector.compare(X=b)[0])
print(json.dumps(found))
"""

PEERS = (
    Peer("pandas and scipy.stats", ("pandas", "pyarrow", "scipy"), "the same, exact", _READ + _SCIPY),
    Peer("evidently", ("evidently", "pandas<3", "pyarrow"), "one statistic for each column", _READ + _EVIDENTLY),
    Peer("nannyml", ("nannyml", "statsmodels", "pyarrow"), "KS, JS, Wasserstein; chi-square, JS", _READ + _NANNYML),
    Peer("frouros", ("frouros", "pandas", "pyarrow"), "KS, PSI, JS, Wasserstein; chi-square", _READ + _FROUROS),
)


class Missing(Exception):
    """A peer cannot be run here. `str()` says why."""


def installed(peer: Peer, folder: Path) -> str:
    """The Python that has the peer's packages, installed below the folder unless they are there. Raises Missing."""
    place = folder / peer.needs[0]
    python = place / "bin" / "python"
    if (place / "ready").exists():
        return str(python)
    if not (uv := shutil.which("uv", path=f"{Path('.tools/uv/bin').resolve()}:{os.environ['PATH']}")):
        raise Missing("uv is not there")
    for command in (["venv", "--clear", str(place)], ["pip", "install", "--python", str(python), *peer.needs]):
        done = subprocess.run([uv, "--quiet", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"it cannot be installed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1][:120]}")
    (place / "ready").touch()
    return str(python)
