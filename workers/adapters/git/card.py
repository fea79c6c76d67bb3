"""A model card, read as text: the numbers that it states of a version's metrics, and its headings. Markdown and HTML in it are never rendered.

Numbers are looked for where people write them: in the front matter (`model-index` of Hugging Face, or `metrics:` as a mapping), in the rows of a
table, in lines such as `auc: 0.991`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.contract.model_cards import ModelCard, Stated
from workers.domain import strict_yaml

MOST = 100
_LONGEST = 80
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d{1,3})?\s*%?", re.ASCII)
_DRESS = "*_` "
"""What Markdown puts around a word."""
_FENCE = re.compile(r" {0,3}(```|~~~)")


def read(content: bytes, metrics: Iterable[str]) -> ModelCard:
    """What a card says of these metrics. One that cannot be read says why; that is no fault of the version."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
        front, first = _front(lines)
    except UnicodeDecodeError:
        return ModelCard(fault="it is not UTF-8")
    except strict_yaml.BadYaml as exc:
        return ModelCard(fault=f"its front matter, line {exc.line + 1}: {exc.why}"[:200])
    names = {_plain(name): name for name in metrics}
    body = list(_body(lines, first))
    stated = [*_of_front(front, names), *_of_body(body, names)]
    titles = (_title(line) for _, line in body)
    return ModelCard(tuple(stated[:MOST]), tuple(title for title in titles if title)[:MOST])


def _title(line: str) -> str | None:
    """The words of a heading; None when the line is none. By hand: an expression would take its time over a line that was made for it."""
    bare = line.strip()
    level = len(bare) - len(bare.lstrip("#"))
    if not 1 <= level <= 6 or bare[level : level + 1].strip():
        return None
    return _shown(bare[level:].rstrip("#").strip()[:1000])


def _front(lines: list[str]) -> tuple[strict_yaml.Document, int]:
    """The front matter, and the number of the first line behind it."""
    if not lines or lines[0].rstrip() != "---":
        return strict_yaml.Document(None, {}), 1
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        raise strict_yaml.BadYaml(0, "it does not end with ---")
    return strict_yaml.read("\n".join(lines[1:end])), end + 2


def _body(lines: list[str], first: int) -> Iterator[tuple[int, str]]:
    """The lines of prose, with their numbers: no code, nothing that is commented out."""
    fence: str | None = None
    hidden = False
    for number, line in enumerate(lines[first - 1 :], first):
        mark = _FENCE.match(line)
        if mark and fence in (None, mark[1]):
            fence = None if fence else mark[1]
            continue
        hidden = hidden or "<!--" in line
        if fence is None and not hidden:
            yield number, line
        hidden = hidden and "-->" not in line


def _of_front(front: strict_yaml.Document, names: Mapping[str, str]) -> Iterator[Stated]:
    data = front.data if isinstance(front.data, dict) else {}
    given = data.get("metrics")
    for key, value in given.items() if isinstance(given, dict) else ():
        yield from _stated(key, value, names, front.line(("metrics", key)) + 1)
    for at, metric in _indexed(data.get("model-index")):
        called = [str(metric[key]) for key in ("name", "type") if isinstance(metric.get(key), str)]
        known = next((one for one in called if _plain(one) in names), None)
        if known:
            yield from _stated(known, metric.get("value"), names, front.line((*at, "value")) + 1)


def _indexed(index: Any) -> Iterator[tuple[strict_yaml.Path, Mapping[str, Any]]]:
    """The metrics of a `model-index`, each with its place in the front matter."""
    for i, model in _items(index):
        for j, result in _items(model.get("results")):
            for k, metric in _items(result.get("metrics")):
                yield ("model-index", i, "results", j, "metrics", k), metric


def _items(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return ((at, one) for at, one in enumerate(value if isinstance(value, list) else ()) if isinstance(one, dict))


def _of_body(body: Iterable[tuple[int, str]], names: Mapping[str, str]) -> Iterator[Stated]:
    header: list[str] = []
    for number, line in body:
        if "|" not in line:
            header = []
            name, _, value = line.partition(":" if ":" in line else "=")
            yield from _stated(name.strip().lstrip("-+").strip(_DRESS), value.strip(_DRESS), names, number)
            continue
        cells = [cell.strip(_DRESS) for cell in line.strip().strip("|").split("|")]
        if _plain(cells[0]) in names and any(_number(cell) for cell in cells[1:]):
            for cell in cells[1:]:
                yield from _stated(cells[0], cell, names, number)
        elif header and len(header) == len(cells):
            for name, cell in zip(header, cells, strict=True):
                yield from _stated(name, cell, names, number)
        elif not header:
            header = cells


def _stated(name: str, value: Any, names: Mapping[str, str], line: int) -> Iterator[Stated]:
    number = _number(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    if number and (known := names.get(_plain(name))):
        yield Stated(known, number, line)


def _number(text: str) -> str | None:
    """A number as it stands there, without its thousands' commas; None for what is none."""
    found = text.strip().replace("\N{MINUS SIGN}", "-")
    return found.replace(",", "") if len(found) <= 40 and _NUMBER.fullmatch(found) else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _shown(title: str) -> str:
    return "".join(sign for sign in title if sign.isprintable())[:_LONGEST]
