"""The engines and the OpenCV that pictures are drawn with: one in an environment, with the same settings whoever loads it first."""

import subprocess
import sys
from importlib.metadata import distributions

import pytest

from schemas.errors import NotInstalledError
from synth.readers.models import engine_assets

READ = """
import cv2, numpy
from importlib.metadata import version
from PIL import Image, ImageDraw
{before}
from synth.readers.engines import read_page
picture = Image.new("RGB", (500, 120), (250, 250, 250))
ImageDraw.Draw(picture).text((20, 30), "The quay is open", (10, 10, 10), font_size=40)
found = read_page(picture.rotate(2, Image.Resampling.BICUBIC, fillcolor=(250, 250, 250)))
{after}
print([(line.text, line.box_px, round(100 * line.confidence)) for line in found])
print(cv2.ipp.useIPP(), cv2.getNumThreads(), version("opencv-contrib-python"))
"""


def installed() -> bool:
    try:
        engine_assets("en")
    except NotInstalledError:
        return False
    return True


@pytest.mark.skipif(not installed(), reason="the engines are not installed: run `make readback`")
def test_what_is_imported_first_changes_no_reading() -> None:
    orders = (("import synth.render.pixels", ""), ("", "import synth.render.pixels"), ("", ""))
    told = {
        subprocess.run(
            [sys.executable, "-c", READ.format(before=before, after=after)], capture_output=True, text=True, check=True, timeout=100
        ).stdout
        for before, after in orders
    }
    assert len(told) == 1
    lines, settings = told.pop().splitlines()
    assert "The quay is open" in lines
    assert settings == "False 1 4.10.0.84"


def test_one_opencv_is_installed() -> None:
    """Catches an extra that brings a second cv2 over the first one, so that what is imported depends on the order of installation."""
    names = {name for distribution in distributions() if (name := distribution.metadata["Name"]).startswith("opencv")}
    assert len(names) == 1, f"{sorted(names)} all bring cv2: make clean, then make readback"
