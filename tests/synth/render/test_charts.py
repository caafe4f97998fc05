"""Charts measured back from their own pixels, and the promises readers rely on."""

import io
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from numpy.random import PCG64, Generator
from PIL import Image

from schemas.errors import DataError
from synth.documents.blocks import Chart
from synth.render.charts import PALETTES, ChartDrawing, ChartLook, draw_chart, draw_chart_look, format_ticks, nice_ticks
from synth.render.typeset import Style, Typesetter

NAMES = ("North", "South", "East", "West")
ONE = tuple(Decimal(text) for text in ("12.5", "30.1", "22.0", "41.7"))
TWO = tuple(Decimal(text) for text in ("20.5", "9.1", "33.0", "27.7"))


def chart(kind: str, masked: tuple[str, ...] = ()) -> Chart:
    return Chart(kind, NAMES, (("Output", ONE), ("Capacity", TWO)), "tonnes", masked)  # type: ignore[arg-type]


def look(seed: int) -> ChartLook:
    return draw_chart_look(Generator(PCG64(seed)))


def draw(drawn: Chart, seed: int, language: str = "en", numerals: str = "latn") -> ChartDrawing:
    return draw_chart(drawn, look(seed), Typesetter(language), Style(8.0), 300.0, 190.0, numerals=numerals)


