"""Planted truth for duplicate pictures: copies that must be found, twins that must not be, of pictures and pages of data sets.

`bench/dedup_planted.py` measures with them what `assay dedup` finds: hashes propose, pixels confirm, by the functions that it calls.
"""

import io
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pymupdf
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFilter, ImageFont

from pipelines.dedup_pictures import proposals, same_picture, sketch_picture, windows_of
from schemas.sample import Image
from schemas.shard import Dataset

Pixels = NDArray[np.uint8]
"""(height, width, 3)."""
Pair = tuple[int, int]
DPI = 96.0
"""Resolution of rendered pages: a line of body type is 13 pixels high."""
PAGES_A_FILE = 2


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(PillowImage.fromarray(pixels).resize((max(1, width), max(1, height)), PillowImage.Resampling.LANCZOS))


def crop(share: float) -> "Plant":
    """Less `share` of its width and height, at sides by chance."""

    def plant(pixels: Pixels, rng: Generator) -> Pixels:
        high, wide = (round(side * share) for side in pixels.shape[:2])
        top, left = int(rng.integers(high + 1)), int(rng.integers(wide + 1))
        return pixels[top : pixels.shape[0] - high + top, left : pixels.shape[1] - wide + left]

    return plant


def encode_again(pixels: Pixels, rng: Generator) -> Pixels:
    """As a JPEG of quality 30 to 70."""
    sink = io.BytesIO()
    PillowImage.fromarray(pixels).save(sink, "JPEG", quality=int(rng.integers(30, 71)))
    return np.asarray(PillowImage.open(sink).convert("RGB"))


def recolour(pixels: Pixels, rng: Generator) -> Pixels:
    """Dark and light between two other colours, in one of three inverted."""
    ends = np.array([rng.integers(0, 60, 3), rng.integers(190, 256, 3)], np.float64)
    if rng.random() < 1 / 3:
        ends = ends[::-1]
    grey = np.asarray(PillowImage.fromarray(pixels).convert("L"), np.float64)[..., None] / 255
    mapped: Pixels = np.round(ends[0] + grey * (ends[1] - ends[0])).astype(np.uint8)
    return mapped


def rescale(pixels: Pixels, rng: Generator) -> Pixels:
    """To 0.6 to 1.5 of its size."""
    scale = float(rng.uniform(0.6, 1.5))
    return _resized(pixels, round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))


