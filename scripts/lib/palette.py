"""Copy screenshots as small PNGs with at most 256 colours: `palette.py FROM_FOLDER TO_FOLDER`. Source: PNG specification, third edition, https://www.w3.org/TR/png-3/"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def write_png(screenshot: bytes, path: Path) -> None:
    """Write a browser's screenshot (8 bit RGB or RGBA, not interlaced) with its 256 commonest colours; each other takes the nearest of these."""
    pixels = _pixels(screenshot)
    height, width, _ = pixels.shape
    colours, index, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    kept = np.argsort(counts)[::-1][:256]
    palette = colours[kept]
    nearest = np.array([_nearest(colour, palette) for colour in colours], np.uint8)
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = nearest[index.reshape(height, width)]
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    path.write_bytes(SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks))


def _nearest(colour: Pixels, palette: Pixels) -> int:
    away = palette.astype(np.int32) - colour.astype(np.int32)
    return int(np.argmin((away * away).sum(axis=1)))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _pixels(png: bytes) -> Pixels:
    """Height x width x 3."""
    at, data, width, height, depth = len(SIGNATURE), b"", 0, 0, 3
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
            assert bits == 8 and colour in (2, 6), "a screenshot has 8 bits of RGB or RGBA"
            depth = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * depth)
    shown = np.zeros((height, width, depth), np.uint8)
    above = np.zeros((width, depth), np.uint8)
    for y in range(height):
        above = shown[y] = _unfiltered(int(rows[y, 0]), rows[y, 1:].reshape(width, depth), above)
    return shown[:, :, :3]


def _unfiltered(kind: int, row: Pixels, above: Pixels) -> Pixels:
    """A row without its filter (section 9 of the specification). Sums are modulo 256."""
    if kind == 0:
        return row.copy()
    if kind == 1:
        return np.cumsum(row, axis=0, dtype=np.uint8)
    if kind == 2:
        return row + above
    depth = row.shape[1]
    found, tops = [0] * depth, [0] * depth + above.ravel().tolist()
    for at, value in enumerate(row.ravel().tolist(), depth):
        left, top, corner = found[at - depth], tops[at], tops[at - depth]
        found.append((value + ((left + top) // 2 if kind == 3 else _paeth(left, top, corner))) % 256)
    return np.array(found[depth:], np.uint8).reshape(row.shape)


def _paeth(left: int, top: int, corner: int) -> int:
    """Whichever of the three is nearest to left + top - corner; the first of them where two are."""
    away = (abs(top - corner), abs(left - corner), abs(left + top - 2 * corner))
    return (left, top, corner)[away.index(min(away))]


def main() -> None:
    """Copy every picture of a folder."""
    source, target = map(Path, sys.argv[1:3])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.png")):
        write_png(path.read_bytes(), target / path.name)
        print(f"{target / path.name}: {(target / path.name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
