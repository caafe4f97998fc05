"""Scores how sharp a sample's images are."""

import io

import cv2
import numpy as np
from PIL import Image as PillowImage

from schemas.sample import Image, Sample

EDGES = 0.02
"""Share of pixels, those of the steepest edges, by which an image is judged (chosen: a line of text covers about that much of a page)."""


def sharpness(sample: Sample) -> float:
    """Steepness of the steepest edges of the least sharp image, 0 (blurred, or blank) to 1; 1 for a sample without images.

    The gradient (Sobel) of the steepest `EDGES` of pixels as a share of the grey range: what one step from the lightest to the darkest
    tone would have, were it one pixel wide, is 1. Unlike the variance of the Laplacian, it does not depend on how much is drawn.
    """
    return min((_sharpness(image) for image in sample.images), default=1.0)


def _sharpness(image: Image) -> float:
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        grey = np.asarray(picture.convert("L"), dtype=np.float32)
    dark, light = np.percentile(grey, [1, 99])
    if light - dark < 1:
        return 0.0
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)).ravel() / 4
    count = max(1, int(len(steep) * EDGES))
    steepest = np.partition(steep, len(steep) - count)[-count:]
    return float(min(1.0, steepest.mean() / (light - dark)))
