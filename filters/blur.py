"""Scores how sharp a sample's images are."""

import io

import cv2
import numpy as np
from PIL import Image as PillowImage

from schemas.sample import Image, Sample

EDGE, STEEPEST = 0.1, 0.2
"""Least gradient of an edge, as a share of the grey range, and the share of edges, the steepest, by which an image is judged (chosen)."""
FAINT = 25
"""An image of a smaller range of greys, of 255, has nothing to be sharp (chosen: JPEG of an even sheet has about ten)."""


def sharpness(sample: Sample) -> float:
    """Steepness of the steepest edges of the least sharp image, 0 (blurred, or blank) to 1; 1 for a sample without images.

    The gradient (Sobel) of the steepest edges as a share of the grey range: what one step from the lightest to the darkest tone would
    have, were it one pixel wide, is 1. Unlike the variance of the Laplacian, it does not depend on how much is drawn.
    """
    return min((_sharpness(image) for image in sample.images), default=1.0)


def _sharpness(image: Image) -> float:
    with PillowImage.open(io.BytesIO(image.data)) as picture:
        grey = np.asarray(picture.convert("L"), dtype=np.float32)
    dark, light = np.percentile(grey, [0.01, 99.99])  # a line of small print on a page is more than that
    if light - dark < FAINT:
        return 0.0
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3)).ravel() / 4
    edges = np.sort(steep[steep >= EDGE * (light - dark)])
    steepest = edges[len(edges) - max(1, int(len(edges) * STEEPEST)) :]
    return float(min(1.0, steepest.mean() / (light - dark))) if len(edges) else 0.0
