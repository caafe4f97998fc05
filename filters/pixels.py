"""Scores a sample by the pixels of its images alone. A sample without images scores 1: there is nothing wrong with them.

Each score is that of the worst image, because one unreadable page spoils a document.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from schemas.sample import Image, Sample

SIDE_PX = 512
"""Images are reduced to at most this side before they are scored (chosen: text strokes survive, a page takes 10 ms)."""


def contrast(sample: Sample) -> float:
    """Distance between the darkest and lightest 1 % of grey levels, 0 (blank) to 1 (black and white)."""
    return min((_contrast(_grey(image)) for image in sample.images), default=1.0)


def coverage(sample: Sample) -> float:
    """Share of a 32 by 32 grid over the image in which something is drawn (a grey range above 16 of 255 levels)."""
    return min((_coverage(_grey(image)) for image in sample.images), default=1.0)


def _grey(image: Image) -> NDArray[np.uint8]:
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        picture.draft("L", (SIDE_PX, SIDE_PX))
        grey = picture.convert("L")
    grey.thumbnail((SIDE_PX, SIDE_PX), PillowImage.Resampling.BOX)
    return np.asarray(grey)  # (height, width)


def _contrast(grey: NDArray[np.uint8]) -> float:
    dark, light = np.percentile(grey, [1, 99])
    return float(light - dark) / 255


def _coverage(grey: NDArray[np.uint8], cells: int = 32) -> float:
    height, width = grey.shape
    rows, columns = np.arange(height) * cells // height, np.arange(width) * cells // width
    cell = (rows[:, None] * cells + columns[None, :]).ravel()  # (height*width,) the cell of each pixel
    low, high = np.full(cells * cells, 255, np.uint8), np.zeros(cells * cells, np.uint8)
    np.minimum.at(low, cell, grey.ravel())
    np.maximum.at(high, cell, grey.ravel())
    return float(np.mean(high.astype(int) - low > 16))
