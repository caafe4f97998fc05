"""Reading text in pictures with engines that had no part in drawing it: a line, a box of a picture, or a whole page.

`paddle` is PaddleOCR's PP-OCRv6 small (Latin, Chinese, Japanese), run by ONNX Runtime; `tesseract:jpn` is Tesseract with the language data
called `jpn`. Engines load on first use, once a process, and run on one thread, so that the same picture gives the same reading. Nothing
here knows samples. Boxes are (x0, y0, x1, y1) in pixels of the picture, origin top left, y down, x1 and y1 exclusive.
"""

import atexit
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, DistributionFinder
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from schemas.errors import NotInstalledError, UserError
from schemas.sample import BoxPx
from synth.readers.models import DETECTOR, RECOGNISER, data_folder, model_folder

LINE_PX = 48
"""Height of the line pictures that the engines like: PP-OCRv6's recogniser takes 48 pixels (`image_shape` in its `inference.yml`), and
Tesseract's lines were calibrated at the same height."""
MAX_LINE_ASPECT = 3200 / LINE_PX
"""Longest line PaddleOCR reads without squeezing it, in line heights (`max_imgW` of paddlex 3.7.2)."""
SURE = 0.8
"""Confidence from which Tesseract's first reading is taken as it is (chosen: below it, its second mode was the better one more often)."""
_BOX_MARGIN = 0.1
"""White space left around a box that is read again, as a share of its height (chosen)."""
_ONE_THREAD = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine read, in logical order, and how sure it is, 0 to 1."""

    text: str
    confidence: float


class PlacedReading(NamedTuple):
    """A line an engine found in a picture, and where."""

    text: str
    box_px: BoxPx
    confidence: float


def read_line(picture: Pillow.Image, reader: str) -> Reading:
    """Read a picture of one line, dark on light, about `LINE_PX` high.

    Args:
        picture: Any mode.
        reader: `paddle`, or `tesseract:` and the name of language data.

    Raises:
        UserError: If there is no such engine.
        NotInstalledError: It is not installed; says how to install it.
    """
    engine, _, data = reader.partition(":")
    if engine == "paddle" and not data:
        return _paddle_line(picture)
    if engine == "tesseract" and data:
        return _tesseract_line(picture, data)
    raise UserError(f"there is no reader {reader!r}", where="reader", todo="write paddle, or tesseract: and the name of its language data")


def read_box(picture: Pillow.Image, box_px: BoxPx, reader: str) -> Reading:
    """Read the one line that a box of a picture holds, scaled to `LINE_PX`. A box without pixels reads as nothing."""
    x0, y0, x1, y1 = box_px
    if x1 <= x0 or y1 <= y0:
        return Reading("", 0.0)
    margin = _BOX_MARGIN * (y1 - y0)
    left, top = max(0, round(x0 - margin)), max(0, round(y0 - margin))
    right, bottom = min(picture.width, round(x1 + margin)), min(picture.height, round(y1 + margin))
    if right <= left or bottom <= top:
        return Reading("", 0.0)
    line = picture.convert("RGB").crop((left, top, right, bottom))
    width = max(1, round(line.width * LINE_PX / line.height))
    return read_line(line.resize((width, LINE_PX), Pillow.Resampling.LANCZOS), reader)


def read_page(picture: Pillow.Image, *, least_found: float | None = None) -> list[PlacedReading]:
    """Find and read all lines of a picture with PaddleOCR, from top to bottom. Slanted quadrilaterals become the boxes around them.

    Args:
        picture: Any mode.
        least_found: Mean score of a box's pixels, 0 to 1, below which the detector lets it go; PaddleOCR's own value if None.
    """
    found = _paddle_page().predict(_bgr(picture), text_det_box_thresh=least_found)[0]
    rows = zip(found["rec_texts"], found["rec_polys"], found["rec_scores"], strict=True)
    return [PlacedReading(str(text), _around(corners), float(score)) for text, corners, score in rows]


def find_words(picture: Pillow.Image, reader: str) -> list[PlacedReading]:
    """The words that Tesseract finds on a page by itself, in no order that means anything: sparse text, so that none is lost for lying
    outside of a column.

    Args:
        picture: Any mode.
        reader: `tesseract:` and the name of language data.
    """
    tesserocr, engine = _tesseract(reader.partition(":")[2])
    engine.SetPageSegMode(tesserocr.PSM.SPARSE_TEXT)
    engine.SetImage(picture.convert("L"))
    engine.Recognize()
    words = []
    for found in tesserocr.iterate_level(engine.GetIterator(), tesserocr.RIL.WORD):
        if not found.Empty(tesserocr.RIL.WORD):
            x0, y0, x1, y1 = found.BoundingBox(tesserocr.RIL.WORD)
            text = str(found.GetUTF8Text(tesserocr.RIL.WORD)).strip()
            words.append(PlacedReading(text, (float(x0), float(y0), float(x1), float(y1)), found.Confidence(tesserocr.RIL.WORD) / 100))
    return words


def _around(corners: Any) -> BoxPx:
    points = np.asarray(corners, np.float64)  # (4, 2)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))


def _bgr(picture: Pillow.Image) -> NDArray[np.uint8]:
    """(height, width, 3), blue first, as OpenCV and so PaddleOCR wants it."""
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def _paddle_line(picture: Pillow.Image) -> Reading:
    # One by one: in a batch each line is padded to the widest, so that a reading would depend on its neighbours.
    found = _paddle_recogniser().predict(_bgr(picture), batch_size=1)[0]
    return Reading(str(found["rec_text"]), float(found["rec_score"]))


@cache
def _paddle_recogniser() -> Any:
    return _paddleocr().TextRecognition(
        model_name=RECOGNISER,
        model_dir=str(model_folder(RECOGNISER)),
        engine="onnxruntime",
        device="cpu",
        engine_config=_ONE_THREAD,
    )


@cache
def _paddle_page() -> Any:
    return _paddleocr().PaddleOCR(
        text_detection_model_name=DETECTOR,
        text_detection_model_dir=str(model_folder(DETECTOR)),
        text_recognition_model_name=RECOGNISER,
        text_recognition_model_dir=str(model_folder(RECOGNISER)),
        text_recognition_batch_size=1,
        use_doc_orientation_classify=False,  # these three would download models
        use_doc_unwarping=False,
        use_textline_orientation=False,
        engine="onnxruntime",
        device="cpu",
        engine_config=_ONE_THREAD,
    )


@cache
def _paddleocr() -> Any:
    # paddlex asks hosts for models when imported, and keeps a folder, in the user's home, out of which it unpickles: in this one, which
    # nobody else can write to and which ends with the process, there is nothing to unpickle.
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # paddlex loads transformers where they are, which miss torch aloud
    os.environ["PADDLE_PDX_CACHE_HOME"] = _private_folder()
    sys.meta_path.append(_OtherOpenCV())
    try:
        import cv2
        import paddleocr
    except ImportError as error:
        todo = "run make readback, or pip install --no-deps -r requirements-readback.lock"
        raise NotInstalledError(f"PaddleOCR is not installed: {error}", where="reader paddle", todo=todo) from error
    logging.getLogger("paddlex").setLevel(logging.WARNING)  # it tells of every model it loads
    cv2.setNumThreads(1)  # these two as `synth.render.pixels` sets them: a reading does not depend on what was imported before
    cv2.ipp.setUseIPP(False)
    return paddleocr


class _OtherOpenCV(DistributionFinder):
    """Finds `opencv-python-headless` where paddlex asks for `opencv-contrib-python`, without which it runs no model.

    Both bring the same cv2, and of contrib's own modules PaddleOCR calls none; installed side by side they overwrite each other. Any other
    question, and one that a real `opencv-contrib-python` answers, is left to the finders before this one.
    """

    def find_spec(self, *name: object) -> None:
        """It has no modules."""

    def find_distributions(self, context: DistributionFinder.Context | None = None) -> Iterable[Distribution]:
        """The one distribution, if it is asked for by that name."""
        return Distribution.discover(name="opencv-python-headless") if context and context.name == "opencv-contrib-python" else ()


@cache
def _private_folder() -> str:
    """Of this process alone, under a name nobody can know before; removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="assay-paddlex-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _tesseract_line(picture: Pillow.Image, data: str) -> Reading:
    """The reading as a text line; where that is empty or unsure also as a raw line (no layout analysis), whichever is surer. Some scripts,
    such as Burmese, come back empty from the first mode.
    """
    tesserocr, engine = _tesseract(data)
    grey = picture.convert("L")
    first = _recognise(engine, grey, tesserocr.PSM.SINGLE_LINE)
    if first.text and first.confidence >= SURE:
        return first
    return max((first, _recognise(engine, grey, tesserocr.PSM.RAW_LINE)), key=lambda reading: (bool(reading.text), reading.confidence))


def _recognise(engine: Any, grey: Pillow.Image, mode: int) -> Reading:
    engine.SetPageSegMode(mode)
    engine.SetImage(grey)
    text = str(engine.GetUTF8Text()).strip()
    return Reading(text, engine.MeanTextConf() / 100)


@cache
def _tesseract(data: str) -> tuple[Any, Any]:
    """The module and an engine with one language's data."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    try:
        import tesserocr
    except ImportError as error:
        todo = "run make readback, or pip install 'assay-vl[readback]'"
        raise NotInstalledError(f"Tesseract is not installed: {error}", where=f"reader tesseract:{data}", todo=todo) from error
    return tesserocr, tesserocr.PyTessBaseAPI(path=str(data_folder(data)), lang=data, oem=tesserocr.OEM.LSTM_ONLY)
