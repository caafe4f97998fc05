"""Colours are read as the browser paints them, and words that cannot be seen are found."""

import json

import numpy as np
import pytest

from schemas.errors import DataError
from schemas.sample import Attachment, Image, Stored
from synth.browser.chromium import chromium_version, no_browser
from synth.browser.page import Document, draw_page
from synth.code.web_color import rgba_of
from synth.code.web_court import Court
from synth.code.web_run import draw_whole, lines_of
from synth.render.raster import png_bytes

pytestmark = pytest.mark.skipif(bool(no_browser()), reason=no_browser())
COLORS = (
    "oklch(0.6 0.25 30)",
    "oklch(0.7 0.37 150)",
    "oklch(0.21 0.034 264.665)",
    "oklch(0.6 none 30)",
    "oklab(0.5 0.1 -0.1)",
    "lab(50 40 -30)",
    "lab(2 1 1)",
    "lch(60 90 200)",
    "color-mix(in srgb, red, blue)",
    "color-mix(in oklab, red 40%, transparent)",
    "color(srgb 1.5 -0.2 0.5)",
    "color(srgb-linear 0.2 0.4 0.9)",
    "color(display-p3 0.2 0.8 0.3)",
    "color(xyz 0.2 0.3 0.4)",
    "color(xyz-d50 0.2 0.3 0.4)",
    "hsl(120 50% 50% / 0.3)",
    "rebeccapurple",
)
"""Inside and outside of sRGB, opaque and not."""


def test_colours_are_those_that_are_painted() -> None:
    rows = "".join(f"<div style='height:10px;background-color:{color}'></div>" for color in COLORS)
    drawn = draw_page(Document(f"<!DOCTYPE html><body style='margin:0'>{rows}"), 20, 10 * len(COLORS))
    styles = [element.style["background-color"] for element in drawn.snapshot.elements if element.tag == "div"]
    for place, style in enumerate(styles):
        parts, share = rgba_of(style)
        seen = [share * part + (1 - share) * 255 for part in parts]
        assert np.abs(drawn.pixels[10 * place + 5, 10] - np.array(seen)).max() < 1, style


@pytest.mark.parametrize("color", ["color(rec2020 0.2 0.3 0.4)", "color(a98-rgb 0 0 0)", "red", "rgb(1 2 3)", "oklch(1 2)"])
def test_other_notations_are_refused_by_name(color: str) -> None:
    with pytest.raises(DataError, match="unread_color"):
        rgba_of(color)


def test_ink_and_ground_have_the_colours_of_the_page() -> None:
    html = "<body style='background:oklch(0.21 0.034 264.665)'><p style='color:color-mix(in srgb, red, white)'>Words"
    (line,) = lines_of(draw_whole(f"<!DOCTYPE html>{html}", 400, 300).snapshot)
    assert (line.color, line.ground) == ("#ff8080", "#101828")


def fault(html: str) -> str:
    """What is wrong with a sample whose page this is."""
    page = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{html}<h1>And more words</h1></body></html>'
    drawn = draw_whole(page, 400, 300)
    texts = [line.text for line in lines_of(drawn.snapshot)]
    spec = {"browser": chromium_version(), "direction": "ltr", "texts": texts, "window": [400, 300]}
    parts = (
        Attachment.of("page.html", "text/html", page.encode()),
        Attachment.of("page.json", "application/json", json.dumps(spec).encode()),
    )
    return Court(Stored((Image.of(png_bytes(drawn.pixels), "png", 400, 300),), (), parts)).fault()


@pytest.mark.parametrize(
    "html",
    [
        "<p style='color:#000;background:linear-gradient(#000,#000)'>Hidden in the dark</p>",
        "<p style='color:#000;background:linear-gradient(90deg,#000,#222)'>Hidden in the dark</p>",
        "<p style='color:#000;line-height:0.8;background:linear-gradient(#000,#000)'>Hidden in the dark</p>",
        "<p style='color:#fff'>Hidden on white</p>",
        "<p style='color:#777;background:#777'>Hidden in itself</p>",
        "<p style='margin:0'>Hidden below</p><div style='position:absolute;left:0;top:0;width:400px;height:40px;background:#000'></div>",
        "<p style='color:oklch(0 0 0);background:color(srgb 0 0 0)'>Hidden in the dark</p>",
    ],
)
def test_words_that_cannot_be_seen_are_refused(html: str) -> None:
    assert fault(html) == "text_unseen"


@pytest.mark.parametrize(
    "html",
    [
        "<p>Plain words</p>",
        "<p style='color:#fff;background:linear-gradient(#000,#000)'>White on a dark ground</p>",
        "<p style='color:#000;background:linear-gradient(90deg,#888,#fff)'>Dark on a light ground</p>",
        "<p style='color:oklch(0.98 0 0);background:oklch(0.2 0.05 250)'>White on a dark ground</p>",
        "<p style='color:#999'>Pale words</p>",
        "<input placeholder='A hint'>",
    ],
)
def test_words_that_can_be_seen_are_kept(html: str) -> None:
    assert fault(html) == ""
