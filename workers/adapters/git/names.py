"""File names of people's repositories: which ones may ever become a file of ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator


def fault(name: bytes) -> str | None:
    """What is wrong with one name in a tree, as the end of a sentence, or None."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if text in ("", ".", "..") or "/" in text or "\\" in text:
        return "leads out of its folder"
    if _plain(text).rstrip(". ") == ".git" or _plain(text).startswith("git~"):
        return "is a name that Git keeps for itself"
    if any(unicodedata.category(c).startswith(("C", "Zl", "Zp")) for c in text):
        return "holds control or invisible characters"
    return "is longer than 255 bytes" if len(name) > 255 else None


def _plain(text: str) -> str:
    """As a file system that folds case and drops invisible characters would see it."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").casefold()


def twins(names: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Pairs of names in one folder that differ by case or accents' form alone."""
    seen: dict[str, str] = {}
    for name in names:
        text = name.decode(errors="replace")
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
        if folded in seen:
            yield seen[folded], text
        seen[folded] = text


def relative(text: str) -> str | None:
    """A path as people write it below a folder (`model`, `golden/input.json`, `.` for the folder itself), or None when it leads elsewhere."""
    if text == ".":
        return text
    path = text.removeprefix("./").removesuffix("/")
    if len(path) > 1024 or any(fault(part.encode(errors="replace")) for part in path.split("/")):
        return None
    return path
