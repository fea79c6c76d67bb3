"""Trees: parsed once, looked into by path, and rewritten only where something changes."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from workers.adapters.git.objects import Objects

FILE = "100644"
PROGRAM = "100755"
FOLDER = "40000"
LINK = "120000"
SUBMODULE = "160000"
REGULAR = (FILE, PROGRAM)
_KEPT = 4096


class Entry(NamedTuple):
    """What a name in a tree stands for: Git's mode (octal text without leading zeros) and the object's id."""

    mode: str
    oid: str


class BadTree(ValueError):
    """The bytes are not a tree, or an edit does not fit the tree."""


class Tree:
    """A parsed tree: what each name stands for. Its lines are kept as Git writes them, in Git's order, so that a change costs only itself."""

    def __init__(self, entries: dict[bytes, Entry], lines: dict[bytes, bytes]) -> None:
        self.entries = entries
        self._lines = lines

    @classmethod
    def parse(cls, content: bytes) -> Tree:
        """The tree in the content of a tree object. Raises BadTree."""
        entries: dict[bytes, Entry] = {}
        lines: dict[bytes, bytes] = {}
        at = 0
        while at < len(content):
            end = content.find(b"\0", at)
            mode, _, name = content[at:end].partition(b" ")
            oid = content[end + 1 : end + 21]
            if end < 0 or len(oid) != 20 or not name or name in entries or not mode.isdigit():
                raise BadTree("not a tree of Git")
            entries[name] = Entry(mode.lstrip(b"0").decode(), oid.hex())
            lines[name] = content[at : end + 21]
            at = end + 21
        return cls(entries, lines)

    @property
    def content(self) -> bytes:
        """The content of the tree object."""
        return b"".join(self._lines.values())

    def replaced(self, changes: Mapping[bytes, Entry | None]) -> Tree:
        """This tree with other entries (None: without them)."""
        entries, lines = dict(self.entries), dict(self._lines)
        added = []
        for name, entry in changes.items():
            now = entries.get(name)
            if entry is None or (now and (now.mode == FOLDER) != (entry.mode == FOLDER)):
                entries.pop(name, None)
                lines.pop(name, None)
            if entry is None:
                continue
            if name not in entries:
                added.append(name)
            entries[name] = entry
            lines[name] = b"%s %s\0%s" % (entry.mode.encode(), name, bytes.fromhex(entry.oid))
        return Tree(entries, _placed(lines, entries, added) if added else lines)


def _placed(lines: dict[bytes, bytes], entries: Mapping[bytes, Entry], added: list[bytes]) -> dict[bytes, bytes]:
    """The lines in Git's order, when those that were added still stand at the end."""
    names = list(lines)[: -len(added)]
    for name in added:
        insort(names, name, key=lambda one: _rank(one, entries[one]))
    return {name: lines[name] for name in names}


def _rank(name: bytes, entry: Entry) -> bytes:
    """Git orders by name, folders as if theirs ended with a slash."""
    return name + b"/" if entry.mode == FOLDER else name


def segments(path: str) -> tuple[bytes, ...]:
    """The parts of a path of ours. Raises BadTree when one of them could lead elsewhere."""
    found = tuple(part.encode() for part in path.split("/"))
    for part in found:
        if not part or part in (b".", b"..") or part.lower().startswith(b".git") or b"\0" in part:
            raise BadTree(f"{path!r} is not a path in the tree")
    return found


def _of_people(path: str) -> tuple[bytes, ...]:
    """The parts of a path of people's, as Git itself allows them. Raises BadTree."""
    found = tuple(part.encode() for part in path.split("/"))
    for part in found:
        if not part or part in (b".", b"..") or part.lower() == b".git" or b"\0" in part:
            raise BadTree(f"{path!r} is not a path in the tree")
    return found


@dataclass(frozen=True)
class _Change:
    """The new content of a file; None deletes it."""

    content: bytes | None


_Edits = dict[bytes, "_Change | _Edits"]
_Leaves = dict[bytes, "Entry | _Leaves"]


