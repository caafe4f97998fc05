"""Measures of the pages of a corpus: perceptual hashes, and how many layouts there are. Small pure functions."""

import io
from collections import Counter
from collections.abc import Sequence
from math import log2

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.sample import BoxPx, Image

GRID = 16
"""Cells a side into which a page's elements are quantised (chosen: a line of text is about a cell high)."""
MAX_PAIRS = 2000
"""Pairs of pages whose layouts are compared; more do not change the mean."""


def page_hash(image: Image) -> tuple[int, int]:
    """The 64-bit difference hash and the 64-bit DCT hash of an image."""
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        picture.draft("L", (144, 144))
        grey = picture.convert("L")
    small = np.asarray(grey.resize((9, 8), PillowImage.Resampling.BOX), dtype=np.int16)  # (8, 9)
    square = np.asarray(grey.resize((32, 32), PillowImage.Resampling.BOX), dtype=np.float64)  # (32, 32)
    return dhash(small), phash(square)


def dhash(pixels: NDArray[np.int16]) -> int:
    """Difference hash of a grey reduction (8, 9): bit 8·y + x says whether pixel (x, y) is darker than its right neighbour.

    Neal Krawetz, "Kind of Like That" (2013).
    """
    return _bits(pixels[:, :-1] < pixels[:, 1:])


def phash(pixels: NDArray[np.float64]) -> int:
    """DCT hash of a grey reduction (32, 32): which of the 8 by 8 lowest frequencies lie above their median.

    Neal Krawetz, "Looks Like It" (2011); the constant term is left out of the median, as he advises.
    """
    steps = np.arange(32)
    basis = np.cos(np.pi * np.arange(8)[:, None] * (2 * steps[None, :] + 1) / 64)  # (8, 32) rows of the DCT-II
    low = basis @ pixels @ basis.T  # (8, 8)
    return _bits(low > np.median(low.ravel()[1:]))


def pdf_layouts(pdf: bytes) -> list[bytes]:
    """One signature a page: which cells text lines touch, then which cells pictures touch, 64 bytes in all."""
    with pymupdf.open(stream=pdf, filetype="pdf") as document:
        return [_page_layout(page) for page in document]


def image_layout(image: Image) -> bytes:
    """Signature of a page known by its pixels only: the cells in which something is drawn, in the same 64 bytes, pictures empty."""
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        small = picture.convert("L").resize((GRID * 8, GRID * 8), PillowImage.Resampling.BOX)
    cells = np.asarray(small).reshape(GRID, 8, GRID, 8)  # (row, y, column, x)
    return _pack(cells.max(axis=(1, 3)).astype(int) - cells.min(axis=(1, 3)) > 24, np.zeros((GRID, GRID), bool))


def layout_entropy(signatures: Sequence[bytes]) -> tuple[float, int]:
    """Shannon entropy in bits of the pages' layout signatures, and how many different ones there are."""
    counts = Counter(signatures)
    total = len(signatures)
    return -sum(number / total * log2(number / total) for number in counts.values()) if total else 0.0, len(counts)


def mean_layout_iou(signatures: Sequence[bytes]) -> float:
    """Mean overlap (shared cells over touched cells) of pairs of pages taken at fixed strides; lower is more varied. 0 for fewer than
    two.
    """
    number = len(signatures)
    if number < 2:
        return 0.0
    masks = np.unpackbits(np.array([np.frombuffer(signature, np.uint8) for signature in signatures]), axis=1).astype(bool)  # (pages, cells)
    pairs = [(i, (i + stride) % number) for stride in range(1, number) for i in range(number) if (i + stride) % number > i]
    step = max(1, len(pairs) // MAX_PAIRS)
    overlaps = []
    for i, j in pairs[::step]:
        union = int((masks[i] | masks[j]).sum())
        overlaps.append(int((masks[i] & masks[j]).sum()) / union if union else 1.0)
    return float(np.mean(overlaps))


def box_iou(a: BoxPx, b: BoxPx) -> float:
    """Area two boxes share over the area they cover together."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def _bits(flags: NDArray[np.bool_]) -> int:
    """64 flags as one number, the first being the lowest bit."""
    return int.from_bytes(np.packbits(flags.ravel(), bitorder="little").tobytes(), "little")


def _page_layout(page: pymupdf.Page) -> bytes:
    text, pictures = np.zeros((GRID, GRID), bool), np.zeros((GRID, GRID), bool)
    for block in page.get_text("dict", flags=pymupdf.TEXTFLAGS_DICT)["blocks"]:
        boxes = [block["bbox"]] if block["type"] == 1 else [line["bbox"] for line in block["lines"]]
        for box in boxes:
            _touch(pictures if block["type"] == 1 else text, box, page.rect.width, page.rect.height)
    return _pack(text, pictures)


def _touch(cells: NDArray[np.bool_], box: Sequence[float], width: float, height: float) -> None:
    x0, x1 = (int(min(max(value / width, 0), 0.999) * GRID) for value in (box[0], box[2]))
    y0, y1 = (int(min(max(value / height, 0), 0.999) * GRID) for value in (box[1], box[3]))
    cells[y0 : y1 + 1, x0 : x1 + 1] = True


def _pack(text: NDArray[np.bool_], pictures: NDArray[np.bool_]) -> bytes:
    return np.packbits(np.concatenate([text.ravel(), pictures.ravel()])).tobytes()