def near(drawing: ChartDrawing, seed: int, series: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Which pixels have the colour of a series."""
    pixels = np.asarray(Image.open(io.BytesIO(drawing.png)), dtype=np.int16)
    colour = np.array(to_rgb(PALETTES[look(seed).palette][series])) * 255
    found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.abs(pixels - colour).max(axis=2) < 12
    return found


@pytest.mark.parametrize("kind", ["bar", "barh"])
@pytest.mark.parametrize("seed", range(4))
def test_bars_end_where_their_values_are(kind: str, seed: int) -> None:
    # Catches: an axis that does not start at its first tick, bars off their scale, swapped series.
    drawing = draw(chart(kind), seed)
    x0, y0, x1, y1 = drawing.plot_pt
    scale = 190 / 72 * 180 / 190
    low, high = float(drawing.ticks[0]), float(drawing.ticks[-1])
    assert low == 0
    for series, values in enumerate((ONE, TWO)):
        mask = near(drawing, seed, series)
        for index, value in enumerate(values):
            if kind == "bar":
                left, right = (x0 + (x1 - x0) * n / 4 for n in (index, index + 1))
                part = mask[int(y0 * scale) - 3 : int(y1 * scale), int(left * scale) : int(right * scale)]
                top = np.nonzero(part.sum(axis=1) > 4)[0].min() + int(y0 * scale) - 3
                read = low + (high - low) * (y1 - top / scale) / (y1 - y0)
            else:
                above, below = (y0 + (y1 - y0) * n / 4 for n in (index, index + 1))
                part = mask[int(above * scale) : int(below * scale), int(x0 * scale) : int(x1 * scale) + 3]
                end = np.nonzero(part.sum(axis=0) > 4)[0].max() + 1 + int(x0 * scale)
                read = low + (high - low) * (end / scale - x0) / (x1 - x0)
            assert abs(read - float(value)) < 0.015 * (high - low), (kind, series, index, read)


@pytest.mark.parametrize("seed", range(4))
def test_line_markers_are_centred_on_their_values(seed: int) -> None:
    single = Chart("line", NAMES, (("Output", ONE),), "tonnes")
    drawing = draw(single, seed)
    x0, y0, x1, y1 = drawing.plot_pt
    scale = 180 / 72
    low, high = float(drawing.ticks[0]), float(drawing.ticks[-1])
    mask = near(drawing, seed, 0)
    for index, value in enumerate(ONE):
        middle = x0 + (x1 - x0) * (index + 0.5) / 4
        column = mask[int(y0 * scale) - 8 : int(y1 * scale) + 8, round(middle * scale)]
        rows = np.nonzero(column)[0]
        read = low + (high - low) * (y1 - (rows.mean() + 0.5 + int(y0 * scale) - 8) / scale) / (y1 - y0)
        assert abs(read - float(value)) < 0.015 * (high - low)


@pytest.mark.parametrize("kind", ["bar", "barh", "line"])
def test_the_box_of_every_shown_value_is_said(kind: str) -> None:
    """Evidence points there. Catches: boxes of another series or category, boxes not turned with the bars."""
    drawing = draw(chart(kind, ("East",)), 1)
    assert sorted(drawing.marks) == [(series, name) for series in (0, 1) for name in ("North", "South", "West")]
    for (series, _), box in drawing.marks.items():
        mask = near(drawing, 1, series)
        x0, y0, x1, y1 = (round(edge * 180 / 72) for edge in box)
        if kind == "line":
            assert mask[(y0 + y1) // 2, (x0 + x1) // 2]
            continue
        assert mask[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].all()  # without an edge's pixels
        outside = np.concatenate([mask[y0 - 2, x0:x1], mask[y0:y1, x0 - 2], mask[y0:y1, x1 + 2]])
        assert outside.mean() < 0.1


@pytest.mark.parametrize("kind", ["bar", "barh", "line"])
def test_masked_categories_show_no_series_colour(kind: str) -> None:
    # Catches: a mask drawn under the bar it should hide.
    drawing = draw(chart(kind, ("East",)), 1)
    x0, y0, x1, y1 = (edge * 180 / 72 for edge in drawing.plot_pt)
    for series in (0, 1):
        mask = near(drawing, 1, series)
        if kind == "barh":
            part = mask[int(y0 + (y1 - y0) * 2 / 4) : int(y0 + (y1 - y0) * 3 / 4), int(x0) : int(x1)]
        else:
            part = mask[int(y0) : int(y1), int(x0 + (x1 - x0) * 2 / 4) : int(x0 + (x1 - x0) * 3 / 4)]
        assert part.sum() == 0


@pytest.mark.parametrize("kind", ["bar", "barh", "line"])
def test_the_legend_says_what_hatching_means_where_something_is_hatched(kind: str) -> None:
    for masked in ((), ("East",)):
        drawing = draw(replace(chart(kind, masked), hidden="not shown"), 1)
        found = [label for label in drawing.labels if label.text == "not shown"]
        assert len(found) == len(masked)
        for label in found:
            row, column = round((label.baseline_pt - 2.8) * 2.5), round((label.x_pt - 6.5) * 2.5)
            swatch = np.asarray(Image.open(io.BytesIO(drawing.png)), dtype=int)[row - 7 : row + 8, column - 7 : column + 8]
            assert np.ptp(swatch, axis=2).max() < 8  # grey, as no series is
            assert np.ptp(swatch) > 40  # hatched


def test_tick_labels_are_centred_on_their_ticks_and_swatches_stand_before_names() -> None:
    # Catches: labels set on the tick's line as a baseline; a legend in another order.
    drawing = draw(chart("bar"), 2)
    _, y0, _, y1 = drawing.plot_pt
    texts = {label.text: label for label in drawing.labels}
    low, high = drawing.ticks[0], drawing.ticks[-1]
    for tick, text in zip(drawing.ticks, format_ticks(drawing.ticks, "en", "latn"), strict=True):
        middle = texts[text].baseline_pt - 0.35 * 8.0
        assert abs(middle - (y1 - float((tick - low) / (high - low)) * (y1 - y0))) < 0.01
    for series, name in enumerate(("Output", "Capacity")):
        label = texts[name]
        row, column = round((label.baseline_pt - 2.8) * 2.5), round((label.x_pt - 6.0) * 2.5)
        assert near(drawing, 2, series)[row, column]


def test_swatches_stand_to_the_right_of_arabic_names() -> None:
    names = ("أ", "ب", "ج", "د")
    drawing = draw(Chart("bar", names, (("الإنتاج", ONE), ("الطاقة", TWO)), "طن"), 0, "ar", "arab")
    for series, name in enumerate(("الإنتاج", "الطاقة")):
        (label,) = [label for label in drawing.labels if label.text == name]
        row, column = round((label.baseline_pt - 2.8) * 2.5), round((label.x_pt + label.width_pt + 6.0) * 2.5)
        assert near(drawing, 0, series)[row, column]


def test_names_that_do_not_fit_are_refused_not_broken() -> None:
    # Catches: `Standor` / `t A`, which no reader finds again.
    names = tuple(f"Hochgeschwindigkeitsstrecke{n}" for n in range(9))
    with pytest.raises(DataError, match="chart_too_narrow"):
        draw(Chart("bar", names, (("A", (Decimal(1),) * 9),), "t"), 0)


def test_same_chart_same_bytes_and_no_metadata() -> None:
    one, two = draw(chart("line"), 3), draw(chart("line"), 3)
    assert one == two
    assert Image.open(io.BytesIO(one.png)).info == {}


@pytest.mark.parametrize("palette", PALETTES)
def test_series_colours_are_far_apart_saturated_and_off_the_backgrounds(palette: tuple[str, ...]) -> None:
    # Catches: a colour that scanning or JPEG turns into its neighbour or into the grid.
    colours = [np.array(to_rgb(name)) * 255 for name in palette]
    for one, other in combinations(colours, 2):
        assert np.linalg.norm(one - other) > 60
    for colour in colours:
        assert colour.max() - colour.min() > 40
        assert np.linalg.norm(colour - 250) > 100


@given(low=st.decimals(-100_000, 100_000, places=2), span=st.decimals("0.01", 1_000_000, places=2), most=st.integers(4, 8))
def test_ticks_cover_the_range_with_few_equal_round_steps(low: Decimal, span: Decimal, most: int) -> None:
    ticks = nice_ticks(low, low + span, at_most=most)
    assert ticks[0] <= low
    assert ticks[-1] >= low + span
    assert 2 <= len(ticks) <= most
    steps = {after - before for before, after in pairwise(ticks)}
    assert len(steps) == 1
    assert steps.pop().normalize().as_tuple().digits in ((1,), (2,), (2, 5), (5,))


def test_ticks_are_written_as_the_language_writes_numbers() -> None:
    ticks = (Decimal("0"), Decimal("1234.5"))
    assert format_ticks(ticks, "en", "latn") == ("0.0", "1,234.5")
    assert format_ticks(ticks, "de", "latn") == ("0,0", "1.234,5")
    assert format_ticks(ticks, "ar", "arab") == ("٠٫٠", "١٬٢٣٤٫٥")
    assert format_ticks((Decimal(0), Decimal(1234567)), "hi", "deva")[1] == "१२,३४,५६७"