class Trees:
    """The trees of a mirror, the last few thousand of them kept parsed (they are named by their content, so they never go stale)."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._parsed: OrderedDict[str, Tree] = OrderedDict()

    def at(self, oid: str) -> Tree:
        """The entries of a tree by its id. Raises Missing or BadTree."""
        tree = self._parsed.get(oid)
        if tree is None:
            tree = Tree.parse(self._objects.read(oid, "tree"))
        self._keep(oid, tree)
        return tree

    def _keep(self, oid: str, tree: Tree) -> None:
        self._parsed[oid] = tree
        self._parsed.move_to_end(oid)
        if len(self._parsed) > _KEPT:
            self._parsed.popitem(last=False)

    def find(self, root: str, path: str) -> Entry | None:
        """What a path stands for below a root tree, or None. Links are not followed."""
        entry = Entry(FOLDER, root)
        for part in segments(path):
            found = self.at(entry.oid).entries.get(part) if entry.mode == FOLDER else None
            if found is None:
                return None
            entry = found
        return entry

    def file(self, root: str, path: str, largest: int) -> bytes | None:
        """A small regular file below a root tree, or None when there is none. Links are not followed. Raises BadTree or Missing."""
        entry = self.find(root, path)
        if entry is None or entry.mode not in REGULAR:
            return None
        size = self._objects.header(entry.oid)[1]
        if size > largest:
            raise BadTree(f"{path} has {size} bytes; at most {largest} are allowed")
        return self._objects.read(entry.oid, "blob")

    def edit(self, root: str | None, files: Mapping[str, bytes | None]) -> str:
        """A root tree with these files written (None deletes); its id. Only the folders on the way to them are written again. Raises BadTree."""
        edits: _Edits = {}
        for path, content in files.items():
            _place(edits, path, _Change(content))
        return self._rewrite(root, edits) or self._objects.store("tree", b"")

    def graft(self, root: str, folder: str, files: Mapping[str, Entry]) -> str:
        """A root tree whose folder at a path holds these files (by their paths below it) and nothing else; its id. Raises BadTree.

        They are people's, so `.gitignore` and `.gitattributes` may be among them.
        """
        below: _Leaves = {}
        for path, entry in files.items():
            *folders, name = _of_people(path)
            at = below
            for part in folders:
                inner = at.setdefault(part, {})
                if isinstance(inner, Entry):
                    raise BadTree(f"{path!r} is below a file")
                at = inner
            if name in at:
                raise BadTree(f"{path!r} is there twice or is a folder")
            at[name] = entry
        return self._with(root, segments(folder), Entry(FOLDER, self._grown(below)))

    def _grown(self, below: _Leaves) -> str:
        entries = {name: one if isinstance(one, Entry) else Entry(FOLDER, self._grown(one)) for name, one in below.items()}
        return self._objects.store("tree", Tree({}, {}).replaced(entries).content)

    def _with(self, oid: str, path: tuple[bytes, ...], entry: Entry) -> str:
        """The tree with an entry at a path whose folders are all there. Raises BadTree."""
        tree = self.at(oid)
        if path[1:]:
            inner = tree.entries.get(path[0])
            if inner is None or inner.mode != FOLDER:
                raise BadTree(f"{path[0]!r} is no folder")
            entry = Entry(FOLDER, self._with(inner.oid, path[1:], entry))
        return self._objects.store("tree", tree.replaced({path[0]: entry}).content)

    def _rewrite(self, oid: str | None, edits: _Edits) -> str | None:
        before = self.at(oid) if oid else Tree({}, {})
        after = before.replaced({name: self._entry(before.entries.get(name), edit, name) for name, edit in edits.items()})
        if not after.entries:
            return None
        written = self._objects.store("tree", after.content)
        self._keep(written, after)
        return written

    def _entry(self, now: Entry | None, edit: _Change | _Edits, name: bytes) -> Entry | None:
        if now and (now.mode == FOLDER) == isinstance(edit, _Change):
            raise BadTree(f"{name!r} is a folder where a file is meant, or a file where a folder is")
        if isinstance(edit, _Change):
            return None if edit.content is None else Entry(FILE, self._objects.store("blob", edit.content))
        folder = self._rewrite(now.oid if now else None, edit)
        return Entry(FOLDER, folder) if folder else None


def _place(edits: _Edits, path: str, change: _Change) -> None:
    *folders, name = segments(path)
    for folder in folders:
        below = edits.setdefault(folder, {})
        if isinstance(below, _Change):
            raise BadTree(f"{path!r} is below a file")
        edits = below
    if name in edits:
        raise BadTree(f"{path!r} is written twice or is a folder")
    edits[name] = change
