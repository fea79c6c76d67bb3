"""Say whether requirements/*.txt fit pyproject.toml and each other, from the files alone; with --build, print what building the project needs."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LISTS = ("build", "runtime", "drift", "demo", "dev")
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE)

Pins = Mapping[str, list[str]]


def wanted(project: Mapping[str, Any]) -> dict[str, list[Requirement]]:
    """What each list must hold, by pyproject.toml."""
    extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
    core = list(_read(project["project"]["dependencies"]))
    demo = [*core, *_extra(extras, "demo")]
    every = [one for name in extras for one in _extra(extras, name)]
    dev = [*core, *every, *(one for group in ("test", "check") for one in _read(groups[group]))]
    drift = [*core, *(one for name in ("drift", "sql") for one in _extra(extras, name))]
    return {"build": list(_read(project["build-system"]["requires"])), "runtime": core, "drift": drift, "demo": demo, "dev": dev}


def _read(texts: Iterable[str]) -> Iterator[Requirement]:
    return (Requirement(text) for text in texts)


def _extra(extras: Mapping[str, list[str]], name: str) -> Iterator[Requirement]:
    """The requirements of an extra; one that names the project itself stands for the extras that it lists."""
    for one in _read(extras[name]):
        if one.name == "towpath":
            for inner in sorted(one.extras):
                yield from _extra(extras, inner)
        else:
            yield one


def pins(text: str) -> dict[str, list[str]]:
    """Package -> the versions that a list pins it to (several where they differ by Python or platform). A pin without a hash is left out."""
    found: dict[str, list[str]] = {}
    for match in _PIN.finditer(text):
        if "--hash=sha256:" in match["rest"]:
            found.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    return found


def faults(needs: Mapping[str, list[Requirement]], have: Mapping[str, Pins]) -> Iterator[str]:
    """Every requirement without a fitting pin, and every pin that is another one in requirements/dev.txt."""
    for name, requirements in needs.items():
        for one in requirements:
            versions = have[name].get(canonicalize_name(one.name), [])
            if not versions or not all(one.specifier.contains(version, prereleases=True) for version in versions):
                yield f"requirements/{name}.txt pins {one.name} to {' and '.join(versions) or 'nothing'}, but pyproject.toml wants {one}"
    for name in LISTS:
        for package, versions in have[name].items():
            if package in have["dev"] and not set(versions) <= set(have["dev"][package]):
                yield f"requirements/{name}.txt and requirements/dev.txt pin {package} to different versions"


def main() -> int:
    """The exit status."""
    needs = wanted(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    if "--build" in sys.argv[1:]:
        print("\n".join(map(str, needs["build"])))
        return 0
    found = list(faults(needs, {name: pins((ROOT / f"requirements/{name}.txt").read_text()) for name in LISTS}))
    for fault in found:
        print(fault)
    if found:
        print("Run scripts/pins to write them anew.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