def rotate(pixels: Pixels, rng: Generator) -> Pixels:
    """By up to 2 degrees to either side, at least by one; corners get the tone of the edge."""
    angle = float(rng.uniform(1, 2)) * (1 if rng.random() < 0.5 else -1)
    high, wide = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(pixels, turn, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def watermark(pixels: Pixels, rng: Generator) -> Pixels:
    """A grey word across the middle that a third of the tone below shows through less."""
    base = PillowImage.fromarray(pixels)
    size = max(12, min(base.size) // 5)
    mask = PillowImage.new("L", base.size, 0)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(mask).text((base.width / 2, base.height / 2), "COPY", 90, font=font, anchor="mm")
    mask = mask.rotate(float(rng.uniform(10, 40)))
    return np.asarray(PillowImage.composite(PillowImage.new("RGB", base.size, (130, 130, 140)), base, mask))


def screenshot(pixels: Pixels, rng: Generator) -> Pixels:
    """Shown in a window with a bar above, on a desktop, at 0.7 to 1 of its size."""
    scale = float(rng.uniform(0.7, 1.0))
    shown = _resized(pixels, round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    high, wide = shown.shape[:2]
    bar = max(6, high // 25)
    around = (max(4, high // 12), max(4, wide // 12))
    screen = np.full((high + bar + 2 * around[0], wide + 2 * around[1], 3), rng.integers(20, 90, 3), np.uint8)
    screen[around[0] : around[0] + bar, around[1] : around[1] + wide] = 210
    screen[around[0] + bar : around[0] + bar + high, around[1] : around[1] + wide] = shown
    return screen


def soften(pixels: Pixels, rng: Generator) -> Pixels:
    """Out of focus by half a pixel, with noise of 4 grey levels, as of a scanner."""
    soft = np.asarray(PillowImage.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.5)), np.float64)
    return np.clip(np.round(soft + rng.normal(0, 4, soft.shape)), 0, 255).astype(np.uint8)


Plant = Callable[[Pixels, Generator], Pixels]
PICTURE_DUPLICATES: dict[str, Plant] = {
    "cropped by 5 %": crop(0.05),
    "cropped by 10 %": crop(0.1),
    "re-encoded": encode_again,
    "recoloured": recolour,
    "rescaled": rescale,
    "rotated by 1-2°": rotate,
    "watermark": watermark,
    "screenshot": screenshot,
    "scanned": soften,
}


def change_digits(pixels: Pixels, page: pymupdf.Page, most: int, rng: Generator) -> Pixels | None:
    """A rendered page with up to `most` digits in place of which others of the same font and size stand, copied from elsewhere on it."""
    chars = [
        (char["c"], pymupdf.Rect(char["bbox"]) * (DPI / 72), (span["font"], round(span["size"], 1), span["color"]))
        for block in page.get_text("rawdict")["blocks"]
        for line in block.get("lines", [])
        for span in line["spans"]
        for char in span["chars"]
        if char["c"] in "0123456789"
    ]
    out, left = pixels.copy(), most
    for place in rng.permutation(len(chars)).tolist():
        digit, box, face = chars[place]
        others = [other for other in chars if other[2] == face and other[0] != digit]
        if not others or not left:
            continue
        x, y, wide, high = round(box.x0), round(box.y0), round(box.width), round(box.height)
        other = others[int(rng.integers(len(others)))][1]
        part = pixels[round(other.y0) : round(other.y0) + high, round(other.x0) : round(other.x0) + wide]
        here = out[y : y + high, x : x + wide]
        if part.shape == here.shape and np.abs(part.astype(int) - here).max(initial=0) > 60:  # else it was out of sight
            out[y : y + high, x : x + wide] = part
            left -= 1
    return out if left < most else None


def gather(folders: list[Path], most: int, rng: Generator) -> tuple[list[Pixels], int, dict[str, list[tuple[int, Pixels]]]]:
    """About `most` pictures, half of them pages of PDFs rendered here, which come first; how many pages; and by kind the pages' twins, each
    with the number of its page.
    """
    pages: list[Pixels] = []
    others: list[Pixels] = []
    twins: dict[str, list[tuple[int, Pixels]]] = {"one digit changed": [], "numbers changed": []}
    for sample in (sample for folder in folders for sample in Dataset(folder)):
        pdf = next((a.data for a in sample.attachments if a.media_type == "application/pdf"), None)
        if pdf is None and sample.images and len(others) < most // 2:
            others.append(np.asarray(PillowImage.open(io.BytesIO(sample.images[0].data)).convert("RGB")))
        elif pdf is not None and len(pages) < most - most // 2:
            with pymupdf.open(stream=pdf, filetype="pdf") as document:
                for number in rng.permutation(len(document))[:PAGES_A_FILE].tolist():
                    page = document[number]
                    drawn = page.get_pixmap(dpi=int(DPI), alpha=False)
                    pixels = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.h, drawn.w, 3)
                    for kind, digits in (("one digit changed", 1), ("numbers changed", 10_000)):
                        twin = change_digits(pixels, page, digits, rng)
                        if twin is not None:
                            twins[kind].append((len(pages), twin))
                    pages.append(pixels)
    return pages + others, len(pages), twins


def encoded(pixels: Pixels) -> Image:
    """As PNG."""
    sink = io.BytesIO()
    PillowImage.fromarray(pixels).save(sink, "PNG", compress_level=1)
    return Image.of(sink.getvalue(), "png", pixels.shape[1], pixels.shape[0])


def found_pairs(one: list[Image], other: list[Image], wanted: set[Pair] | None = None) -> tuple[set[Pair], set[Pair]]:
    """(proposed, confirmed) pairs of a picture of each list, as the command would; of `wanted` only, if given."""
    sketches = [[sketch_picture(image) for image in images] for images in (one, other)]
    hashes = [np.stack([sketch.hashes for sketch in part]) for part in sketches]
    proposed, same = set(), set()
    for i, j, window, to in proposals(hashes[0], hashes[1]):
        if wanted is None or (i, j) in wanted:
            proposed.add((i, j))
            cuts = (windows_of(sketches[0][i].trimmed)[window], windows_of(sketches[1][j].trimmed)[to])
            if same_picture(one[i], other[j], cuts):
                same.add((i, j))
    return proposed, same


def measure_pictures(folders: list[Path], most: int, share: Callable[[int, int], str], seed: int = 1) -> None:
    """Print recall of each kind of duplicate, and the share of each kind of twin and of other pictures that is taken for one."""
    rng = np.random.default_rng(seed)
    pixels, pages, twins = gather(folders, most, rng)
    images = [encoded(one) for one in pixels]
    every = {(i, i) for i in range(len(images))}
    right = wrong = hits_of_pages = 0
    for kind, plant in PICTURE_DUPLICATES.items():
        proposed, same = found_pairs(images, [encoded(plant(one, rng)) for one in pixels], every)
        right += len(same)
        of_pages = sum(i < pages for i, _ in same)
        parts = f"of pages {share(of_pages, pages)}, of others {share(len(same) - of_pages, len(images) - pages)}"
        hits_of_pages += of_pages
        print(f"    {kind:18} proposed {share(len(proposed), len(images))}  found {parts}", flush=True)
    for kind, made in twins.items():
        _, same = found_pairs([images[n] for n, _ in made], [encoded(one) for _, one in made], {(i, i) for i in range(len(made))})
        wrong += len(same)
        print(f"    {kind:18} WRONGLY found {share(len(same), len(made))}", flush=True)
    pairs = set(combinations(range(len(images)), 2))
    proposed, same = found_pairs(images, images, pairs)
    wrong += len(same)
    print(f"    {'other pictures':18} proposed {len(proposed)}, WRONGLY found {len(same)} of {len(pairs)} pairs: {sorted(same)[:9]}")
    total = len(images) * len(PICTURE_DUPLICATES)
    print(f"{len(images)} pictures: recall {share(right, total)}  precision {share(right, right + wrong)}")
    print(f"{pages} pages among them: recall {share(hits_of_pages, pages * len(PICTURE_DUPLICATES))}")
